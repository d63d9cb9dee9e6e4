"""A recipe like a real one whose image holds only what boots and is told who it is: the rest comes at first boot."""

import shutil
from pathlib import Path

import yaml

from components.images import layers
from components.images.recipe import RECIPES, load

EARLY = frozenset(
    {
        "initramfs-tools",
        "zstd",
        "grub-pc",
        "systemd",
        "systemd-sysv",
        "systemd-resolved",
        "systemd-timesyncd",
        "libpam-systemd",
        "dbus",
        "udev",
        "cloud-init",
        "cloud-guest-utils",
        "fdisk",
        "qemu-guest-agent",
        "jq",
        "python3",
        "openssh-server",
        "nftables",
        "iproute2",
        "sudo",
        "ca-certificates",
        "debian-archive-keyring",
        "locales",
        "tzdata",
    }
)
"""Packages of every guest's layer without which it would not boot, be reached, or go through steps. The recipe's own,
its kernel, are in the image too."""
EARLY_HOOKS = frozenset({"10-boot.sh", "20-services.sh", "30-vps-units.sh", "90-accounts.sh"})
EARLY_ETC = frozenset(
    {
        "cloud",
        "default",
        "issue",
        "issue.net",
        "modprobe.d",
        "nftables.conf",
        "nftables.d",
        "ssh",
        "sysctl.d",
        "systemd",
        "udev",
    }
)
"""What of the overlays' /etc is in the image: the rest is laid over the packages that it configures, as builds do."""
PLACE = "usr/local/share/bench"
"""Where the step finds in the guest what it has to do."""
STEP = Path(__file__).with_name("05-packages")


def lay(real: str, folder: Path, mirror: str) -> tuple[str, Path]:
    """Make such a recipe of the real one in `folder`: its name, and the folder of recipes that it lies in.

    `mirror` is the URL of a flat repository that holds its packages.
    """
    recipe = load(real)
    assert recipe.flavour is not None
    name = f"{real}-bare"
    own = folder / "images" / name
    shutil.copytree(recipe.folder, own, ignore=shutil.ignore_patterns("hooks"))
    place = own / "overlay" / PLACE
    later = [script for script in layers.scripts(recipe.layers(), "hooks") if script.name not in EARLY_HOOKS]
    (place / "hooks").mkdir(parents=True)
    for number, script in enumerate(later):
        shutil.copy(script, place / "hooks" / f"{number:02}-{script.name}")
    wanted = [package for layer in recipe.flavour.layers for package in layer.packages if package not in EARLY]
    (place / "packages").write_text("\n".join(dict.fromkeys(wanted)) + "\n", encoding="utf-8")
    (place / "mirror.list").write_text(f"deb [trusted=yes] {mirror} ./\n", encoding="utf-8")
    steps = own / "overlay/usr/local/lib/vps/firstboot.d"
    steps.mkdir(parents=True)
    shutil.copy(STEP, steps)
    for layer in recipe.flavour.layers:
        copied = folder / layer.folder.relative_to(RECIPES.parent)
        shutil.copytree(layer.folder, copied)
        for script in later:
            if script.parent == layer.folder / "hooks":
                (copied / "hooks" / script.name).unlink()
        kept = [package for package in layer.packages if package in EARLY]
        (copied / "layer.yaml").write_text(yaml.safe_dump({"packages": kept}), encoding="utf-8")
        _put_off(copied / "overlay" / "etc", place / "overlay" / "etc")
    return name, own.parent


def _put_off(etc: Path, later: Path) -> None:
    """Move what configures packages that come later; an upper layer's file takes the place of a lower one's."""
    for found in sorted(etc.iterdir()) if etc.is_dir() else ():
        if found.name in EARLY_ETC:
            continue
        later.mkdir(parents=True, exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, later / found.name, dirs_exist_ok=True)
            shutil.rmtree(found)
        else:
            shutil.move(found, later / found.name)
