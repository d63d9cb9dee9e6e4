"""lib.sh, which every script of a guest stands on, and the runners of checks and sections, without a guest."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from components.cloudinit.contract import TEMPLATES

pytestmark = pytest.mark.lab

LIB = TEMPLATES / "guest/overlay/usr/local/lib/vps"
SETTINGS = {
    "vps": "v-h3k9",
    "uuid": "u",
    "addresses": ["192.0.2.10", "2001:db8::1"],
    "panel": {"allow": None, "ssl_sites": []},
    "acme": {"staging": False, "ca": "a\nb"},
    "options": {"sites": 3, "modules": [{"name": "x y"}]},
}


class Place:
    """A folder that stands for a guest's own places."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lib = folder / "lib"
        self.lib.mkdir()
        for name in ("lib.sh", "health", "report"):
            (self.lib / name).symlink_to(LIB / name)
        for name in ("health.d", "report.d"):
            (self.lib / name).mkdir()
        (folder / "guest.json").write_text(json.dumps(SETTINGS))
        self.env = {
            "PATH": os.environ["PATH"],
            "VPS_LIB": str(self.lib),
            "VPS_SETTINGS": str(folder / "guest.json"),
            "VPS_SECRETS": str(folder / "secrets"),
            "VPS_STATE": str(folder / "state"),
            "VPS_RUN": str(folder / "run"),
            "VPS_LOG": str(folder / "log"),
            "VPS_FLAVOUR": str(folder / "flavour.json"),
        }

    def sh(self, text: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run shell text that has sourced lib.sh."""
        words = ["sh", "-euc", f'. "$VPS_LIB/lib.sh"\n{text}']
        return subprocess.run(
            words, env=self.env, cwd=self.folder, capture_output=True, text=True, check=check, timeout=60
        )

    def script(self, name: str, text: str) -> None:
        """A check or a section."""
        path = self.lib / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def health(self, *words: str) -> tuple[int, dict[str, dict[str, object]]]:
        """The exit code of `health`, and what it wrote of each check."""
        done = subprocess.run(
            [self.lib / "health", *words], env=self.env, capture_output=True, text=True, check=False, timeout=60
        )
        said = json.loads((self.folder / "run/health.json").read_text())
        assert done.stdout.count("\n") == len(said["checks"])
        return done.returncode, {check["name"]: check for check in said["checks"]} | {"": said}

    def report(self) -> str:
        """What `report` prints."""
        return subprocess.run(
            [self.lib / "report"], env=self.env, capture_output=True, text=True, check=True, timeout=60
        ).stdout


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("vps", "v-h3k9\n"),
        ("addresses", "192.0.2.10\n2001:db8::1\n"),
        ("addresses.1", "2001:db8::1\n"),
        ("panel.allow", ""),
        ("panel.ssl_sites", ""),
        ("acme.staging", "false\n"),
        ("acme.ca", "a\nb\n"),
        ("acme.none.at.all", ""),
        ("options.sites", "3\n"),
        ("options.modules", '{"name":"x y"}\n'),
        ("options.modules.0.name", "x y\n"),
        ("panel", '{"allow":null,"ssl_sites":[]}\n'),
    ],
)
def test_a_setting_is_found_by_its_path(place: Place, path: str, value: str) -> None:
    """Lists come one item a line, what is absent as nothing."""
    assert place.sh(f"setting {path}").stdout == value


def test_settings_that_are_not_there_are_empty(place: Place) -> None:
    (place.folder / "guest.json").unlink()
    assert place.sh("setting vps; flavour name").stdout == ""


def test_what_stands_in_a_secret_is_told_to_nobody(place: Place) -> None:
    """Also twice in a line, of any of them; a short line of a file hides nothing else."""
    secrets = place.folder / "secrets"
    secrets.mkdir()
    (secrets / "panel-admin").write_text("abcdefghijklmnop\n")
    (secrets / "key").write_text("short\nQRSTUVWXYZ+/&\\1\n")
    (secrets / "key.pub").write_text("a public line of it\n")
    said = "mysql://aegir:abcdefghijklmnop@x abcdefghijklmnop\nshort QRSTUVWXYZ+/&\\1.\na public line of it\n"
    (place.folder / "said").write_text(said)
    assert place.sh("hide <said").stdout == "mysql://aegir:***@x ***\nshort ***.\na public line of it\n"
    for name in ("panel-admin", "key", "key.pub"):
        (secrets / name).unlink()
    assert place.sh("hide <said").stdout == said


def test_a_secret_is_made_once_for_root_alone(place: Place) -> None:
    """Long, of letters and digits, in a folder that nobody else enters; names that leave it are refused."""
    (path,) = place.sh("secret db-root").stdout.split()
    first = Path(path).read_text()
    assert re.fullmatch("[A-Za-z0-9]{32}", first)
    assert (Path(path).stat().st_mode & 0o777, Path(path).parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert place.sh("secret db-root").stdout.strip() == path
    assert Path(path).read_text() == first
    assert place.sh('[ "$(cat "$(secret other)")" != "$(cat "$(secret db-root)")" ]').returncode == 0
    for name in ("../x", "a/b", "", "A", "a b"):
        assert place.sh(f"secret '{name}'", check=False).returncode != 0


def test_a_file_is_put_whole_or_not_at_all(place: Place) -> None:
    """Nothing on standard input leaves the old one; no temporary file stays behind."""
    assert place.sh("echo one | put file 0640; : | put file || echo kept").stdout == "kept\n"
    assert (place.folder / "file").read_text() == "one\n"
    assert (place.folder / "file").stat().st_mode & 0o777 == 0o640
    assert not list(place.folder.glob(".file*"))
    codes = "echo two | changed file 0640; echo $?; echo two | changed file 0640 || echo $?"
    assert place.sh(codes).stdout.split() == ["0", "1"]


def test_words_for_others_hold_nothing_that_steers(place: Place) -> None:
    assert place.sh(r"printf '\033[31mred\007\n\nnext  ' | plain 9").stdout == "[31mred\n"
    assert place.sh("in_url 192.0.2.1; in_url 2001:db8::1").stdout.split() == ["192.0.2.1", "[2001:db8::1]"]


def test_checks_are_told_by_their_codes(place: Place) -> None:
    """0 pass, 1 fail, 2 degraded, 3 skipped; too slow or broken is a failure; one line, not too long."""
    for name, text in {
        "a-pass": "# what: is well\necho well; echo more",
        "b-fail": "echo ill; exit 1",
        "c-degraded": "echo so so; exit 2",
        "d-skipped": "echo not here; exit 3",
        "e-slow": "# deadline: 1\nsleep 30",
        "f-broken": "printf '\\033[2Jx\\n'; exit 77",
        "g-long": "head -c 100000 /dev/zero | tr '\\000' x",
    }.items():
        place.script(f"health.d/{name}", text)
    code, said = place.health("--now")
    assert code == 1
    states = [said[name]["state"] for name in sorted(said) if name]
    assert states == ["pass", "fail", "degraded", "skipped", "fail", "fail", "pass"]
    assert (said["a-pass"]["what"], said["a-pass"]["message"]) == ("is well", "well")
    assert said["e-slow"]["message"] == "no answer within 1 s"
    assert said["f-broken"]["message"] == "the check itself broke (code 77): [2Jx"
    assert len(str(said["g-long"]["message"])) <= 300
    assert said[""]["state"] == "fail"


def test_slow_checks_run_only_when_they_are_due(place: Place) -> None:
    """`# every:` keeps a result for its time; --now asks all, --failed those that failed."""
    count = 'echo x >>"$0.times"; wc -l <"$0.times"'
    place.script("health.d/daily", f"# every: 86400\n{count}")
    place.script("health.d/each", count)
    place.script("health.d/red", f"{count}; exit 1")
    for words, times in ((("--now",), "111"), ((), "122"), (("--failed",), "123"), (("--now",), "234")):
        _, said = place.health(*words)
        assert "".join(str(said[name]["message"]) for name in ("daily", "each", "red")) == times, words


def test_no_check_at_all_is_no_health(place: Place) -> None:
    code, said = place.health("--now")
    assert (code, said[""]["state"]) == (1, "fail")


def test_the_report_survives_whatever_a_section_does(place: Place) -> None:
    """No JSON, too much of it, too slow, failing: said of that section alone."""
    place.script("health.d/one", "echo well")
    place.health("--now")
    place.script("report.d/good", """echo '{"a": [1, 2]}'""")
    place.script("report.d/words", "echo no json")
    place.script("report.d/huge", "head -c 100000 /dev/zero | tr '\\000' 1")
    place.script("report.d/silent", "exit 0")
    place.script("report.d/slow", "sleep 30")
    place.script("report.d/schema", "echo 9")
    (place.folder / "log").write_text("".join(f"line {number} \033[31m\n" for number in range(50)))
    said = json.loads(place.report())
    assert said["good"] == {"a": [1, 2]}
    for name in ("words", "huge", "silent", "slow"):
        assert "error" in said[name], name
    assert (said["schema"], said["vps"]) == (1, "v-h3k9")
    assert said["delivery"]["state"] == "installing"
    assert said["delivery"]["log"][-1] == "line 49 [31m"
    assert len(said["delivery"]["log"]) == 20
    assert said["health"]["checks"][0]["name"] == "one"


def test_a_report_is_never_larger_than_it_may_be(place: Place) -> None:
    """Too many sections: what matters stays, as JSON."""
    for number in range(8):
        place.script(f"report.d/s{number}", "printf '\"'; head -c 12000 /dev/zero | tr '\\000' x; printf '\"'")
    text = place.report()
    assert len(text) <= 65536
    assert json.loads(text)["shortened"] is True
    assert json.loads(text)["vps"] == "v-h3k9"


def test_every_step_and_check_says_what_it_does() -> None:
    """In its head, for whoever runs it; and it can be run."""
    layers = [TEMPLATES / "guest", *(TEMPLATES / "flavours").iterdir(), *(TEMPLATES / "images").iterdir()]
    scripts = [path for layer in layers for path in layer.rglob("*") if path.is_file()]
    heads = [path for path in scripts if path.parent.name in ("firstboot.d", "health.d")]
    assert len(heads) > 30
    for path in heads:
        head = path.read_text().splitlines()[1:8]
        for word in ("what", "deadline"):
            assert any(line.startswith(f"# {word}: ") for line in head), f"{path}: no `# {word}:`"
        assert os.access(path, os.X_OK), path
