"""A whole Debian system as a tree of files: mmdebstrap, the layers' overlays, the bundle, hooks, then a scrubbing.

A layer's folder holds `overlay/` (files laid over the system before any hook), `essential/` (scripts run in the system
before its packages are installed) and `hooks/` (scripts run on the building machine, with the tree as $1).
"""

import json
import os
import shlex
import shutil
from pathlib import Path

from components.images import layers, sources
from components.images.bundled import Bundle
from components.images.errors import ImageError
from components.images.recipe import Recipe
from components.images.steps import Steps

# What a finished image must not carry: identities, traces of the build, caches. Globs from the root of the tree.
FORBIDDEN = (
    "etc/ssh/ssh_host_*",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "var/lib/systemd/credential.secret",
    "var/lib/cloud/*",
    "var/lib/apt/lists/*",
    "var/cache/apt/*",
    "var/cache/debconf/*-old",
    "var/lib/dpkg/*-old",
    "var/log/**/*.log",
    "var/log/**/*.gz",
    "var/log/apt/*",
    "var/log/journal/*",
    "root/.bash_history",
    "tmp/*",
    "var/tmp/*",
    "etc/*-",
)
_MODE = "--mode=u=rwX,go=rX"

TOLD = "opt/vps/flavour.json"
"""What the guest is, for its own scripts: flavour.yaml with its name and the digest of its bundle."""


def tree(
    steps: Steps, recipe: Recipe, work: Path, root_uuid: str, bundle: Bundle | None = None
) -> tuple[Path, Path, Path]:
    """Make the root tree of the disk; returns it with GRUB's boot.img and core.img, both from the image itself."""
    if os.geteuid() != 0:
        raise ImageError(
            f"Unable to build image {recipe.name}: files of a whole system belong to several users, and only root"
            " can make them.",
            f"Run `sudo vps image build {recipe.name}`.",
        )
    root = work / "root"
    found = sources.for_suite(recipe.suite, recipe.mirrors)
    list_file = work / "debian.sources"
    list_file.write_text(sources.as_deb822(found), encoding="utf-8")
    command = [
        "mmdebstrap", "--mode=root", "--format=directory", "--variant=apt", "--architectures=amd64",
        "--aptopt=APT::Install-Recommends false", "--aptopt=Acquire::Retries 3", "--aptopt=Acquire::http::Timeout 60",
        f"--include={','.join(recipe.all_packages())}",
    ]  # fmt: skip
    laid = recipe.layers()
    command += [f"--essential-hook={script}" for script in layers.scripts(laid, "essential")]
    command += [f"--customize-hook={_pour(folder)}" for folder in layers.overlays(laid)]
    if bundle:
        command.append(f"--customize-hook={bundle.unpack()}")
    if recipe.flavour:
        told = work / "flavour.json"
        told.write_text(describe(recipe), encoding="utf-8")
        command.append(f'--customize-hook=install -D -m 644 {shlex.quote(str(told))} "$1/{TOLD}"')
    command += [f"--customize-hook={script}" for script in layers.scripts(laid, "hooks")]
    command += [recipe.suite, str(root), str(list_file)]
    steps.run(
        "Debian packages",
        command,
        deadline_s=2400,
        env={"VPS_ROOT_UUID": root_uuid},
        isolated=True,
    )
    scrub(root)
    installed = root / "etc" / "apt" / "sources.list.d" / "debian.sources"
    for file in [root / "etc" / "apt" / "sources.list", *installed.parent.iterdir()]:
        file.unlink(missing_ok=True)
    installed.write_text(sources.as_deb822(found), encoding="utf-8")
    installed.chmod(0o644)
    _settle(root)
    return root, root / "usr/lib/grub/i386-pc/boot.img", root / "boot/grub/i386-pc/core.img"


def describe(recipe: Recipe) -> str:
    """The text of TOLD, as JSON."""
    said = recipe.flavour.said if recipe.flavour else {}
    named = {"schema": 1, "name": recipe.flavour.name if recipe.flavour else "", "image": recipe.name}
    return json.dumps({**said, **named, "bundle": recipe.baked or None}, indent=1, default=str) + "\n"


def scrub(root: Path) -> None:
    """Take out of the tree whatever names a machine or tells of the build."""
    for found in leftovers(root):
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found)
        else:
            found.unlink()
    for name, text in {"machine-id": "", "hostname": "localhost\n"}.items():
        file = root / "etc" / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o444 if name == "machine-id" else 0o644)


def _settle(root: Path) -> None:
    # systemd redoes caches at the first boot when /usr is younger than these; they were made in the build.
    moment = (root / "usr").stat().st_mtime_ns
    for name in ("etc", "var"):
        file = root / name / ".updated"
        file.touch()
        os.utime(file, ns=(moment, moment))


def leftovers(root: Path) -> list[Path]:
    """Whatever in the tree matches FORBIDDEN."""
    return sorted({path for pattern in FORBIDDEN for path in root.glob(pattern)}, reverse=True)


def passwords(root: Path) -> list[str]:
    """Names of users whose password is not locked."""
    lines = (root / "etc" / "shadow").read_text(encoding="utf-8").splitlines()
    return [line.split(":")[0] for line in lines if not line.split(":")[1].startswith(("!", "*"))]


def packages(root: Path) -> dict[str, str]:
    """Installed packages and their versions, as dpkg recorded them."""
    found: dict[str, str] = {}
    for stanza in (root / "var/lib/dpkg/status").read_text(encoding="utf-8").split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in stanza.splitlines() if line[:1].strip())
        if fields.get("Status", "").endswith(" installed"):
            found[fields["Package"]] = fields["Version"]
    return dict(sorted(found.items()))


def schemas(root: Path) -> dict[str, bytes]:
    """The JSON schemas of the cloud-init in the tree, by file name."""
    folder = root / "usr/lib/python3/dist-packages/cloudinit/config/schemas"
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.json"))}


def _pour(folder: Path) -> str:
    packed = f"tar --sort=name --owner=0 --group=0 --numeric-owner {_MODE} -C {shlex.quote(str(folder))} -cf - ."
    return f'{packed} | tar --no-overwrite-dir -C "$1" -xf -'
