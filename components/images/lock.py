"""`images.lock.yaml`: which bytes each image name means in this fleet. Comments and order survive every change."""

import os
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from components.domain.images import Image
from components.images.errors import ImageError

FILE = "images.lock.yaml"


def _yaml() -> YAML:
    yaml = YAML()
    yaml.version = None
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _read(fleet: Path) -> CommentedMap:
    file = fleet / FILE
    try:
        data = _yaml().load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        data = None
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ImageError(f"Unable to read {file}: {error}.", "Mend it, or take it from git's history.") from error
    data = CommentedMap() if data is None else data
    if not isinstance(data, CommentedMap) or not isinstance(data.get("images") or CommentedMap(), CommentedMap):
        raise ImageError(f"Unable to read {file}: `images` is no mapping.", "Mend it, or take it from git's history.")
    return data


def locked(fleet: Path) -> dict[str, Image]:
    """Every image that the fleet's lock file names. Raises ImageError when the file can't be understood."""
    found: dict[str, Image] = {}
    for name, entry in (_read(fleet).get("images") or {}).items():
        try:
            found[str(name)] = Image(
                name=str(name),
                sha256=str(entry["sha256"]),
                bytes=int(entry["bytes"]),
                virtual_gib=int(entry["virtual_gib"]),
                inputs=str(entry["inputs"]),
                built=_date(entry["built"]),
                expires=_date(entry["expires"]),
                flavour=str(entry.get("flavour", "")),
                bundle=str(entry.get("bundle", "")),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ImageError(
                f"Unable to read {fleet / FILE}: the entry of {name} is not understood ({error}).",
                f"Take it out and run `vps image build {name}`.",
            ) from error
    return found


def record(fleet: Path, image: Image) -> bool:
    """Write the image's entry; everything else in the file stays as it was. Returns whether anything changed."""
    if not fleet.is_dir():
        raise ImageError(f"Unable to record image {image.name}: there is no folder {fleet}.", "Name the fleet's.")
    data = _read(fleet)
    images = data.get("images")
    if images is None:
        images = data["images"] = CommentedMap()
    entry = images.setdefault(image.name, CommentedMap())
    wanted: dict[str, Any] = {
        "sha256": DoubleQuotedScalarString(image.sha256),
        "bytes": image.bytes,
        "virtual_gib": image.virtual_gib,
        "inputs": DoubleQuotedScalarString(image.inputs),
        "built": DoubleQuotedScalarString(image.built.isoformat()),
        "expires": DoubleQuotedScalarString(image.expires.isoformat()),
    }
    if image.flavour:
        wanted["flavour"] = image.flavour
    if image.bundle:
        wanted["bundle"] = DoubleQuotedScalarString(image.bundle)
    stale = [key for key in ("flavour", "bundle") if key in entry and key not in wanted]
    if not stale and all(entry.get(key) == value for key, value in wanted.items()):
        return False
    for key in stale:
        del entry[key]
    entry.update(wanted)
    out = StringIO()
    _yaml().dump(data, out)
    draft = fleet / f".{FILE}.new"
    with draft.open("w", encoding="utf-8") as handle:
        handle.write(out.getvalue())
        handle.flush()
        os.fsync(handle.fileno())
    draft.rename(fleet / FILE)
    return True


def _date(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
