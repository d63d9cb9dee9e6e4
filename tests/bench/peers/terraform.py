"""The same machines as ours, declared for Terraform and its libvirt provider on the same lab host."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.cloudinit import Rendered
from tests.bench.peers.build import PROVIDER, TERRAFORM
from tests.bench.processes import Command

PREFIX = "peer-"
HANGS_S = 120
"""After that many seconds a command of theirs is taken to hang, as the provider does now and then."""
_SETTINGS = """disable_checkpoint = true
provider_installation {
  dev_overrides {
    "dmacvicar/libvirt" = "%s"
  }
  direct {}
}
"""


class Machines:
    """A folder of Terraform's: its configuration, and its state beside it."""

    def __init__(self, folder: Path, programs: Path, uri: str, accelerated: bool) -> None:
        self._folder = folder
        self._terraform = programs / TERRAFORM
        self._uri = uri
        self._kind = "kvm" if accelerated else "qemu"
        folder.mkdir()
        settings = folder / "settings.tfrc"
        settings.write_text(_SETTINGS % programs, encoding="utf-8")
        clean = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
        self._environment = {**clean, "TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1"}
        assert (programs / PROVIDER).is_file()

    def declare(self, machines: Sequence[Mapping[str, Any]], image: str) -> None:
        """Write the configuration: `machines` as `machine` makes them, all on one base image."""
        document = {
            "terraform": {"required_providers": {"libvirt": {"source": "dmacvicar/libvirt"}}},
            "provider": {"libvirt": {"uri": self._uri}},
            "resource": {
                "libvirt_volume": {
                    machine["name"]: {
                        "name": f"{machine['name']}.qcow2",
                        "pool": "vps",
                        "base_volume_name": image,
                        "format": "qcow2",
                        "size": machine["disk_gib"] * 1024**3,
                    }
                    for machine in machines
                },
                "libvirt_cloudinit_disk": {
                    machine["name"]: {"name": f"{machine['name']}.iso", "pool": "vps", **machine["seed"]}
                    for machine in machines
                },
                "libvirt_domain": {machine["name"]: self._domain(machine) for machine in machines},
            },
        }
        (self._folder / "main.tf.json").write_text(json.dumps(document, indent=1), encoding="utf-8")

    def apply(self) -> Command:
        """`terraform apply` of what is declared."""
        return self._command("apply", "-auto-approve", "-parallelism=1")

    def plan(self) -> Command:
        """`terraform plan`, which must find nothing."""
        return self._command("plan", "-detailed-exitcode", "-parallelism=1")

    def refresh(self) -> Command:
        """`terraform plan -refresh-only`: what the host has, beside the state."""
        return self._command("plan", "-refresh-only", "-parallelism=1")

    def destroy(self) -> Command:
        """`terraform destroy` of everything."""
        return self._command("destroy", "-auto-approve", "-parallelism=1")

    def forget(self) -> None:
        """A new folder: its state gone."""
        for path in self._folder.glob("*.tfstate*"):
            path.unlink()
        shutil.rmtree(self._folder / ".terraform", ignore_errors=True)

    def _domain(self, machine: Mapping[str, Any]) -> dict[str, Any]:
        name = machine["name"]
        # The provider attaches a `cloudinit` to the IDE bus, for which the tiny guest has no driver; the id of the
        # same volume is the part before the semicolon.
        seed = f'${{split(";", libvirt_cloudinit_disk.{name}.id)[0]}}'
        return {
            "name": name,
            "type": self._kind,
            "vcpu": machine["vcpus"],
            "memory": machine["memory_mib"],
            "disk": [{"volume_id": f"${{libvirt_volume.{name}.id}}"}, {"volume_id": seed}],
            "network_interface": [{"network_name": "public1", "mac": machine["mac"], "wait_for_lease": False}],
        }

    def _command(self, *arguments: str) -> Command:
        command = [self._terraform, *arguments, "-input=false", "-no-color"]
        return Command(command, cwd=self._folder, env=self._environment, deadline_s=HANGS_S)


def machine(name: str, mac: str, limits: Mapping[str, int], seed: Rendered) -> dict[str, Any]:
    """One machine; `limits` by `vcpus`, `memory_mib`, `disk_gib`."""
    texts = {"user_data": seed.user_data, "meta_data": seed.meta_data, "network_config": seed.network_config}
    return {"name": f"{PREFIX}{name}", "mac": mac, "seed": texts, **limits}
