"""What no bundle takes, whoever made the archive or the commit."""

import pytest

from components.bundles.tree import Entry, refusals, sorted_entries


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/etc/passwd", "is an absolute path"),
        ("../up", "is no path inside the source"),
        ("a/../../up", "is no path inside the source"),
        ("a//b", "is no path inside the source"),
        ("a/./b", "is no path inside the source"),
        ("sub/.git/config", "belongs to a repository"),
        ("sub/.GIT/hooks/x", "belongs to a repository"),
        ("new\nline", "has characters that no name should have"),
        ("\x1b[2J", "has characters that no name should have"),
    ],
)
def test_a_path_that_leads_astray_is_refused(path, said):
    (told,) = refusals([Entry(path=path)])
    assert said in told


@pytest.mark.parametrize("target", ["/etc/passwd", "../out", "lib/../../out", "", "a\nb"])
def test_a_link_that_leads_out_is_refused(target):
    (told,) = refusals([Entry(path="link", target=target)])
    assert "leads out of the source" in told


def test_a_link_inside_is_taken():
    assert refusals([Entry(path="a/b/link", target="../../c/./d"), Entry(path="c/d")]) == []


def test_links_over_links_are_refused():
    """`x -> y/..` with `y` a link is elsewhere than it looks."""
    entries = [Entry(path="far", target="deep/er"), Entry(path="out", target="far/../../up")]
    assert any("leads out" in told for told in refusals(entries))


@pytest.mark.parametrize("target", ["far/../x", "far/../../x", "far/x"])
def test_a_link_over_another_one_is_refused_though_its_name_stays_inside(target):
    entries = [Entry(path="a/b/far", target="../../c"), Entry(path="a/b/out", target=target)]
    (told,) = refusals(entries)
    assert "'a/b/out' is a link that leads out" in told


def test_nothing_lies_behind_a_link_or_below_a_file():
    entries = [Entry(path="d", target="e"), Entry(path="d/x"), Entry(path="f"), Entry(path="f/y")]
    assert refusals(entries) == ["'d/x' lies behind a link.", "'f/y' lies below a file."]


def test_a_path_twice_is_refused():
    assert refusals([Entry(path="a"), Entry(path="a")]) == ["'a' is there twice."]


def test_what_is_neither_file_nor_link_is_refused():
    assert refusals([Entry(path="a", other="a device")]) == ["'a' is a device."]


def test_many_are_counted():
    told = refusals([Entry(path=f"../{number}") for number in range(40)])
    assert len(told) == 11
    assert told[-1] == "30 more paths are refused."


def test_a_folder_comes_before_what_is_in_it():
    paths = ["a-b", "a/b", "a", "b"]
    assert [entry.path for entry in sorted_entries(Entry(path=path) for path in paths)] == ["a", "a/b", "a-b", "b"]
