"""Flavours: what a managed guest may be, each a folder in `templates/flavours/` with a `flavour.yaml`.

It says what the flavour is called and whether it is still kept up, which versions it stands on and until when, which
options a client's file may set, and what holds where the file says nothing. A new flavour needs nothing here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import Field

from components.config.documents import Flaw, read
from components.config.shape import FileShape, Shape, shaped
from components.config.texts import Date, Text
from components.domain.fleet import Fleet
from components.domain.guests import Option as Value
from components.domain.problems import DomainError, Problem

FLAVOURS = Path(__file__).resolve().parents[2] / "templates" / "flavours"

STATUSES = ("supported", "legacy", "end-of-life")
"""Whether upstream still mends it: yes; only what is grave, and not for long; no."""

_TYPES: Mapping[str, type] = {"text": str, "number": int, "boolean": bool, "list": list}


class VersionShape(Shape):
    """A part that the flavour stands on, and until when its makers mend it."""

    name: Text
    version: Text
    expires: Date | None = None
    ended: Date | None = None
    """For one that nobody mends any more since that day: it makes no image expire."""


class OptionShape(Shape):
    """A setting that a client's file may give under `options`."""

    type: Annotated[Text, Field(json_schema_extra={"enum": list(_TYPES)})]
    description: Text
    default: bool | int | str | list[str]


class DefaultsShape(Shape):
    """What holds where a client's file says nothing."""

    panel_allow: Annotated[list[Text], Field(default_factory=list)]
    """From where the panel may be reached; empty: from everywhere."""


class UpdatesShape(Shape):
    """Sources of its bundles by the classes in which updates are promised and reported; the rest is in none."""

    core: Annotated[list[Text], Field(default_factory=list)]
    modules: Annotated[list[Text], Field(default_factory=list)]
    platforms: Annotated[list[Text], Field(default_factory=list)]


class FlavourShape(FileShape):
    """A flavour.yaml."""

    title: Text
    status: Annotated[Text, Field(json_schema_extra={"enum": list(STATUSES)})]
    reason: str = ""
    """Why it is legacy or at its end of life, and what to take instead."""
    panel: bool = False
    """Whether it carries a hosting system that is administered by a panel."""
    versions: list[VersionShape]
    options: Annotated[dict[str, OptionShape], Field(default_factory=dict)]
    updates: Annotated[UpdatesShape, Field(default_factory=lambda: UpdatesShape.model_validate({}))]
    defaults: Annotated[DefaultsShape, Field(default_factory=lambda: DefaultsShape.model_validate({}))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A part that a flavour stands on; nobody mends it after `expires` (None: no day is known), or since `ended`."""

    name: str
    version: str
    expires: date | None
    ended: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A setting that a client's file may give; `kind` is text, number, boolean or list."""

    name: str
    kind: str
    default: Value
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """What a managed guest may be. `bundles` are the manifests in its folder, by file name."""

    name: str
    folder: Path
    title: str
    status: str
    reason: str
    panel: bool
    versions: tuple[Version, ...]
    options: Mapping[str, Option]
    panel_allow: tuple[str, ...]
    bundles: tuple[str, ...]


def known(flavours: Path = FLAVOURS) -> list[str]:
    """Names of all flavours."""
    return sorted(path.parent.name for path in flavours.glob("*/flavour.yaml"))


def load(name: str, flavours: Path = FLAVOURS) -> Flavour:
    """The flavour `name`. Raises DomainError with every problem of its file, each with its line."""
    file = flavours / name / "flavour.yaml"
    if name not in known(flavours):
        raise DomainError(
            f"Unable to use the flavour {name}: there is no {file}.",
            f"Choose one of {', '.join(known(flavours)) or '(none)'}, or write it.",
        )
    document = read(file)
    whole, found = shaped(document, FlavourShape)
    if whole is not None:
        found += _judged(whole)
    if whole is None or found:
        placed = sorted(found, key=lambda flaw: flaw.line or document.line(flaw.path))
        listed = (
            Problem(
                code="flavour-file",
                path=flaw.path,
                message=flaw.message,
                remedy=flaw.remedy,
                file=str(file),
                line=flaw.line or document.line(flaw.path),
            )
            for flaw in placed
        )
        raise DomainError(f"Unable to use the flavour {name}:" + "".join(f"\n  {problem}" for problem in listed))
    return Flavour(
        name=name,
        folder=file.parent,
        title=whole.title,
        status=whole.status,
        reason=whole.reason,
        panel=whole.panel,
        versions=tuple(
            Version(name=one.name, version=one.version, expires=one.expires, ended=one.ended) for one in whole.versions
        ),
        options={
            key: Option(name=key, kind=one.type, default=_plain(one.default), description=one.description)
            for key, one in whole.options.items()
        },
        panel_allow=tuple(whole.defaults.panel_allow),
        bundles=tuple(sorted(path.name for path in file.parent.glob("bundle*.yaml"))),
    )


def expires(flavour: Flavour) -> date | None:
    """The day after which a part of it is mended by nobody: the earliest of its versions'. None: no day is known."""
    return min((version.expires for version in flavour.versions if version.expires), default=None)


def mark(flavour: Flavour) -> str:
    """What a list says of a flavour that should not be chosen lightly; nothing of a supported one."""
    return "" if flavour.status == "supported" else f"{flavour.status}: {flavour.reason}"


def refused(flavour: Flavour, options: Mapping[str, Value]) -> list[str]:
    """What is wrong with a client's options for this flavour: one sentence each, with what to write instead."""
    wrong: list[str] = []
    for name, value in options.items():
        option = flavour.options.get(name)
        if option is None:
            takes = ", ".join(sorted(flavour.options)) or "none"
            wrong.append(f"The flavour {flavour.name} has no option `{name}`. It takes: {takes}.")
        elif not _fits(option.kind, value):
            wrong.append(f"The option `{name}` of the flavour {flavour.name} is a {option.kind}: {option.description}.")
    return wrong


def problems(fleet: Fleet, flavours: Path = FLAVOURS) -> Iterator[Problem]:
    """Options of VPSs that the flavour of their image doesn't take. Images without a known flavour take any.

    They stop nothing: a guest heeds its options at its first boot, and that may be long past.
    """
    names = known(flavours)
    loaded: dict[str, Flavour] = {}
    for stem, client in fleet.clients.items():
        for label, vps in client.vps.items():
            image = fleet.images.get(vps.image) if vps.options else None
            if image is None or image.flavour not in names:
                continue
            flavour = loaded.setdefault(image.flavour, load(image.flavour, flavours))
            for said in refused(flavour, vps.options):
                path = ("clients", stem, "vps", label, "options")
                yield Problem(code="option-unknown", path=path, message=said, remedy="Mend or remove it.", blocks=False)


def retired(fleet: Fleet, flavours: Path = FLAVOURS) -> Mapping[str, str]:
    """Locked images whose flavour nobody mends any more, by name, each with why: nothing new is made from them.

    But those for which the catalogue says `new_installs_until`: there somebody decided until when it is taken.
    """
    names = {image.flavour for image in fleet.images.values()} & set(known(flavours))
    ended = {name: one for name in names if (one := load(name, flavours)).status == STATUSES[-1]}
    decided = {name for name, offer in fleet.offers.items() if offer.new_installs_until is not None}
    return {
        name: f"{ended[image.flavour].title} is at its end of life: {ended[image.flavour].reason.strip().rstrip('.')}. "
        f"Whoever still sells it gives {name} a `new_installs_until` in catalogue.yaml."
        for name, image in fleet.images.items()
        if image.flavour in ended and name not in decided
    }


def _plain(value: bool | int | str | list[str]) -> Value:
    return tuple(value) if isinstance(value, list) else value


def _fits(kind: str, value: Value | list[str]) -> bool:
    if kind == "list":
        return isinstance(value, list | tuple)
    return isinstance(value, _TYPES[kind]) and (kind == "boolean") == isinstance(value, bool)


def _judged(whole: FlavourShape) -> list[Flaw]:
    """What types alone don't tell."""
    found: list[Flaw] = []
    if whole.status not in STATUSES:
        remedy = f"Write one of {', '.join(STATUSES)}."
        found.append(Flaw(("status",), 0, f'"{whole.status}" is no status.', remedy))
    elif whole.status != "supported" and not whole.reason.strip():
        found.append(Flaw(("status",), 0, f"Nothing says why it is {whole.status}.", "Add `reason: …`."))
    for name, option in whole.options.items():
        if option.type not in _TYPES:
            remedy = f"Write one of {', '.join(_TYPES)}."
            found.append(Flaw(("options", name, "type"), 0, f'"{option.type}" is no type.', remedy))
        elif not _fits(option.type, option.default):
            message = f"The default is no {option.type}."
            found.append(Flaw(("options", name, "default"), 0, message, "Make type and default agree."))
    for number, text in enumerate(whole.defaults.panel_allow):
        try:
            ip_network(text)
        except ValueError:
            at = ("defaults", "panel_allow", number)
            found.append(Flaw(at, 0, f'"{text}" is no range of addresses.', "Write it like 198.51.100.0/24."))
    return found
