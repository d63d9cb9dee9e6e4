"""Rules for what is sold: packages complete and above zero (contract VPS-4), and the images as locked."""

import re
from collections.abc import Iterator
from dataclasses import asdict

from components.domain.calendar import is_zone
from components.domain.fleet import Fleet
from components.domain.limits import UNLIMITED
from components.domain.names import is_label
from components.domain.packages import Package
from components.domain.problems import Problem
from components.domain.rules.references import Steps
from components.domain.terms import LENGTHS

_VERSION = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])(?:-[a-z0-9]+)?", re.ASCII)
_CAPS = ("cpu_cap_percent", "disk_iops", "disk_rate_mib_s", "nic_rate_mbit_s")
_KEYS = {
    "cpu_cap_percent": "cpu_cap",
    "memory_mib": "memory",
    "disk_gib": "disk",
    "disk_rate_mib_s": "disk_rate",
    "nic_rate_mbit_s": "nic_rate",
}


def problems(fleet: Fleet) -> Iterator[Problem]:
    """What is wrong with catalogue.yaml and images.lock.yaml."""
    for key, package in fleet.packages.items():
        yield from version_key(("packages", key), key, "package", "small@2026-01")
        yield from _package(("packages", key), package)
    for key, contract in fleet.contracts.items():
        yield from version_key(("contracts", key), key, "contract version", "standard@2026-01")
        if not is_zone(contract.time_zone):
            yield Problem(
                code="unknown-time-zone",
                path=("contracts", key, "timezone"),
                message=f'"{contract.time_zone}" is no time zone, so months and terms have no beginning.',
                remedy="Write UTC or a name of the IANA database, like Europe/Brussels.",
            )
    for index, discount in enumerate(fleet.discounts):
        if any(one.months == discount.months for one in fleet.discounts[:index]):
            yield Problem(
                code="bad-discount",
                path=("term_discounts", index),
                message=f"There are two discounts for {discount.months} months.",
                remedy="Keep one of the two.",
            )
        if discount.months not in LENGTHS or discount.percent > 100:
            yield Problem(
                code="bad-discount",
                path=("term_discounts", index),
                message=f"{discount.percent} % for {discount.months} months is no discount that can be given.",
                remedy=f"Terms last {', '.join(map(str, LENGTHS))} months; a discount is at most 100 %.",
            )
    for name in fleet.offers:
        if not is_label(name):
            remedy = "Use lower-case letters, digits and hyphens."
            yield Problem(
                code="bad-name", path=("offers", name), message=f'"{name}" is no name for an image.', remedy=remedy
            )
    for name, image in fleet.images.items():
        if not re.fullmatch(r"[0-9a-f]{64}", image.sha256):
            yield Problem(
                code="image-lock",
                path=("images", name, "sha256"),
                message="It is no SHA-256 digest (64 lower-case hexadecimal digits).",
                remedy=f"Let `vps image build {name}` write it; this file is not edited by hand.",
            )
        if image.expires <= image.built:
            yield Problem(
                code="image-lock",
                path=("images", name, "expires"),
                message=f"It expires on {image.expires}, not after it was built.",
                remedy=f"Let `vps image build {name}` write it; this file is not edited by hand.",
            )


def version_key(path: Steps, key: str, what: str, example: str) -> Iterator[Problem]:
    """A problem when `key` names no version of what is sold."""
    name, _, version = key.partition("@")
    if not is_label(name) or not _VERSION.fullmatch(version):
        yield Problem(
            code="bad-version-key",
            path=path,
            message=f'"{key}" names no version of a {what}.',
            remedy=f"Write a name, @ and year and month, like {example}.",
        )


def _package(path: tuple[str, ...], package: Package) -> Iterator[Problem]:
    limits = package.limits
    for field, value in asdict(limits).items():
        if value == UNLIMITED and field in _CAPS:
            if not package.adopted:
                yield Problem(
                    code="limit-missing",
                    path=(*path, "limits", _KEYS.get(field, field)),
                    message="Only what adopted machines have may be unlimited: a sold limit is hard (contract VPS-4).",
                    remedy="Write a limit, or add `adopted: true` when the package describes adopted machines.",
                )
        elif value < 1:
            yield Problem(
                code="limit-missing",
                path=(*path, "limits", _KEYS.get(field, field)),
                message="A limit of nothing can't be sold (contract VPS-4).",
                remedy="Write more than zero.",
            )
    if package.traffic_gb < 1:
        message = "Traffic of nothing can't be sold (contract VPS-4)."
        yield Problem(code="limit-missing", path=(*path, "traffic"), message=message, remedy="Write more than zero.")
    if limits.cpu_cap_percent > 100 * limits.vcpus:
        yield Problem(
            code="cap-beyond-vcpus",
            path=(*path, "limits", "cpu_cap"),
            message=f"{limits.cpu_cap_percent} % is more than {limits.vcpus} vcpus can use.",
            remedy=f"Write at most {100 * limits.vcpus} %, or sell more vcpus.",
        )
    growth = package.grows_to
    for key, end, start in (
        ("vcpus", growth.vcpus, limits.vcpus),
        ("memory", growth.memory_mib, limits.memory_mib),
        ("disk", growth.disk_gib, limits.disk_gib),
    ):
        if end < start:
            yield Problem(
                code="growth-below-limits",
                path=(*path, "grows_to", key),
                message="It is less than the package has to begin with.",
                remedy="Write the same or more than under limits.",
            )
    if package.backup is not None and (package.backup.every_hours < 1 or package.backup.keep_days < 1):
        message = "A backup promise of nothing can't be kept."
        yield Problem(
            code="backup-promise",
            path=(*path, "backup"),
            message=message,
            remedy="Write more than zero, or leave backup out.",
        )
