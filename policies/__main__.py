"""Builds the pack; it serves the engine until the engine ends it."""

from pulumi_policy import EnforcementLevel, PolicyPack

from policies.pack import POLICIES

PolicyPack(
    name="aegir-vps",
    description="What is sold, kept and let in: machines, hosts and accounts held against the declared files",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[*POLICIES],
)
