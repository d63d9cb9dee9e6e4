"""How `vps --help` looks: plain text, every command with its whole sentence.

Plain rather than typer's rich panels, whose import alone takes a third of the 0.15 s that help may take. The plain
list of the library cuts each sentence to fit one line; here the sentence goes on in the next line.
"""

from typing import TYPE_CHECKING

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

_WHOLE = 1000
"""Longer than any first sentence: nothing is cut."""


class Commands(TyperGroup):
    """A group of commands whose help shows their first sentences whole."""

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the section of commands; `formatter` wraps it to the terminal's width."""
        named = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(_WHOLE)) for name, command in named if command and not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
