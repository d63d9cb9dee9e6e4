"""The Pulumi program: one stack per client, one per host."""

import pulumi

from components.config.loader import find_fleet, load
from components.program import declare

declare(load(find_fleet(None)), pulumi.get_stack())
