"""`Vps`: one VPS of a client as Pulumi sees it.

It declares and decides nothing: `declaration` says the inputs, the plugin does the work. Type tokens and logical names
are frozen API; a logical name is made from the VPS's permanent id, so renaming or moving a VPS renames no resource.
"""

from collections.abc import Mapping
from typing import Any

import pulumi


class Machine(pulumi.CustomResource):
    """The machine that realises a VPS."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vps:index:Machine", name, {**inputs}, opts)


class Vps(pulumi.ComponentResource):
    """A VPS: its machine, protected for as long as no end is declared for it."""

    def __init__(self, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        vps_id = inputs["vps"]
        super().__init__("vps:component:Vps", vps_id, {}, opts)
        # Protected or carrying an ends date: the rule that a client's machine is never lost by an edit.
        protect = not inputs["ends"]
        self.machine = Machine(f"{vps_id}-machine", inputs, pulumi.ResourceOptions(parent=self, protect=protect))
        self.register_outputs({})
