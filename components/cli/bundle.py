"""`vps image bundle` and `vps image mirror`: the pinned sources of an image, and a mirror that holds them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.bundles.manifest import Manifest
    from components.bundles.mirror import Mirror

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A recipe in templates/images/, or a bundle's own YAML file.")
]
FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
MirrorOption = Annotated[
    str | None,
    typer.Option("--mirror", help="A folder or address that holds the sources (default: fleet.yaml's, else upstream)."),
]


def bundle(
    name: Name,
    source: MirrorOption = None,
    output: Annotated[Path | None, typer.Option("--output", help="Put a copy of the bundle there.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Only tell sources, pins and licences.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    fleet: FleetFolder = None,
) -> None:
    """Act: fetch and verify every pinned source of an image, and pack them into one reproducible archive."""
    from components.bundles.build import build, copy

    manifest = _manifest(name)
    if listed:
        _tell(manifest, as_json)
        return
    made = build(manifest, _mirror(source, fleet), lambda line: typer.echo(line, err=True))
    if output:
        copy(made, output)
    where = output or made.file
    if as_json:
        typer.echo(json.dumps({"file": str(where), "sha256": made.sha256, "bytes": made.bytes, **made.described}))
    else:
        typer.echo(f"{manifest.name} {made.sha256} {made.bytes / 1024**2:.0f} MiB {where}")


def mirror(
    name: Name,
    to: Annotated[Path, typer.Option("--to", help="The mirror's folder; made when it isn't there.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Another mirror to fill it from (default: upstream).")
    ] = None,
) -> None:
    """Act: fill a folder with every pinned source of an image, for `vps image bundle --mirror` where no network is."""
    from components.bundles.filling import fill
    from components.bundles.mirror import named

    fill(_manifest(name), named(source), to, lambda line: typer.echo(line, err=True))
    typer.echo(f"{to} has all that {name} takes.")


def _tell(manifest: "Manifest", as_json: bool) -> None:
    from components.bundles.wheels import pins

    rows = [
        {
            "name": source.name,
            "kind": source.kind,
            "pin": source.pin or None,
            "licence": source.licence,
            "to": source.to,
            "url": source.url or None,
            "date": source.date or None,
            "pending": source.reason or None,
            "packages": sorted(pins(source.file)) if source.kind == "python" and source.file else [],
        }
        for source in manifest.sources
    ]
    if as_json:
        typer.echo(json.dumps({"name": manifest.name, "sources": rows}, indent=2))
        return
    wide = max(len(str(row["name"])) for row in rows)
    for row in rows:
        pin = str(row["pin"] or "pending")[:12]
        typer.echo(f"{row['name']:<{wide}}  {row['kind']:<8} {pin:<12}  {row['date'] or '-':<10}  {row['licence']}")
        for package in row["packages"] or []:
            typer.echo(f"{'':<{wide}}    {package}")
        if row["pending"]:
            typer.echo(f"{'':<{wide}}    {row['url']}: {row['pending']}")


def _manifest(name: str) -> "Manifest":
    from components.bundles.errors import BundleError
    from components.bundles.manifest import load
    from components.images import recipe

    if "/" in name or name.endswith(".yaml"):
        return load(Path(name))
    found = recipe.load(name)
    if not found.bundle or found.flavour is None:
        raise BundleError(f"Unable to make a bundle for {name}: its recipe takes none.", "Just build the image.")
    return load(found.flavour.folder / found.bundle)


def _mirror(text: str | None, fleet: Path | None) -> "Mirror":
    from components.bundles.mirror import declared, named
    from components.config.folder import find_fleet

    return named(text) if text else declared(find_fleet(fleet))
