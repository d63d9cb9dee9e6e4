"""The question that a command of the kind *act* asks before it changes the world."""

import sys

import typer

from components.domain.problems import DomainError


def consent(question: str, *, given: bool) -> None:
    """Ask, unless consent was `given` (--yes). No ends the command with exit 1 and nothing touched.

    Raises DomainError where nobody can answer.
    """
    if given:
        return
    if not sys.stdin.isatty():
        raise DomainError(f"{question} Nobody can answer: this is no terminal.", "Nothing was touched. Give --yes.")
    if not typer.confirm(question):
        typer.echo("Nothing was touched.")
        raise typer.Exit(1)
