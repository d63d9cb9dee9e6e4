"""One commit of a git repository, fetched, proven and read.

The proof is git's: every received object is checked, the wanted commit is an object of exactly that name, and all that
it reaches hashes to its name. Files are read from the objects themselves, so neither attributes nor line endings nor
this machine's git configuration change a byte.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from components.bundles.command import run
from components.bundles.errors import BundleError
from components.bundles.tree import Entry, Tree, sorted_entries

FETCH_DEADLINE_S = 1800.0
_READ_DEADLINE_S = 300.0
_PROBE_DEADLINE_S = 120.0
_SLOW_S = 60
"""A transfer of less than 1000 bytes a second for so long is given up."""

_UNNAMED = re.compile(
    r"dumb http transport does not support|does not support shallow|not allow request for unadvertised object"
)
"""How git says that this server doesn't hand out a single commit by its name."""


def fetch(url: str, commit: str, target: Path, *, deadline_s: float = FETCH_DEADLINE_S) -> None:
    """Fetch `commit` from `url` into a new bare repository `target`. Raises BundleError; `target` may be half-made."""
    target.mkdir()
    env = _environment(target)
    made = run(["git", "init", "-q", "--bare", str(target)], deadline_s=_PROBE_DEADLINE_S, env=env)
    if made.code != 0:
        raise BundleError(f"git can't make a repository in {target.parent}: {made.why()}.")
    command = ["git", "-C", str(target), "fetch", "-q", "--no-tags", "--no-auto-gc", "--no-write-fetch-head"]
    said = run([*command, "--depth=1", url, commit], deadline_s=deadline_s, env=env)
    if said.code not in (0, None) and _UNNAMED.search(said.err):
        every = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
        said = run([*command, url, *every], deadline_s=deadline_s, env=env)
    if said.code == 0 and _exists(target, commit, env):
        return
    if said.code is None:
        raise BundleError(f"{url} did not deliver the commit {commit} within {deadline_s:.0f} s.")
    answer = run(["git", "ls-remote", "-q", url, "HEAD"], deadline_s=_PROBE_DEADLINE_S, env=env)
    if answer.code == 0 and (said.code == 0 or "not our ref" in said.err):
        raise BundleError(f"{url} has no commit {commit}.")
    raise BundleError(f"{url} can't be fetched: {said.why()}.")


def keep(url: str, commit: str, target: Path, *, deadline_s: float = FETCH_DEADLINE_S) -> None:
    """Have branches, tags and `commit` of `url` in the bare repository `target`, of a mirror; it may exist already.

    The commit gets a tag of its own, so that it stays when upstream's branches move away from it. Raises BundleError.
    """
    target.mkdir(parents=True, exist_ok=True)
    env = _environment(target)
    git = ["git", "-C", str(target)]
    made = run(["git", "init", "-q", "--bare", str(target)], deadline_s=_PROBE_DEADLINE_S, env=env)
    if made.code != 0:
        raise BundleError(f"git can't make a repository in {target}: {made.why()}.")
    fetch = [*git, "fetch", "-q", "--no-auto-gc", "--no-write-fetch-head"]
    every = run(
        [*fetch, "--force", url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"],
        deadline_s=deadline_s,
        env=env,
    )
    if every.code != 0:
        raise BundleError(f"{url} can't be fetched: {every.why()}.")
    if not _exists(target, commit, env):
        run([*fetch, "--no-tags", url, commit], deadline_s=deadline_s, env=env)
    if not _exists(target, commit, env):
        raise BundleError(f"{url} has no commit {commit}.")
    kept = [["update-ref", f"refs/tags/pinned-{commit}", commit], ["update-server-info"]]
    for words in kept:
        said = run([*git, *words], deadline_s=_PROBE_DEADLINE_S, env=env)
        if said.code != 0:
            raise BundleError(f"{target} can't be written: {said.why()}.")


def prove(repository: Path, commit: str) -> None:
    """Hash every object that `commit` reaches. Raises BundleError when one isn't what its name says."""
    env = _environment(repository)
    git = ["git", "-C", str(repository)]
    kind = run([*git, "cat-file", "-t", commit], deadline_s=_READ_DEADLINE_S, env=env)
    if kind.code != 0 or kind.out.strip() != b"commit":
        raise BundleError(f"{commit} is no commit there: {kind.out.decode('ascii', 'replace').strip() or kind.why()}.")
    checked = run(
        [*git, "fsck", "--full", "--no-dangling", "--no-progress", "--no-reflogs", commit],
        deadline_s=_READ_DEADLINE_S,
        env=env,
    )
    if checked.code != 0:
        raise BundleError(f"the objects of {commit} are damaged: {checked.why()}.")


def tree(repository: Path, commit: str, folder: str = "") -> Tree:
    """The files of a proven `commit`, or of one folder of it. Raises BundleError when they can't be read."""
    env = _environment(repository)
    git = ["git", "-C", str(repository)]
    wanted = f"{commit}:{folder}" if folder else f"{commit}^{{tree}}"
    root = run([*git, "rev-parse", "--verify", "-q", wanted], deadline_s=_READ_DEADLINE_S, env=env)
    listed = run([*git, "ls-tree", "-r", "-l", "-z", "--full-tree", wanted], deadline_s=_READ_DEADLINE_S, env=env)
    when = run([*git, "show", "-s", "--format=%cs", commit], deadline_s=_READ_DEADLINE_S, env=env)
    if folder and (root.code != 0 or listed.code != 0):
        raise BundleError(f"{commit} has no folder {folder}.")
    if listed.code != 0 or root.code != 0 or when.code != 0:
        raise BundleError(f"the files of {commit} can't be listed: {listed.why()}.")
    lines = [line for line in listed.out.split(b"\0") if line]
    modes: dict[str, tuple[str, str, int]] = {}
    for line in lines:
        head, _, path = line.partition(b"\t")
        mode, _, name, size = head.split()
        number = int(size) if size != b"-" else 0
        modes[path.decode("utf-8", "backslashreplace")] = (mode.decode(), name.decode(), number)
    links = [path for path, (mode, _, _) in modes.items() if mode == "120000"]
    read = zip(links, _blobs(repository, [modes[path][1] for path in links], env), strict=True)
    targets = {path: data.decode("utf-8", "backslashreplace") for path, data in read}
    entries = sorted_entries(_entry(path, *modes[path][::2], targets.get(path)) for path in modes)
    files = [modes[entry.path][1] for entry in entries if entry.target is None and not entry.other]
    return Tree(
        entries=entries,
        contents=lambda: _blobs(repository, files, env),
        facts={"commit": commit, "tree": root.out.decode().strip(), "date": when.out.decode().strip()},
    )


def _entry(path: str, mode: str, size: int, target: str | None) -> Entry:
    if mode == "120000":
        return Entry(path=path, target=target)
    if mode == "160000":
        return Entry(path=path, other="another repository inside this one: pin that as a source of its own")
    return Entry(path=path, size=size, is_executable=mode == "100755")


def _exists(repository: Path, commit: str, env: Mapping[str, str]) -> bool:
    command = ["git", "-C", str(repository), "cat-file", "-e", f"{commit}^{{commit}}"]
    return run(command, deadline_s=_PROBE_DEADLINE_S, env=env).code == 0


def _blobs(repository: Path, names: list[str], env: Mapping[str, str]) -> Iterator[bytes]:
    """The bytes of each blob, read through one git process."""
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "git", "-C", str(repository), "cat-file", "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(env),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for name in names:
            process.stdin.write(f"{name}\n".encode())
            process.stdin.flush()
            head = process.stdout.readline().split()
            if len(head) != 3 or head[1] != b"blob":
                raise BundleError(f"the object {name} can't be read.")
            data = process.stdout.read(int(head[2]))
            process.stdout.read(1)
            if len(data) != int(head[2]):
                raise BundleError(f"the object {name} is cut short.")
            yield data
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


def _environment(repository: Path) -> dict[str, str]:
    """This machine's git configuration (proxies, certificates, credentials) with ours on top, and nobody is asked.

    `safe.directory` must stand in a file: git takes variables away from the side that serves a local repository.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    home = os.environ.get("GIT_CONFIG_GLOBAL")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "git" / "config"
    included = [Path(home)] if home else [config, Path.home() / ".gitconfig"]
    ours = repository / "vps.gitconfig"
    lines = [f"[include]\n\tpath = {_quoted(file)}\n" for file in included]
    lines.append("[safe]\n\tdirectory = *\n[transfer]\n\tfsckObjects = true\n[protocol]\n\tversion = 2\n")
    lines.append(f"[fetch]\n\tfsckObjects = true\n[http]\n\tlowSpeedLimit = 1000\n\tlowSpeedTime = {_SLOW_S}\n")
    lines.append("[core]\n\tfsync = none\n[gc]\n\tauto = 0\n")
    text = "".join(lines)
    if not ours.is_file() or ours.read_text(encoding="utf-8") != text:
        ours.write_text(text, encoding="utf-8")
    return {
        **kept,
        "GIT_CONFIG_GLOBAL": str(ours),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "LC_ALL": "C.UTF-8",
    }


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
