"""The `vps` command: a table of verbs, each in a module of its own.

Modules of commands import what is slow inside their functions, so that `vps --help` answers at once.
"""

import gc
import subprocess
import sys
import traceback
from typing import Annotated

import typer

from components.cli import (
    access,
    add,
    adopt,
    audit,
    backups,
    check,
    deliver,
    drain,
    drift,
    end,
    fault,
    health,
    host,
    hosts,
    image,
    kit,
    lab,
    ledger,
    listing,
    move,
    new,
    package,
    power,
    price,
    rebuild,
    schema,
    settings,
    show,
    stack,
    trash,
    unlock,
)
from components.cli.help import Commands

app = typer.Typer(
    name="vps",
    help="Managed VPSs as declared data: look (changes nothing), write (edits files), act (changes the world).",
    no_args_is_help=True,
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Options of every command; `main` takes --debug out before."""
    del debug


app.command("check")(check.check)
app.command("schema")(schema.schema)
app.command("up")(stack.up)
app.command("preview")(stack.preview)
app.command("drift")(drift.drift)
app.command("audit")(audit.audit)
app.command("list")(listing.list_all)
app.command("hosts")(hosts.hosts)
app.command("show")(show.show)
app.command("health")(health.health)
app.command("deliver")(deliver.deliver)
app.command("init")(stack.init)
app.command("env")(stack.env)
app.command("adopt")(adopt.adopt)
app.command("rebuild")(rebuild.rebuild)
app.command("new")(new.new)
app.command("add")(add.add)
app.command("package")(package.package)
app.command("end")(end.end)
app.command("move")(move.move)
app.command("drain")(drain.drain)
app.command("restore")(move.restore)
app.command("kit")(kit.kit)
app.command("price")(price.price)
for verb in (power.start, power.stop, power.reboot, power.suspend, power.resume):
    app.command(verb.__name__)(verb)
app.command("access")(access.access)
app.command("settings")(settings.settings)
app.command("unlock")(unlock.unlock)
app.command("ledger")(ledger.ledger)
app.add_typer(backups.app, name="backups", cls=backups.Backed)
app.add_typer(fault.app, name="fault", cls=Commands)
app.add_typer(host.app, name="host", cls=Commands)
app.add_typer(image.app, name="image", cls=Commands)
app.add_typer(trash.app, name="trash", cls=Commands)
app.add_typer(lab.app, name="lab", cls=Commands)


def told(error: Exception) -> str:
    """What the last edge says of an exception, so that a mistake of ours can't be taken for the operator's.

    What we raise on purpose has words for people, and what the system refuses (a full disk) is nobody's bug.
    """
    on_purpose = type(error).__module__.partition(".")[0] == "components"
    if on_purpose or isinstance(error, OSError | subprocess.SubprocessError):
        return f"error: {error}"
    what = f"internal error: {type(error).__name__}: {error}"
    return f"{what}; this is a fault of vps itself, run again with --debug and report it"


def main() -> None:
    """Run the command line. An error is one message with its remedy; its traceback is for `--debug`."""
    # `--debug` is taken wherever it stands, and a misused command is no finding: exit 2 belongs to `vps drift`.
    debug = "--debug" in sys.argv
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument != "--debug"]
    typer.BadParameter.__mro__[1].exit_code = 1  # type: ignore[attr-defined] # UsageError, which typer hides
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the last edge: no traceback for bad input or a bad day
        if debug:
            traceback.print_exc()
        # Somewhere in it a guest or a host may have had a word; a terminal obeys none of them.
        words = "".join(one if one.isprintable() or one in "\n\t" else "?" for one in told(error))
        print(words, file=sys.stderr)
        sys.exit(1)
    finally:
        # The process ends: looking through all that it loaded for garbage would take a tenth of a second.
        gc.freeze()
