"""The archive is made of names and bytes alone."""

import tarfile

from components.bundles import pack
from components.bundles.manifest import Manifest, Source
from components.bundles.tree import Entry, Tree


def tree(*entries, facts=None):
    files = [entry for entry in entries if entry.target is None and not entry.is_folder]
    return Tree(entries=entries, contents=lambda: iter([b"x" * one.size for one in files]), facts=facts or {})


def source(name, to, kind="git"):
    return Source(name=name, licence="MIT", to=to, kind=kind, pin="p")


def written(tmp_path, sources, trees):
    manifest = Manifest(name="m", file=tmp_path / "m.yaml", sources=tuple(sources))
    digest = pack.write(manifest, trees, tmp_path / "a.tar")
    with tarfile.open(tmp_path / "a.tar") as archive:
        return digest, archive.getmembers()


def test_members_stand_in_one_order_whatever_the_manifests(tmp_path):
    a, b = source("a", "/opt/b"), source("b", "/opt/a")
    trees = {"a": tree(Entry(path="x/y", size=1)), "b": tree(Entry(path="f"))}
    _, members = written(tmp_path, [a, b], trees)
    assert [one.name for one in members] == [
        "manifest.json", "opt", "opt/a", "opt/a/f", "opt/b", "opt/b/x", "opt/b/x/y",
    ]  # fmt: skip


def test_every_folder_is_there_once_and_before_its_content(tmp_path):
    sources = [source("out", "/opt/a"), source("in", "/opt/a/b")]
    trees = {"out": tree(Entry(path="b", is_folder=True), Entry(path="z")), "in": tree(Entry(path="c/d"))}
    _, members = written(tmp_path, sources, trees)
    names = [one.name for one in members]
    assert len(names) == len(set(names))
    for name in names:
        assert all(parent in names[: names.index(name)] for parent in [name.rpartition("/")[0]] if parent)


def test_modes_owners_and_times_are_fixed(tmp_path):
    entries = (Entry(path="a"), Entry(path="b", is_executable=True), Entry(path="l", target="a"))
    _, members = written(tmp_path, [source("s", "/opt/s")], {"s": tree(*entries)})
    assert {one.name: one.mode for one in members} == {
        "manifest.json": 0o644, "opt": 0o755, "opt/s": 0o755, "opt/s/a": 0o644, "opt/s/b": 0o755, "opt/s/l": 0o777,
    }  # fmt: skip
    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in members} == {(0, 0, "", "", pack.MTIME)}


def test_long_and_foreign_names_come_through(tmp_path):
    name = "ä" * 90 + "/" + "long" * 60
    _, members = written(tmp_path, [source("s", "/opt/s")], {"s": tree(Entry(path=name, size=3))})
    assert members[-1].name == f"opt/s/{name}"
    assert members[-1].size == 3


def test_a_single_file_lands_under_its_own_name(tmp_path):
    one = Tree(entries=(Entry(path="file", size=1, is_executable=True),), contents=lambda: iter([b"x"]))
    _, members = written(tmp_path, [source("s", "/usr/local/bin/tool", "file")], {"s": one})
    assert (members[-1].name, members[-1].mode) == ("usr/local/bin/tool", 0o755)


def test_conflicts_are_found_in_every_direction():
    plain, deep = tree(Entry(path="a")), tree(Entry(path="x"))
    pairs = [
        (source("p", "/opt"), plain, source("q", "/opt"), plain),
        (source("p", "/opt"), plain, source("q", "/opt/a"), deep),
        (source("q", "/opt/a"), deep, source("p", "/opt"), plain),
    ]
    for one, first, two, second in pairs:
        assert pack.conflicts([one, two], {one.name: first, two.name: second})
    assert pack.conflicts([source("p", "/opt"), source("q", "/opt/b")], {"p": plain, "q": deep}) == []


def test_the_manifest_inside_tells_what_was_found(tmp_path):
    manifest = Manifest(name="m", file=tmp_path / "m.yaml", sources=(source("s", "/opt/s"),))
    said = pack.described(manifest, {"s": tree(Entry(path="a", size=2), facts={"commit": "c"})})
    assert said["sources"] == [
        {"name": "s", "kind": "git", "licence": "MIT", "to": "/opt/s", "files": 1, "bytes": 2, "commit": "c"}
    ]
    assert said["inputs"] == manifest.inputs()
