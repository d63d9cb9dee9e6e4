"""The Python language host of a built engine, with the real engine: what a program does reaches the user, and ends."""

import json
import signal
import time

import pytest

from tests.toolchain.conftest import wait_for

pytestmark = pytest.mark.engine


def test_output_and_error_of_the_program_reach_the_user(project):
    """What a program prints is shown, also without a newline at its end; nothing is warned about."""
    project.program("""
        import os, sys
        print("to output")
        print("to error", file=sys.stderr)
        os.write(1, b"from below python\\n")
        print("no newline", end="")
    """)
    told = project.pulumi("preview", expect=0).stdout
    for words in ("to output", "to error", "from below python", "no newline"):
        assert words in told
    assert "warning" not in told


def test_program_runs_where_it_expects(project):
    """Its working directory and the first folder of its path are the program's, and it is `__main__`."""
    (project.folder / "program" / "beside.py").write_text("WORD = 'found beside the program'\n")
    project.program("""
        import json, os, pathlib, sys
        import beside
        pathlib.Path("seen.json").write_text(json.dumps([os.getcwd(), sys.path[0], __name__, beside.WORD]))
    """)
    project.pulumi("preview", expect=0)
    program = str(project.folder / "program")
    seen = json.loads((project.folder / "program" / "seen.json").read_text())
    assert seen == [program, program, "__main__", "found beside the program"]


def test_an_exception_shows_the_programs_own_traceback(project):
    """The run fails; the traceback holds the program's lines and none of the host's, the SDK's or Python's own."""
    project.program("""
        import json
        def read():
            return json.loads("{")
        read()
    """)
    done = project.pulumi("preview")
    assert done.returncode == 1
    assert "program/__main__.py" in done.stdout
    assert 'return json.loads("{")' in done.stdout
    assert "JSONDecodeError" in done.stdout
    for foreign in ("language_host.py", "/pulumi/runtime/", "json/decoder.py", "runpy", "asyncio"):
        assert foreign not in done.stdout
    assert done.stdout.count("Traceback") == 1


def test_an_exception_in_an_apply_fails_the_run(project):
    """What goes wrong after the program's last line is no less an error."""
    project.program("""
        import pulumi
        pulumi.Output.from_input("x").apply(lambda _: 1 / 0)
    """)
    done = project.pulumi("preview")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
    assert "program/__main__.py" in done.stdout
    assert "/pulumi/output.py" not in done.stdout


def test_a_run_error_is_its_message_alone(project):
    """`RunError` is how a program says what is wrong with the files: no traceback, said once."""
    project.program("""
        import pulumi
        try:
            {}["web1"]
        except KeyError as cause:
            raise pulumi.RunError("web1: no such VPS. Choose web2.") from cause
    """)
    done = project.pulumi("preview")
    assert done.returncode == 1
    assert "error: web1: no such VPS. Choose web2.\n" in done.stdout
    assert "Traceback" not in done.stdout
    assert "KeyError" not in done.stdout


@pytest.mark.parametrize(("leave", "expected"), [("sys.exit(3)", 1), ("sys.exit('no fleet')", 1), ("sys.exit(0)", 0)])
def test_exit_status_of_the_program_counts(project, leave, expected):
    """A program that leaves with a status fails the run, and one that leaves content does not."""
    project.program(f"import sys\n{leave}\n")
    done = project.pulumi("preview")
    assert done.returncode == expected, done.stdout
    assert ("The program stopped early" in done.stdout) == bool(expected)


def test_secrets_in_config_arrive_and_are_not_shown(project):
    """A secret is plain in the program, and nowhere in what is shown or kept."""
    project.pulumi("config", "set", "--secret", "password", "correct-horse", expect=0)
    project.pulumi("config", "set", "colour", "blue", expect=0)
    project.program("""
        import pathlib, pulumi
        config = pulumi.Config()
        pathlib.Path("seen").write_text(config.require("password") + " " + config.require("colour"))
        pulumi.export("password", config.require_secret("password"))
        pulumi.export("colour", config.require("colour"))
    """)
    told = project.pulumi("up", "--yes", "--skip-preview", expect=0).stdout
    assert (project.folder / "program" / "seen").read_text() == "correct-horse blue"
    assert "[secret]" in told
    assert "blue" in told
    assert "correct-horse" not in told
    for path in (project.folder / "state").rglob("*"):
        assert not path.is_file() or "correct-horse" not in path.read_text(), path


PACK = """
    from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy

    def judge(args, report):
        names = [r.name for r in args.resources]
        print("judged", flush=True)
        if "forbidden" in names:
            report("forbidden must not be there. Rename it.")

    PolicyPack("tiny", [StackValidationPolicy(
        name="no-forbidden", description="x", enforcement_level=EnforcementLevel.MANDATORY, validate=judge)])
"""


@pytest.mark.parametrize(("name", "expected"), [("allowed", 0), ("forbidden", 1)])
def test_a_mandatory_policy_decides(project, name, expected):
    """A policy pack runs, and its refusal stops the preview with its words; nothing is left running."""
    project.pack(PACK)
    project.program(f'import pulumi\npulumi.ComponentResource("tiny:index:Thing", "{name}")\n')
    done = project.pulumi("preview", "--policy-pack", "pack")
    assert done.returncode == expected, done.stdout
    assert ("forbidden must not be there. Rename it." in done.stdout) == bool(expected)
    wait_for(lambda: not project.processes(), 3)


def test_a_policy_pack_that_fails_says_why(project):
    """The words of a broken pack reach the user, and the run fails."""
    project.pack("raise RuntimeError('the pack is broken')")
    done = project.pulumi("preview", "--policy-pack", "pack")
    assert done.returncode not in (0, None)
    assert "the pack is broken" in done.stdout


WAITING = """
    import pathlib, time
    pathlib.Path("../started").touch()
    time.sleep(120)
"""


def test_interrupt_ends_everything_soon(project):
    """One SIGINT at the engine during `up`: it ends by itself, with its host and policy pack, and frees the stack."""
    project.pack(PACK)
    project.program(WAITING)
    engine = project.start("up", "--yes", "--skip-preview", "--policy-pack", "pack", until="started")
    assert any("language_host.py" in command for command in project.processes().values())
    assert any("--policy-pack" in command and "language_host.py" in command for command in project.processes().values())
    began = time.monotonic()
    engine.send_signal(signal.SIGINT)
    assert engine.wait(timeout=10) != 0
    assert time.monotonic() - began < 5
    wait_for(lambda: not project.processes(), 3)
    project.program("")
    project.pulumi("up", "--yes", "--skip-preview", expect=0)


def test_a_killed_engine_takes_its_host_along(project):
    """`kill -9` of the engine: host and policy pack notice and end too."""
    project.pack(PACK)
    project.program(WAITING)
    engine = project.start("up", "--yes", "--skip-preview", "--policy-pack", "pack", until="started")
    assert len(project.processes()) >= 3
    engine.kill()
    engine.wait(timeout=5)
    wait_for(lambda: not project.processes(), 5)


def test_about_names_the_interpreter_and_what_is_installed(project):
    """`pulumi about`, the first thing a report of a fault needs, is answered."""
    about = json.loads(project.pulumi("about", "--json").stdout)
    assert about["runtime"]["language"] == "python"
    assert about["runtime"]["executable"].endswith("/.venv/bin/python")
    assert {"grpcio", "pulumi"} <= {found["name"] for found in about["dependencies"]}
