"""`Host`: what a host must hold before machines can stand on it. All of it is protected."""

from collections.abc import Mapping
from typing import Any

import pulumi


class StoragePool(pulumi.CustomResource):
    """Where the host keeps disks, seeds and images."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vps:index:StoragePool", name, {**inputs}, opts)


class Network(pulumi.CustomResource):
    """A network that the host carries."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vps:index:Network", name, {**inputs}, opts)


class Image(pulumi.CustomResource):
    """A golden image on the host."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vps:index:Image", name, {**inputs}, opts)


class Host(pulumi.ComponentResource):
    """A host with its pool, its networks and its images."""

    def __init__(
        self,
        name: str,
        *,
        pool: Mapping[str, Any],
        networks: Mapping[str, Mapping[str, Any]],
        images: Mapping[str, Mapping[str, Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("vps:component:Host", name, {}, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        self.pool = StoragePool(f"{name}-pool", pool, kept)
        self.networks = {key: Network(f"{name}-network-{key}", inputs, kept) for key, inputs in networks.items()}
        on_pool = pulumi.ResourceOptions(parent=self, protect=True, depends_on=[self.pool])
        self.images = {key: Image(f"{name}-image-{key}", inputs, on_pool) for key, inputs in images.items()}
        self.register_outputs({})
