"""Where Debian packages come from: the building machine's own apt sources, or the mirrors that the operator names.

No mirror stands in this repository. What a machine's files say of its own suite is turned to the suite of the image.
"""

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.images.errors import ImageError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
"""Debian's archive keys, from the package debian-archive-keyring; at the same path on this machine and in a guest."""

_COMPONENT = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrors:
    """What the operator's fleet.yaml may name under `apt`: URLs of Debian's archive and of its security archive."""

    archive: str
    security: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One line of apt's: packages of `suites` (never empty) at `uri`."""

    uri: str
    suites: tuple[str, ...]


def _one_line(text: str) -> Iterator[Source]:
    for raw in text.splitlines():
        line = re.sub(r"\[[^\]]*\]", "", raw.partition("#")[0])
        words = line.split()
        if len(words) >= 4 and words[0] == "deb" and _COMPONENT in words[3:]:
            yield Source(uri=words[1], suites=(words[2],))


def _deb822(text: str) -> Iterator[Source]:
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        is_wanted = (
            "deb" in fields.get("types", "").split()
            and fields.get("enabled", "yes").lower() != "no"
            and _COMPONENT in fields.get("components", "").split()
        )
        if is_wanted:
            for uri in fields.get("uris", "").split():
                yield Source(uri=uri, suites=tuple(fields.get("suites", "").split()))


def declared(etc_apt: Path) -> list[Source]:
    """Every enabled source of binary packages that the files in `etc_apt` name, in apt's order."""
    found: list[Source] = []
    single = etc_apt / "sources.list"
    lists = [single] if single.is_file() else []
    lists += sorted((etc_apt / "sources.list.d").glob("*.list"))
    for file in lists:
        found += _one_line(file.read_text(encoding="utf-8", errors="replace"))
    for file in sorted((etc_apt / "sources.list.d").glob("*.sources")):
        found += _deb822(file.read_text(encoding="utf-8", errors="replace"))
    return found


def _machine_codename() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    return release.get("VERSION_CODENAME", "") if release.get("ID") == "debian" else ""


def for_suite(
    suite: str,
    mirrors: Mirrors | None = None,
    *,
    etc_apt: Path = Path("/etc/apt"),
    codename: str | None = None,
) -> list[Source]:
    """The sources of Debian's `suite` with its updates and security updates.

    `codename` is the machine's own suite (default: what /etc/os-release says). Raises ImageError when neither the
    machine nor the operator names a Debian mirror.
    """
    wanted = (suite, f"{suite}-updates")
    if mirrors is not None:
        return [
            Source(uri=mirrors.archive, suites=wanted),
            Source(uri=mirrors.security, suites=(f"{suite}-security",)),
        ]
    own = _machine_codename() if codename is None else codename
    found: list[Source] = []
    for source in declared(etc_apt) if own else []:
        if not re.match(r"(https?|file|copy)\b", source.uri):
            continue
        suites = [suite + name.removeprefix(own) for name in source.suites if _is_release_of(name, own)]
        turned = Source(uri=source.uri, suites=tuple(dict.fromkeys(suites)))
        if suites and turned not in found:
            found.append(turned)
    if not any(suite in source.suites for source in found):
        raise ImageError(
            f"Unable to find packages of Debian {suite}: the apt sources of this machine"
            f" ({etc_apt}/sources.list, {etc_apt}/sources.list.d) name no Debian mirror of its own release.",
            "Name one in fleet.yaml: `apt: {archive: <URL of the archive>, security: <URL of the security archive>}`.",
        )
    return found


def _is_release_of(name: str, own: str) -> bool:
    return name in {own, f"{own}-updates", f"{own}-security"}


def as_deb822(sources: list[Source]) -> str:
    """The text of a `.sources` file of apt's."""
    return "\n".join(
        f"Types: deb\nURIs: {source.uri}\nSuites: {' '.join(source.suites)}\n"
        f"Components: {_COMPONENT}\nSigned-By: {KEYRING}\n"
        for source in sources
    )
