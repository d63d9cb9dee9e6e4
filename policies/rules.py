"""Every rule of the pack."""

from policies import access, hardware, limits, neighbours, protection

RULES = (*limits.RULES, *protection.RULES, *hardware.RULES, *access.RULES, *neighbours.RULES)
