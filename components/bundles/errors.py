"""What can go wrong with a bundle: told for every source at once, each with its remedy."""

from collections.abc import Sequence


class BundleError(Exception):
    """A bundle could not be read, made or trusted: `message` says what was seen, `remedy` what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        # A list is followed by what to do on a line of its own.
        super().__init__(f"{message}{chr(10) if chr(10) in message else ' '}{remedy}".rstrip())
        self.message = message
        self.remedy = remedy


def all_of(what: str, problems: Sequence[str], remedy: str = "") -> BundleError:
    """One error that lists `problems`, each a whole sentence with its place, under `what`."""
    listed = "".join(f"\n  {problem}" for problem in problems)
    return BundleError(f"{what}:{listed}", remedy)
