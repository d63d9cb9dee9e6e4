"""The `vps` command: a table of verbs, each in a module of its own.

Modules of commands import what is slow inside their functions, so that `vps --help` answers at once.
"""

import typer

app = typer.Typer(
    name="vps",
    help="Managed VPSs as declared data: look (changes nothing), write (edits files), act (changes the world).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line."""
    app()
