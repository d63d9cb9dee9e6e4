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

NAMES = frozenset(rule.name for rule in RULES)
