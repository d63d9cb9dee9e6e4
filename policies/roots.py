"""Whoever gets into a machine stands in its list, with a request (contract VPS-6): root is given to nobody else."""

from collections.abc import Iterator, Mapping

from policies import declared, known, lines
from policies.lines import Line
from policies.machine import Machine, Resource, text
from policies.rule import Rule


def listed(found: Resource) -> Iterator[str]:
    """The accounts that the guest is given are those of `access` in its line, root and keys the same."""
    if not found.is_machine or (Machine(found).is_adopted and "seed" not in found.properties):
        return
    users = Machine(found).users
    if users is None:
        return  # `keys-only` says that there is no list.
    line = lines.of(found)
    given = [(user.get("name"), user.get("root"), user.get("keys")) for user in users]
    if given == _expected(line):
        return
    listed, problems = _listed(line)
    for problem in (*problems, *(problem for user in users for problem in _user(user, listed, line))):
        yield f"{found.title}: {problem}"
    names = {text(user.get("name")) for user in users}
    if missing := sorted({who for who, _ in listed} - names):
        who = ", ".join(missing)
        yield f"{found.title}: {who} has access by the file, but the guest doesn't get the account. Declare it anew."
    over = sorted(_over(line) & names)
    if over and not known.before(found.properties.get("uuid")):
        yield (
            f"{found.title}: access of {', '.join(over)} is over by `until`, and this new guest would let them in. "
            "Take the grant out of the new VPS's `access`."
        )


def _grants(line: Line) -> list[Mapping[str, object]]:
    return [declared.lines(grant) for grant in declared.listed(line.vps.get("access"))]


@declared.kept
def _expected(line: Line) -> list[tuple[str, bool, list[str]]] | None:
    """The accounts of a line with which nothing is wrong, as a guest is given them; None where something is."""
    if _listed(line)[1] or _over(line):
        return None
    contacts = declared.lines(line.file.get("contacts"))
    people = [(text(grant.get("who")), text(grant.get("root")) == "true") for grant in _grants(line)]
    return [(who, root, [text(declared.lines(contacts.get(who)).get("ssh_key"))]) for who, root in people]


@declared.kept
def _listed(line: Line) -> tuple[frozenset[tuple[str, bool]], tuple[str, ...]]:
    """Who is granted access, and whether as root; with what is wrong about that."""
    grants = _grants(line)
    listed = frozenset((text(grant.get("who")), text(grant.get("root")) == "true") for grant in grants)
    return listed, tuple(problem for grant in grants for problem in _granted(grant))


@declared.kept
def _over(line: Line) -> frozenset[str]:
    """Whose every grant is over."""
    day = known.today().isoformat()
    every = {text(grant.get("who")) for grant in _grants(line)}
    lasting = {text(grant.get("who")) for grant in _grants(line) if not "" < text(grant.get("until")) <= day}
    return frozenset(every - lasting)


def _granted(grant: Mapping[str, object]) -> Iterator[str]:
    who = text(grant.get("who")) or "somebody"
    for key, words in (("since", "since when"), ("request", "by which recorded request")):
        if not text(grant.get(key)).strip():
            yield f"the file doesn't say {words} {who} has access (VPS-6). Write `{key}`."


def _user(user: Mapping[str, object], listed: frozenset[tuple[str, bool]], line: Line) -> Iterator[str]:
    who, root = text(user.get("name")), bool(user.get("root"))
    if (who, root) not in listed:
        if (who, not root) not in listed:
            yield f"{who or 'somebody'} would get in, but `access` of its line lists no such person (VPS-6)."
        elif root:
            yield f"{who} would get root, but the list gives none (VPS-6). Grant it there upon a recorded request."
        else:
            yield f"{who} would lack the root that the list gives (VPS-6). Declare it from the file."
        return
    own = text(declared.lines(declared.lines(line.file.get("contacts")).get(who)).get("ssh_key"))
    if any(key != own and text(key).split()[:2] != own.split()[:2] for key in _items(user.get("keys"))):
        yield f"{who} would get in with a key that contacts.{who} doesn't have (VPS-6). Declare it from the file."


def _items(keys: object) -> Iterator[object]:
    if not isinstance(keys, str) and hasattr(keys, "__iter__"):
        yield from keys


RULES = (Rule("access-is-listed", "Accounts and root of a guest are those that its line grants upon request", listed),)
"""The rule about grants."""
