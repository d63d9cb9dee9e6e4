"""The text of a new client's file, and of one more VPS in it: as a person would write them, with what helps the next.

What is written is read again by the strict loader before it stands anywhere, so nothing is checked here.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from components.config.documents import Document, parse
from components.config.edit import indentation
from components.domain.names import is_label
from components.domain.problems import DomainError
from components.domain.terms import Term

COLUMN = 36
"""Where comments begin."""
_PLAIN = re.compile(r"[^\W\d_](?:[\w .@/+=-]*[\w=])?")
_NAME = re.compile(r"\s*([^<>]+?)\s*<\s*([^<>\s]+)\s*>\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A contact to be; the first of a client gets every role."""

    name: str
    email: str
    ssh_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVps:
    """All that the lines of a new VPS say."""

    label: str
    id: str
    package: str
    extras: Mapping[str, int] = field(default_factory=dict)
    term: Term
    host: str
    network: str
    ipv4: Sequence[str]
    ipv6: Sequence[str]
    fqdn: str
    image: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """All that a new client's file says beside its VPS.

    `accepted` is the ticket by which VIP was accepted, where `support` says vip: it begins with the VPS's term.
    """

    key: str
    id: str
    name: str
    language: str
    people: Sequence[Person]
    contract: str
    signed: date
    support: str
    accepted: str = ""


def person(text: str, ssh_key: str = "") -> Person | None:
    """`Ada Ruiz <ada@coop.example>`; None for what is written otherwise."""
    found = _NAME.fullmatch(text)
    return Person(name=found[1], email=found[2], ssh_key=ssh_key) if found else None


def client_text(client: NewClient, vps: NewVps) -> str:
    """The whole file."""
    names: list[str] = []
    people = []
    for number, one in enumerate(client.people):
        names.append(user_name(one.name, names))
        people += _person(names[-1], one, is_first=number == 0)
    vip = ""
    if client.accepted:
        vip = f', vip: {{since: "{vps.term.start}", accepted: {scalar(client.accepted)}}}'
    lines = [
        "# yaml-language-server: $schema=../schema/client.json",
        f"# What is declared here becomes true with `vps up client.{client.key}`, and stays true with every later one.",
        _line(f"id: {client.id}", "permanent, chosen once; names may change"),
        f"name: {scalar(client.name)}",
        f"language: {scalar(client.language)}",
        "contacts:",
        *people,
        f'contract: {{version: {scalar(client.contract)}, signed: "{client.signed}", support: {client.support}{vip}}}',
        "vps:",
    ]
    return "".join(f"{line}\n" for line in lines) + vps_text(vps, names[0] if names else "ada")


def vps_text(vps: NewVps, who: str = "ada") -> str:
    """The lines of one VPS, as they stand below `vps:`; `who` is a contact for the example of a grant."""
    extras = ", ".join(f"{scalar(key)}: {count}" for key, count in vps.extras.items())
    renew = str(vps.term.renew).lower()
    lines = [
        f"{scalar(vps.label)}:",
        _line(f"  id: {vps.id}", "UUID, MAC, ledger and backups hang on this, never on a name", 2),
        _line(f"  package: {scalar(vps.package)}", "`vps package` changes it and keeps what was before", 2),
        f"  extras: {{{extras}}}" if extras else "",
        f'  term: {{months: {vps.term.months}, start: "{vps.term.start}", renew: {renew}}}',
        _line("  power: managed", "managed | stopped | suspended", 2),
        _line(f"  host: {scalar(vps.host)}", "an edit moves no machine, `vps move` does", 2),
        f"  network: {scalar(vps.network)}",
        f"  ipv4: {addresses(vps.ipv4)}" if vps.ipv4 else "",
        f"  ipv6: {addresses(vps.ipv6)}" if vps.ipv6 else "",
        f"  fqdn: {scalar(vps.fqdn)}",
        f"  image: {scalar(vps.image)}",
        f'  # access: [{{who: {who}, root: true, since: "{vps.term.start}", request: T-1041}}]   # upon request only',
        _line(
            f'  # ends: "{vps.term.start}"',
            "`vps end` writes it; the only way to end a VPS: never by deleting lines",
            2,
        ),
    ]
    return "".join(f"  {line}\n" for line in lines if line)


def with_vps(text: str, block: str) -> str:
    """A client's file with the lines of one more VPS below those that it has, indented as they are, and nothing else.

    Raises DomainError where its VPSs don't stand one below the other.
    """
    document, lines = parse(text.encode()), text.splitlines(keepends=True)
    data = document.data if isinstance(document.data, dict) else {}
    starts = sorted(document.line((str(key),)) for key in data)
    begin = document.line(("vps",)) if "vps" in data else 0
    if not begin or not re.fullmatch(r"vps:\s*(#.*)?\n", lines[begin - 1]):
        raise DomainError(
            "Its VPSs don't stand one below the other.", "Write `vps:` on a line of its own, as elsewhere."
        )
    end = next((line - 1 for line in starts if line > begin), len(lines))
    # Comments at the left edge are about what comes next.
    while end > begin and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += _line_end(lines)
    outer, inner = _depths(document, lines)
    fresh = []
    for line in block.splitlines():
        depth = indentation(line)
        fresh.append(f"{' ' * {2: outer, 4: inner}.get(depth, depth)}{line[depth:]}")
    return "".join([*lines[:end], *(f"{line}{_line_end(lines)}" for line in fresh), *lines[end:]])


def _depths(document: Document, lines: Sequence[str]) -> tuple[int, int]:
    """How far the names of VPSs, and what they have, are indented in a file."""
    data = document.data if isinstance(document.data, dict) else {}
    found = data.get("vps")
    for name, vps in found.items() if isinstance(found, dict) else ():
        at = document.line(("vps", str(name)))
        outer = indentation(lines[at - 1])
        below = [document.line(("vps", str(name), str(key))) for key in vps] if isinstance(vps, dict) else []
        inner = [indentation(lines[one - 1]) for one in below if one > at]
        return outer, inner[0] if inner else 2 * outer
    return 2, 4


def _line_end(lines: Sequence[str]) -> str:
    return "\r\n" if lines[0].endswith("\r\n") else "\n"


def addresses(found: Sequence[str]) -> str:
    """A list of addresses as files have it."""
    return f"[{', '.join(json.dumps(one) if ':' in one else one for one in found)}]"


def scalar(text: str) -> str:
    """One line of text as YAML: plain where every reader takes it for text, else in double quotes."""
    if _PLAIN.fullmatch(text):
        read = parse(f"key: {text}\n".encode())
        if not read.flaws and read.data == {"key": text}:
            return text
    return json.dumps(text, ensure_ascii=False)


def user_name(name: str, taken: Collection[str]) -> str:
    """What a person is called on a VPS, from the first word of the name, or the last that makes a user name."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = [re.sub(r"[^a-z0-9]", "", word)[:24] for word in ascii_only.split()]
    usable = [word for word in words if is_label(word) and scalar(word) == word]
    plain = usable[0] if usable else "contact"
    if plain in taken and len(usable) > 1:
        plain = f"{plain}-{usable[-1]}"[:29]
    number, made = 2, plain
    while made in taken:
        made, number = f"{plain}-{number}", number + 1
    return made


def _person(key: str, found: Person, *, is_first: bool) -> list[str]:
    lines = [f"  {key}:", f"    name: {scalar(found.name)}", f"    email: {scalar(found.email)}"]
    lines.append(f"    roles: [{'owner, technical, billing' if is_first else 'technical'}]")
    if found.ssh_key:
        return [*lines, f"    ssh_key: {scalar(found.ssh_key)}"]
    return [*lines, _line("    # ssh_key: ssh-ed25519 AAAA…", "needed to be given access to a VPS")]


def _line(text: str, comment: str, indent: int = 0) -> str:
    return f"{text:<{COLUMN - indent}}# {comment}" if len(text) < COLUMN - indent else f"{text}  # {comment}"
