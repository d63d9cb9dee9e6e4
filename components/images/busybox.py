"""The tiny guest of tests: a Debian kernel, busybox and a script in an initramfs, behind the real boot path.

Nothing is installed: packages are fetched with an apt configuration of our own and unpacked beside it.
"""

import lzma
import re
import shutil
from pathlib import Path

from components.images import sources
from components.images.errors import ImageError
from components.images.recipe import Recipe
from components.images.steps import Steps

GRUB = Path("/usr/lib/grub/i386-pc")
_GRUB_MODULES = ("biosdisk", "part_gpt", "ext2", "linux", "normal", "configfile", "serial", "terminal")


def fetch(steps: Steps, recipe: Recipe, work: Path) -> list[Path]:
    """Download the recipe's packages; a kernel's meta package stands for the newest kernel. Returns the .deb files."""
    apt = work / "apt"
    for folder in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d", "debs"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / "status").touch()
    (apt / "etc" / "debian.sources").write_text(
        sources.as_deb822(sources.for_suite(recipe.suite, recipe.mirrors)), encoding="utf-8"
    )
    options = {
        "Dir::Etc": apt / "etc",
        "Dir::Etc::SourceList": apt / "etc" / "debian.sources",
        "Dir::Etc::SourceParts": "-",
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "APT::Update::Error-Mode": "any",
    }
    flags = [f"-o{key}={value}" for key, value in options.items()]
    steps.run("package lists", ["apt-get", *flags, "update"], deadline_s=300)
    wanted = []
    for package in recipe.packages:
        shown = steps.run(
            "kernel's name", ["apt-cache", *flags, "depends", "--important", package], deadline_s=60, quiet=True
        )
        kernel = re.search(r"Depends: (linux-image-[0-9]\S*)", shown)
        wanted.append(kernel.group(1) if kernel else package)
    script = f'cd "$1" && shift && exec apt-get {" ".join(repr(flag) for flag in flags)} download "$@"'
    steps.run("packages", ["sh", "-c", script, "sh", str(apt / "debs"), *wanted], deadline_s=300)
    return sorted((apt / "debs").glob("*.deb"))


def tree(steps: Steps, recipe: Recipe, work: Path, root_uuid: str) -> tuple[Path, Path, Path]:
    """Make the root tree of the disk; returns it with GRUB's boot.img and core.img."""
    unpacked = work / "unpacked"
    for deb in fetch(steps, recipe, work):
        steps.run(f"unpack {deb.name}", ["dpkg-deb", "-x", str(deb), str(unpacked)], deadline_s=120, quiet=True)
    kernel = _only(unpacked, "boot/vmlinuz-*")
    binary = _only(unpacked, "**/bin/busybox")
    initramfs = work / "initramfs"
    for folder in ("bin", "modules", "proc", "sys", "dev", "run", "tmp", "etc", "seed", "disk", "www"):
        (initramfs / folder).mkdir(parents=True)
    shutil.copy(binary, initramfs / "bin" / "busybox")
    for file in sorted((recipe.folder / "initramfs").rglob("*")):
        if file.is_file():
            target = initramfs / file.relative_to(recipe.folder / "initramfs")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
            target.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
    for number, (name, data) in enumerate(modules_in_order(unpacked, recipe.modules)):
        (initramfs / "modules" / f"{number:02d}-{name}.ko").write_bytes(data)

    root = work / "root"
    (root / "boot" / "grub").mkdir(parents=True)
    shutil.copy(kernel, root / "boot" / "vmlinuz")
    pack = (
        'cd "$1" && find . -exec touch -h -d @1 {} + && find . -print0 | LC_ALL=C sort -z'
        ' | cpio --quiet -0 -o -H newc --reproducible -R 0:0 | zstd -q -19 -f -o "$2"'
    )
    steps.run("initramfs", ["sh", "-c", pack, "sh", str(initramfs), str(root / "boot" / "initrd")], deadline_s=120)
    config = (recipe.folder / "grub.cfg").read_text(encoding="utf-8")
    (root / "boot" / "grub" / "grub.cfg").write_text(config, encoding="utf-8")
    return root, GRUB / "boot.img", core_image(steps, work, root_uuid)


def core_image(steps: Steps, work: Path, root_uuid: str) -> Path:
    """GRUB's core.img with all that it needs in it: it finds its configuration on the filesystem `root_uuid`."""
    if not (GRUB / "boot.img").is_file():
        raise ImageError(
            f"Unable to make GRUB's core image: {GRUB} is missing on this machine.", "Install the package grub-pc-bin."
        )
    early = work / "early.cfg"
    early.write_text(
        f"search --no-floppy --fs-uuid --set=root {root_uuid}\nset prefix=($root)/boot/grub\n", encoding="utf-8"
    )
    core = work / "core.img"
    command = ["grub-mkimage", "-O", "i386-pc", "-p", "/boot/grub", "-c", str(early), "-o", str(core)]
    steps.run("boot loader", [*command, *_GRUB_MODULES, "search", "search_fs_uuid"], deadline_s=60, quiet=True)
    return core


def modules_in_order(unpacked: Path, wanted: tuple[str, ...]) -> list[tuple[str, bytes]]:
    """The `wanted` kernel modules, decompressed, each after those that it needs; what is built in is left out.

    Dependencies are read from the modules themselves (`depends=` in .modinfo), as depmod would.
    """
    files = {
        path.name.split(".ko")[0].replace("-", "_"): path
        for path in unpacked.rglob("*.ko*")
        if path.suffix in {".ko", ".xz"}
    }
    builtin = "\n".join(path.read_text(encoding="utf-8") for path in unpacked.rglob("modules.builtin"))
    is_builtin = {line.rpartition("/")[2].removesuffix(".ko").replace("-", "_") for line in builtin.splitlines()}
    ordered: dict[str, bytes] = {}

    def add(name: str) -> None:
        name = name.replace("-", "_")
        if name in ordered or name in is_builtin:
            return
        if name not in files:
            raise ImageError(
                f"Unable to build the initramfs: the kernel has no module {name}.", "Take it out of the recipe."
            )
        data = files[name].read_bytes()
        if files[name].suffix == ".xz":
            data = lzma.decompress(data)
        needs = re.search(rb"\0depends=([^\0]*)\0", data)
        for needed in needs.group(1).decode().split(",") if needs else []:
            if needed:
                add(needed)
        ordered[name] = data

    for name in wanted:
        add(name)
    return list(ordered.items())


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise ImageError(
            f"Unable to build the initramfs: the packages hold {len(found)} files {pattern}, not one.",
            "Look at the recipe's packages.",
        )
    return found[0]
