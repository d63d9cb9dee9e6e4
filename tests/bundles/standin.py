"""A small bundle that stands in for a real one: same manifest, same places, sources made here.

CI reaches no forge, and no image takes a bundle of other sources than its recipe pins: so an image of stand-ins has a
copy of the recipes, whose manifest pins those. For each git source of a manifest the files in `<sources>/<name>/`
become a repository of a mirror; for each python source the files there become one wheel (a source without folder gets
one file that says so). The bundle is made of that mirror by the product's own way.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import yaml

from components.bundles.build import build
from components.bundles.cache import Made
from components.bundles.manifest import load
from components.bundles.mirror import PYTHON, Mirror
from components.images.recipe import Recipe

WHEN = "2026-01-02T03:04:05+00:00"
IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "A"), ("EMAIL", "a@b"))
    },
    "GIT_AUTHOR_DATE": WHEN,
    "GIT_COMMITTER_DATE": WHEN,
}


def git(*arguments, folder, stdin=None):
    """Run git with an identity and a time of the tests' own; what it printed."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=stdin,
        env={**os.environ, **IDENTITY},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(content: Path, bare: Path) -> str:
    """Make a bare repository with one commit of what is in `content`; returns the commit."""
    bare.mkdir(parents=True)
    git("init", "-q", "--bare", "-b", "main", folder=bare)
    git("--work-tree", str(content), "add", "-A", "--force", ".", folder=bare)
    commit = git("commit-tree", git("write-tree", folder=bare), "-m", "stand-in", folder=bare)
    git("update-ref", "refs/heads/main", commit, folder=bare)
    return commit


def wheel(content: Path, name: str, folder: Path, version: str = "1.0") -> Path:
    """Make a wheel of the importable files in `content`; `entry_points.txt` there names its commands."""
    folder.mkdir(parents=True, exist_ok=True)
    distribution = name.replace("-", "_")
    about = f"{distribution}-{version}.dist-info"
    files = {path.relative_to(content).as_posix(): path.read_bytes() for path in sorted(content.rglob("*.py"))}
    files[f"{about}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    files[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if (content / "entry_points.txt").is_file():
        files[f"{about}/entry_points.txt"] = (content / "entry_points.txt").read_bytes()
    rows = [f"{path},sha256={_urlsafe(data)},{len(data)}" for path, data in files.items()]
    files[f"{about}/RECORD"] = "\n".join([*rows, f"{about}/RECORD,,", ""]).encode()
    target = folder / f"{distribution}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 2, 3, 4, 6)), data)
    return target


def _urlsafe(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def stand_in(manifest: Path, sources: Path, work: Path) -> Made:
    """The bundle of `manifest` with the sources in `sources`; `work` gets its mirror and its manifest.

    It lands in the cache (XDG_CACHE_HOME). Same content gives the same bytes.
    """
    mirror = work / "mirror"
    declared = yaml.safe_load(manifest.read_text())
    for source in declared["sources"]:
        content = sources / source["name"]
        if not content.is_dir():
            content = work / "empty" / source["name"]
            content.mkdir(parents=True)
            (content / "STAND-IN.txt").write_text(f"Nothing of {source['name']} is here.\n")
        if "python" in source:
            made = wheel(content, f"stand-in-{source['name']}", mirror / PYTHON)
            digest = hashlib.sha256(made.read_bytes()).hexdigest()
            (work / source["python"]["requirements"]).write_text(
                f"stand-in-{source['name']}==1.0 --hash=sha256:{digest}\n"
            )
            continue
        url = source.pop("pending", None) or source["git"]
        source["git"] = {"url": url["url"]}
        bare = Path(Mirror(str(mirror)).repository(url["url"]))
        shutil.rmtree(bare, ignore_errors=True)
        source["git"]["commit"] = repository(content, bare)
    mine = work / manifest.name
    mine.write_text(yaml.safe_dump(declared, sort_keys=False))
    return build(load(mine), Mirror(str(mirror)), lambda _: None)


def stand_in_for(recipe: Recipe, sources: Path, work: Path) -> tuple[Made, Path]:
    """The bundle for an image's recipe, and the folder of recipes, in `work`, whose manifest pins its sources."""
    assert recipe.flavour is not None
    pinned, templates = work / "pinned", work / "templates"
    pinned.mkdir()
    made = stand_in(recipe.flavour.folder / recipe.bundle, sources, pinned)
    shutil.copytree(recipe.folder.parents[1], templates, symlinks=True)
    for file in pinned.iterdir():
        if file.is_file():
            shutil.copy(file, templates / "flavours" / recipe.flavour.name / file.name)
    return made, templates / "images"
