"""Every rule of the pack."""

from policies import (
    access,
    addresses,
    backups,
    capacity,
    contracts,
    hardware,
    images,
    levels,
    limits,
    lines,
    neighbours,
    places,
    protection,
    quotas,
    roots,
    strangers,
)

RULES = (
    *lines.RULES,
    *limits.RULES,
    *quotas.RULES,
    *capacity.RULES,
    *places.RULES,
    *hardware.RULES,
    *addresses.RULES,
    *neighbours.RULES,
    *protection.RULES,
    *backups.RULES,
    *access.RULES,
    *roots.RULES,
    *images.RULES,
    *contracts.RULES,
    *levels.RULES,
    *strangers.RULES,
)

OF_OURS = tuple(rule for rule in RULES if not rule.foreign)
"""Those about resources of our own plugin."""
NAMES = frozenset(rule.name for rule in RULES)
