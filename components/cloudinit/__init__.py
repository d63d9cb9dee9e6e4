"""Templates and values become the NoCloud seed of one machine: user-data, meta-data, network-config, ISO.

Nothing here is logged, and nothing here is secret: values stand in Pulumi state, so secrets are made on the guest.
"""

from components.cloudinit.contract import ValuesError
from components.cloudinit.seed import seed_digest, seed_iso
from components.cloudinit.template import Rendered, check_values, render, template_digest

__all__ = ["Rendered", "ValuesError", "check_values", "render", "seed_digest", "seed_iso", "template_digest"]
