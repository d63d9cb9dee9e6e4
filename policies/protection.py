"""Nothing that a client pays for can be lost by an edit: protected, or its end is declared."""

from collections.abc import Iterator

from policies import declared
from policies.machine import Machine, Resource
from policies.rule import Rule


def kept(found: Resource) -> Iterator[str]:
    """A machine is protected or carries an ends date; everything else of ours is protected."""
    if found.is_machine:
        ends = Machine(found).ends
        if ends and declared.day(ends) is None:
            yield f'{found.title}: ends is "{ends}", which is no date. Write the day like "2027-03-01".'
        elif not ends and not found.protected:
            yield (
                f"{found.title}: the machine is neither protected nor does it carry an ends date: deleting a line "
                "would end it. Declare it with protect=True, or give its VPS an `ends:` date."
            )
    elif not found.protected:
        yield (
            f"{found.title}: {found.type} is not protected, and machines stand on it. Declare it with protect=True; "
            "a host's objects have no end that a file could declare."
        )


RULES = (
    Rule("protected-or-ending", "Every resource is protected, or it is a machine that carries an ends date", kept),
)
