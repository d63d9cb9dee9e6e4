"""`vps schema`: JSON Schemas of the fleet's files, for editors."""

from pathlib import Path
from typing import Annotated

import typer

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
Kind = Annotated[str | None, typer.Argument(metavar="[KIND]", help="fleet, catalogue, images.lock, host or client.")]
Write = Annotated[bool, typer.Option("--write", help="Write them into the fleet's schema folder.")]


def schema(kind: Kind = None, write: Write = False, fleet: FleetFolder = None) -> None:
    """Look: print the JSON Schema of one kind of file, or of all; with --write, refresh the fleet's schema folder."""
    import json

    from components.config import schemas
    from components.config.folder import find_fleet
    from components.domain.problems import DomainError

    if kind is not None and kind not in schemas.KINDS:
        raise DomainError(f'There is no kind of file "{kind}".', f"Kinds: {', '.join(schemas.KINDS)}.")
    if write:
        folder = find_fleet(fleet)
        changed = schemas.write(folder)
        for file in changed:
            typer.echo(f"wrote {file}")
        if not changed:
            typer.echo(f"{folder / schemas.FOLDER}: nothing to change.")
    elif kind is not None:
        typer.echo(schemas.text(kind), nl=False)
    else:
        typer.echo(json.dumps({name: schemas.schema(name) for name in schemas.KINDS}, indent=2, ensure_ascii=False))
