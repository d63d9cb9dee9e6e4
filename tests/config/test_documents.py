"""One YAML file into plain data: YAML 1.2, strict, with lines, and never a traceback."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from components.config.documents import MAX_BYTES, parse, read


def flaw(text: str | bytes) -> tuple[int, str, str]:
    document = parse(text if isinstance(text, bytes) else text.encode())
    (only,) = document.flaws
    assert only.remedy
    return only.line, only.message, only.remedy


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ('"12"', "12"),
        ("'2026-12-01'", "2026-12-01"),
        ('"yes"', "yes"),
        ("2 GiB", "2 GiB"),
        ("150 %", "150 %"),
        ("small@2026-01", "small@2026-01"),
        ("192.0.2.10", "192.0.2.10"),
        ("T-1041", "T-1041"),
        ("network:public1", "network:public1"),
        ("52:54:00:ab:cd:ef", "52:54:00:ab:cd:ef"),
        ("[a, 1]", ["a", 1]),
        ("{a: 1}", {"a": 1}),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("1.2.3", "1.2.3"),
        ("none", "none"),
    ],
)
def test_values(written: str, meant: object) -> None:
    document = parse(f"key: {written}\n".encode())
    assert document.flaws == []
    assert document.data == {"key": meant}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026-12-01", "is a date without quotes"),
        ("2026-12-01T10:00:00Z", "is a date without quotes"),
        ("10.50", "number with a point"),
        (".5", "number with a point"),
        ("1e3", "number with a point or exponent"),
        (".inf", "number with a point"),
        ("01234", "leading zero"),
        ("0x1F", "not decimal"),
        ("0o17", "not decimal"),
        ("1_000", "is a number"),
        ("12:30:45", "number with colons"),
        ("52:54:00:12:34:56", "number with colons"),
        ("yes", "true or false to some readers"),
        ("No", "true or false to some readers"),
        ("off", "true or false to some readers"),
        ("9" * 30, "is a number"),
    ],
)
def test_what_readers_disagree_on_needs_quotes(written: str, said: str) -> None:
    line, message, remedy = flaw(f"a: text\nkey: {written}\n")
    assert line == 2
    assert said in message
    assert f'"{written}"' in remedy


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "`a` is given twice"),
        ("a:\n  b: 1\n  b: 2\n", 3, "`b` is given twice"),
        ("yes: 1\n", 1, "is not text"),
        ("12: 1\n", 1, "is not text"),
        ("? \n: 1\n", 1, "A key is empty"),
        ("a: &x 1\nb: *x\n", 1, "Anchors"),
        ("a: !!str 1\n", 1, "tag"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("? [a, b]\n: 1\n", 1, "A key is a mapping or list"),
        ("a: b: c\n", 1, "second colon"),
        ("a: 1\n\tb: 2\n", 2, "A tab"),
        ("a: [1\n", 1, "no YAML"),
        ('a: "x\n', 1, "no YAML"),
        ("- a\n", 1, "not a mapping"),
        ("just text\n", 1, "not a mapping"),
        ("", 1, "It is empty"),
        ("# a comment\n", 1, "It is empty"),
        ("a: \x07\n", 1, "no text file holds"),
        ("a: " + "[" * 50 + "]" * 50 + "\n", 1, "nested too deeply"),
    ],
)
def test_what_is_refused_has_line_and_remedy(text: str, line: int, said: str) -> None:
    found = flaw(text)
    assert said in found[1]
    assert found[0] == line


def test_bytes_that_are_no_text() -> None:
    assert flaw(b"a: 1\nb: \xff\n")[:2] == (2, "It is not UTF-8 text.")


def test_files_of_a_megabyte_and_more() -> None:
    assert "larger than 1 MiB" in flaw(b"a: " + b"x" * MAX_BYTES)[1]


@pytest.mark.parametrize("bomb", [b"[" * 900_000, b"- " * 400_000, b"{a: " * 200_000, b"? " * 400_000])
def test_depth_can_t_hurt(bomb: bytes) -> None:
    """Neither the stack nor the patience of the reader."""
    assert len(parse(bomb).flaws) == 1


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    text = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    assert "Anchors" in flaw(text)[1]


def test_files_that_can_t_be_read(tmp_path: Path) -> None:
    assert read(tmp_path / "none.yaml").flaws[0].message == "There is no such file."
    (tmp_path / "folder.yaml").mkdir()
    assert "can't be read" in read(tmp_path / "folder.yaml").flaws[0].message


def test_lines_of_paths() -> None:
    document = parse(b"# head\na:\n  - x\n  - k: 1\n    l:\n      m: 2\nb: {c: 1,\n    d: 2}\n")
    assert document.line(("a",)) == 2
    assert document.line(("a", 0)) == 3
    assert document.line(("a", 1, "k")) == 4
    assert document.line(("a", 1, "l", "m")) == 6
    assert document.line(("b", "d")) == 8
    assert document.line(("b", "missing", "deep")) == 7
    assert document.line(("nothing",)) == 2


@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbfa: 1")
@example(b"%YAML 9.9\n---\na: 1")
@example(b"\x00")
def test_no_bytes_raise(raw: bytes) -> None:
    document = parse(raw)
    assert (document.data is None) <= bool(document.flaws)
    assert document.line(("a", 0)) >= 0


@given(st.text(alphabet="ab:-[]{},#&*!|>'\"%@`?0123456789._ \n\tyn", max_size=60))
def test_what_we_read_ruamel_reads_the_same(text: str) -> None:
    """Peer: another YAML 1.2 reader. Whatever we accept without a flaw means the same to it."""
    document = parse(text.encode())
    if document.data is None or document.flaws:
        return
    yaml = YAML(typ="safe", pure=True)
    try:
        peer = yaml.load(text)
    except YAMLError:
        return  # It refuses more than libyaml does; that harms nobody.
    assert document.data == peer


def test_a_word_that_some_read_as_false_is_not_only_called_that() -> None:
    """`power: off` asks for another word altogether."""
    _, _, remedy = flaw("power: off\n")
    assert remedy == 'Write true or false where that is asked, "off" where any text is, else a word that belongs here.'
