"""A Pulumi project in a folder of its own, run by the real engine with our language host beside it."""

import os
import shutil
import signal
import subprocess
import textwrap
import time
import uuid
from pathlib import Path

import pytest

from components.engine.location import CHECKOUT, engine_path

MARK = "VPS_TEST_MARK"


class Project:
    """One project with the stack `dev`, a program in `program/` and, if asked for, a policy pack in `pack/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex
        engine = folder / "engine"
        engine.mkdir()
        try:
            os.link(engine_path(), engine / "pulumi")
        except OSError:
            shutil.copy2(engine_path(), engine / "pulumi")
        (engine / "pulumi-language-python").symlink_to(CHECKOUT / ".ci" / "toolchain" / "pulumi-language-python")
        (folder / "state").mkdir()
        (folder / "program").mkdir()
        (folder / "Pulumi.yaml").write_text("name: tiny\nruntime: python\nmain: program\n")
        self.environment = {
            "PATH": f"{engine}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            MARK: self.mark,
        }
        self.program("")
        self.pulumi("stack", "init", "dev", expect=0)

    def program(self, text: str) -> None:
        (self.folder / "program" / "__main__.py").write_text(textwrap.dedent(text))

    def pack(self, text: str) -> None:
        (self.folder / "pack").mkdir()
        (self.folder / "pack" / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.0.1\n")
        (self.folder / "pack" / "__main__.py").write_text(textwrap.dedent(text))

    def pulumi(self, *arguments: str, expect: int | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        if expect is not None:
            assert done.returncode == expect, done.stdout
        return done

    def start(self, *arguments: str, until: str) -> subprocess.Popen[bytes]:
        """Start the engine and wait until the program has made the file `until`."""
        engine = subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "output").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        wait_for((self.folder / until).exists, 20)
        return engine

    def processes(self) -> dict[int, str]:
        """Every living process that descends from this project's engine, told by an environment variable."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except (OSError, ValueError):
                continue
        return found

    def kill_all(self) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


def wait_for(happened, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"nothing within {seconds} s"
        time.sleep(0.05)


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    yield project
    project.kill_all()
