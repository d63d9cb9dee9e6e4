import pytest

from components.lab.command import LabError, call


def test_failure_carries_the_commands_own_words_and_the_remedy():
    with pytest.raises(LabError, match=r"^Unable to test: it hurts\. Rest\.$"):
        call(["sh", "-c", "echo it hurts >&2; exit 3"], what="Unable to test", remedy="Rest.")


def test_failure_that_does_not_matter_gives_what_was_said():
    assert call(["sh", "-c", "echo so; exit 3"]) == "so\n"


def test_deadline_ends_the_command():
    with pytest.raises(LabError, match=r"did not end within 0\.2 s"):
        call(["sleep", "30"], timeout_s=0.2)


def test_missing_tool_is_named():
    with pytest.raises(LabError, match="no-such-tool: No such file"):
        call(["no-such-tool"])


def test_nothing_of_the_callers_environment_is_handed_on(monkeypatch):
    monkeypatch.setenv("SECRET", "s3cr3t")
    assert "s3cr3t" not in call(["env"])
