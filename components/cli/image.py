"""`vps image build|list`: golden images on this machine and in the fleet's lock file."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from components.cli.bundle import bundle, mirror
from components.cli.retire import image as retire

app = typer.Typer(help="Act: build golden images from their recipes. Look: list them.", no_args_is_help=True)

Names = Annotated[list[str], typer.Argument(metavar="NAME…", help="Recipes in templates/images/.")]
FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]


app.command("retire")(retire)
app.command("bundle")(bundle)
app.command("mirror")(mirror)


@app.command("build")
def build(
    names: Names,
    fleet: FleetFolder = None,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="The pinned sources that go in, made by `vps image bundle`.")
    ] = None,
    bundle_sha256: Annotated[
        str, typer.Option("--bundle-sha256", help="Its digest as printed where it was made, if not on this machine.")
    ] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Hash a cached image again before trusting it.")] = False,
) -> None:
    """Act: make sure images are built, cached and recorded in images.lock.yaml."""
    from components.config.folder import find_fleet
    from components.images.build import build as make
    from components.images.recipe import load

    folder = find_fleet(fleet)
    if bundle_sha256 and not bundle:
        raise typer.BadParameter("--bundle-sha256 needs the --bundle that it is the digest of")
    if bundle and len(names) > 1:
        raise typer.BadParameter("a bundle belongs to one image: build them one by one")
    for name in names:
        load(name, folder)
    for name in names:
        image = make(
            name,
            folder,
            lambda line: typer.echo(line, err=True),
            verify_bytes=verify,
            archive=bundle,
            archive_sha256=bundle_sha256,
        )
        typer.echo(f"{name} {image.sha256} {image.bytes / 1024**2:.0f} MiB, expires {image.expires}")


@app.command("list")
def show(
    fleet: FleetFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: every recipe and locked image, whether it is on this machine, and whether its recipe has changed since."""
    from components.config.folder import find_fleet

    rows = listing(find_fleet(fleet))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        digest = str(row["sha256"] or "")[:12] or "-"
        typer.echo(f"{row['name']:<24} {digest:<13} {row['notes']}")


def listing(fleet: Path) -> list[dict[str, object]]:
    """One row per recipe or locked image: its lock entry (None: not locked), cached, current, notes."""
    from components.images import cache, lock, pins, recipe

    locked = lock.locked(fleet)
    recipes = recipe.known()
    today = datetime.now(tz=UTC).date()
    rows: list[dict[str, object]] = []
    for name in sorted({*recipes, *locked}):
        image = locked.get(name)
        cached = image is not None and cache.describe(image.sha256) is not None
        current = pinned = False
        if image is not None and name in recipes:
            made = replace(recipe.load(name, fleet), baked=image.bundle)
            pinned = not made.bundle or pins.are_current(made, image.bundle) is not False
            current = made.inputs() == image.inputs and pinned
        notes: list[str] = []
        if image is None:
            bundled = recipe.load(name, fleet).bundle
            first = f"vps image bundle {name}, then " if bundled else ""
            notes.append(f"not locked: {first}vps image build {name}{' --bundle FILE' if bundled else ''}")
        else:
            notes.append("on this machine" if cached else f"not on this machine: vps image build {name}")
            if name not in recipes:
                notes.append("no recipe")
            elif not pinned:
                notes.append(f"other sources are pinned since: vps image bundle {name}, then build it --bundle FILE")
            elif not current:
                notes.append("the recipe has changed since")
            notes.append(f"expired {image.expires}" if image.expires < today else f"expires {image.expires}")
        notes += _marks(name, image.flavour if image else "")
        rows.append(
            {
                "name": name,
                "sha256": image.sha256 if image else None,
                "bytes": image.bytes if image else None,
                "virtual_gib": image.virtual_gib if image else None,
                "built": image.built.isoformat() if image else None,
                "expires": image.expires.isoformat() if image else None,
                "flavour": image.flavour or None if image else None,
                "bundle": image.bundle or None if image else None,
                "cached": cached,
                "current": current,
                "notes": ", ".join(notes),
            }
        )
    return rows


def _marks(name: str, flavour: str) -> list[str]:
    """What is to be said of the flavour of a recipe or locked image: its name, and its status unless supported."""
    from components.config import flavour_file as flavours
    from components.images import recipe

    if name in recipe.known():
        own = recipe.load(name).flavour
        flavour = own.name if own else ""
    if flavour not in flavours.known():
        return [f"flavour {flavour}"] if flavour else []
    said = flavours.load(flavour)
    return [f"flavour {flavour}{'' if said.status == 'supported' else f' ({said.status})'}"]
