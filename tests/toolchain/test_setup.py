"""Set-up: what is there costs nothing, what failed is said and done again, the engine is chosen by its rule."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.engine.location import CHECKOUT

TOOLS = CHECKOUT / ".ci" / "toolchain"


@pytest.fixture
def checkout(tmp_path):
    """A checkout with the files that set-up reads and an environment that has nothing but an interpreter."""
    root = tmp_path / "checkout"
    shutil.copytree(TOOLS, root / ".ci" / "toolchain", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "components" / "engine").mkdir(parents=True)
    shutil.copy(CHECKOUT / "components" / "engine" / "location.py", root / "components" / "engine")
    for name in ("requirements.txt", "requirements-libvirt.txt", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, root)
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return root


def shell(root: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `script` with set-up's functions, on a PATH without any engine."""
    folders = [folder for folder in os.environ["PATH"].split(":") if not Path(folder, "pulumi").exists()]
    environment = {"HOME": str(root.parent), "PATH": ":".join(folders), "CI": "true"} | environment
    return subprocess.run(
        ["sh", "-euc", f'root={root}; . "$root/.ci/toolchain/setup.sh"; mkdir -p "$root/.vps"\n{script}'],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("kind", ["full", "fake"])
def test_set_up_is_silent_when_all_is_there(checkout, kind):
    """Also --fake after a full set-up."""
    assert shell(checkout, 'stamp full "$(all_inputs)"').returncode == 0
    done = shell(checkout, f"set_up {kind}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("changed", ["requirements.txt", "pyproject.toml", ".ci/toolchain/go.sum"])
def test_a_changed_input_is_noticed(checkout, changed):
    """The stamp speaks of exactly what set-up read."""
    before = shell(checkout, "all_inputs").stdout
    assert before == shell(checkout, "all_inputs").stdout
    with (checkout / changed).open("a") as file:
        file.write("\n# changed\n")
    assert shell(checkout, "all_inputs").stdout != before


def test_a_failed_step_is_said_and_done_again(checkout):
    """Its words, the log and what to do are shown; the next run does that step, and no step that was finished."""
    stubs = """
        find_python() { echo /usr/bin/python3; }
        make_environment() { mkdir -p "$venv/.set-up"; }
        install_python() { case "$*" in *libvirt*) ;; *) "$root/pip" "$@" ;; esac; }
        set_up fake
    """
    program(checkout / ".ci" / "toolchain" / "engine.sh", ":")
    program(checkout / "pip", 'echo "$*" >>"$(dirname "$0")/calls"; case "$*" in *-e*) echo no wheel; exit 7;; esac')
    failed = shell(checkout, stubs)
    assert failed.returncode == 1
    assert "| no wheel" in failed.stderr
    assert "Unable to finish 'This project'" in failed.stderr
    assert str(checkout / ".vps" / "set-up.log") in failed.stderr
    (checkout / "calls").unlink()
    program(checkout / "pip", 'echo "$*" >>"$(dirname "$0")/calls"')
    # The environment of this test is none of pip's, so it counts as half-made: say that it is whole.
    program(checkout / ".venv" / "whole", "exit 0")
    (checkout / ".venv" / "bin" / "python").unlink()
    (checkout / ".venv" / "bin" / "python").symlink_to(checkout / ".venv" / "whole")
    (checkout / ".venv" / "bin" / "activate").write_text(f"VIRTUAL_ENV={checkout}/.venv\n")
    again = shell(checkout, stubs)
    assert again.returncode == 0, again.stderr
    assert (checkout / "calls").read_text().split() == ["--no-deps", "--no-build-isolation", "-e", str(checkout)]
    assert shell(checkout, stubs).stdout == ""


def test_a_half_made_environment_is_made_again(checkout):
    """One in which pip doesn't run, whatever stamps lie in it."""
    done = shell(
        checkout,
        """
        stamp list "$(digest <"$root/requirements.txt")"
        make_environment() { echo "made with $1" >>"$root/made"; mkdir -p "$venv"; }
        install_python() { echo "$*" >>"$root/made"; }
        rm "$venv/bin/python"
        printf '#!/bin/sh\\nexit 1\\n' >"$venv/bin/python"
        chmod +x "$venv/bin/python"
        printf '#!/bin/sh\\n' >"$tools/engine.sh"
        set_up fake
        """,
    )
    assert done.returncode == 0, done.stderr
    made = (checkout / "made").read_text().splitlines()
    assert made[0].startswith("made with /")
    assert made[1].startswith("--require-hashes -r ")


def test_only_missing_packages_are_asked_for(checkout):
    """What dpkg doesn't call installed is named, removed-but-configured ones too."""
    lines = [line for line in (TOOLS / "packages.txt").read_text().split("\n") if line and not line.startswith("#")]
    told = " ".join(f"installed {name}" for name in lines if name not in ("gdisk", "zstd", "git"))
    program(checkout / "bin" / "dpkg-query", f"echo '{told} config-files zstd '; exit 1")
    done = shell(checkout, "missing_packages", PATH=f"{checkout}/bin:/usr/bin:/bin")
    assert sorted(done.stdout.split()) == ["gdisk", "git", "zstd"]


@pytest.mark.parametrize("state", ["", "config-files", "installed"])
def test_a_new_database_package_makes_no_database(checkout, state):
    """Debian would start a server at every boot; on a machine that has the package nothing is changed."""
    program(checkout / "bin" / "dpkg-query", f"printf '{state}'; [ -n '{state}' ]")
    stubs = """
        install_packages() { echo "install $*"; }
        as_root() { echo "$*"; }
        make_no_cluster
    """
    done = shell(checkout, stubs, PATH=f"{checkout}/bin:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    if state == "installed":
        assert told == []
        return
    assert told[0] == "install postgresql-common"
    (checkout / "conf").write_text("# Create it\n#create_main_cluster = true\ncreate_main_cluster = auto\n")
    script = told[1].removeprefix("sed -i ").rpartition(" ")[0]
    subprocess.run(["sed", "-i", script, checkout / "conf"], check=True, timeout=10)
    assert (checkout / "conf").read_text() == "# Create it\n" + "create_main_cluster = false\n" * 2


def test_without_root_and_sudo_the_way_out_is_named(checkout):
    """Nothing is installed; the packages and --fake are named."""
    program(checkout / "bin" / "id", "echo 1000")
    program(checkout / "bin" / "dpkg-query", "exit 1")
    for name in ("sh", "cat", "sed", "sha256sum", "cut", "tr", "grep", "paste", "stat", "readlink", "mkdir", "flock"):
        (checkout / "bin" / name).symlink_to(shutil.which(name))
    for name in ("rm", "df", "awk", "mv", "python3"):
        (checkout / "bin" / name).symlink_to(shutil.which(name))
    done = shell(checkout, "set_up full", PATH=str(checkout / "bin"))
    assert done.returncode == 1
    assert "not root and sudo is not to be had" in done.stderr
    assert "qemu-system-x86" in done.stderr
    assert "--fake" in done.stderr


def cached_engine(checkout: Path) -> Path:
    """An engine as a build leaves it in the cache of this machine, here a script."""
    key = shell(checkout, 'cat "$tools/go.mod" "$tools/go.sum" | sha256sum | cut -c1-12').stdout.strip()
    engine = checkout.parent / "cache" / "aegir-vps" / "engine" / f"v3.259.0-{key}"
    program(engine / "pulumi", "echo v3.259.0")
    return engine


def test_a_cached_engine_is_shared_and_gets_this_checkouts_host(checkout):
    """The engine is linked, not copied; its language host is the one of this checkout."""
    engine = cached_engine(checkout)
    done = shell(checkout, '"$tools/engine.sh" "$root"', XDG_CACHE_HOME=str(checkout.parent / "cache"))
    assert done.returncode == 0, done.stderr
    chosen = checkout / ".venv" / "engine"
    assert (chosen / "pulumi").samefile(engine / "pulumi")
    assert not (chosen / "pulumi").is_symlink()
    assert (chosen / "pulumi-language-python").resolve() == checkout / ".ci" / "toolchain" / "pulumi-language-python"
    assert "Downloading" not in done.stdout


@pytest.mark.parametrize(("version", "taken"), [("v3.300.0", True), ("v3.150.0", False)])
def test_an_engine_on_path_is_judged(checkout, version, taken):
    """A new one is used as it is and ours goes; an old one is passed over."""
    cached_engine(checkout)
    for name in ("pulumi", "pulumi-language-python"):
        program(checkout / "bin" / name, f"echo {version}")
    done = shell(
        checkout,
        '"$tools/engine.sh" "$root"',
        XDG_CACHE_HOME=str(checkout.parent / "cache"),
        PATH=f"{checkout}/bin:/usr/bin:/bin",
    )
    assert done.returncode == 0, done.stderr
    assert (f"{checkout}/bin/pulumi, as it is on PATH" in done.stdout) == taken
    assert (checkout / ".venv" / "engine" / "pulumi").exists() != taken


def test_run_knows_its_commands():
    """Help names each command; a misspelt one is refused before anything is set up."""
    told = subprocess.run([CHECKOUT / "run", "help"], capture_output=True, text=True, check=True, timeout=10).stdout
    for command in ("setup", "demo", "test", "bench", "help"):
        assert f"\n  {command} " in told
    wrong = subprocess.run([CHECKOUT / "run", "dmeo"], capture_output=True, text=True, check=False, timeout=10)
    assert wrong.returncode == 1
    assert "Unable to run 'dmeo'" in wrong.stderr


def test_set_up_leaves_the_callers_interpreter_alone(checkout):
    """`run` starts what comes after a first set-up with the environment's Python, not with the one that made it."""
    done = shell(checkout, 'python=mine; find_python; base=$(find_python); echo "$python"')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "mine"
