"""The table of codes is complete, and says what the code does: read from the sources, both ways."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "components" / "domain" / "rules" / "README.md"
MAKERS = ("Problem", "choice", "unknown", "_clashes", "Kind")
ROW = re.compile(r"^\| `([a-z-]+)` \| ([a-z, ]+) \| ([a-z, ]+) \| (.+) \| (.+) \|$", re.MULTILINE)


def _calls() -> Iterator[tuple[Path, str, ast.Call, dict[str, ast.expr]]]:
    for path in sorted((ROOT / "components").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                yield path, node.func.id, node, {word.arg: word.value for word in node.keywords if word.arg}


def _texts(expression: ast.expr) -> list[str]:
    return [one.value for one in ast.walk(expression) if isinstance(one, ast.Constant) and isinstance(one.value, str)]


CALLS = list(_calls())
KINDS = {
    name.id: code
    for path, _, node, words in CALLS
    if path.name == "references.py" and "key" in words
    for code in _texts(words["code"])
    for name in [
        target
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.Assign) and statement.lineno <= node.lineno <= (statement.end_lineno or 0)
        for target in statement.targets
        if isinstance(target, ast.Name)
    ]
}
ROWS = {
    code: (severity, stops, means, remedy) for code, severity, stops, means, remedy in ROW.findall(README.read_text())
}


def _used() -> dict[str, set[tuple[str, str]]]:
    """Of each code, what its problems are: severity and whom they stop."""
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for path, maker, node, words in CALLS:
        if maker == "Kind":
            continue
        if maker == "unknown":
            kind = node.args[2]
            assert isinstance(kind, ast.Name)
            codes = [KINDS[kind.id]]
        else:
            codes = _texts(words["code"]) if "code" in words else []
        severity = ast.unparse(words["severity"]) if "severity" in words else "Severity.ERROR"
        blocks = ast.unparse(words["blocks"]) if "blocks" in words else "True"
        by_change = path.name == "arrivals.py" or codes == ["client-quota"]
        stops = "change" if by_change else {"True": "stack", "False": "no"}.get(blocks, "?")
        for code in codes:
            for name in ("error", "warning"):
                if f"Severity.{name.upper()}" in severity:
                    found[code].add((name, stops))
    return found


USED = _used()


def test_every_problem_has_a_code() -> None:
    without = [f"{path.relative_to(ROOT)}:{node.lineno}" for path, _, node, words in CALLS if "code" not in words]
    assert [place for place in without if ":" in place and not _is_unknown(place)] == []


def _is_unknown(place: str) -> bool:
    """A reference has the code of its kind."""
    path, _, line = place.rpartition(":")
    return any(
        maker == "unknown" and node.lineno == int(line) for found, maker, node, _ in CALLS if found == ROOT / path
    )


def test_the_table_has_every_code_once_and_no_other() -> None:
    listed = [row[0] for row in ROW.findall(README.read_text())]
    assert sorted(listed) == sorted(set(listed))
    handed_on = {"new-from-expired-image", "new-from-withdrawn-image", "new-from-retired-image"}
    computed = {"file-unreadable", "no-yaml", "shape", "warranty-over", "warranty-ending"}
    assert set(listed) - (set(USED) | handed_on | computed) == set(), "the table has codes that nothing uses"
    assert set(USED) - set(listed) == set(), "the table lacks codes"
    for code in handed_on | computed:
        assert any(f'"{code}"' in path.read_text() for path in (ROOT / "components").rglob("*.py")), code


@pytest.mark.parametrize("code", sorted(USED))
def test_the_table_says_what_the_code_does(code: str) -> None:
    severity, stops, means, remedy = ROWS[code]
    assert severity in {one for one, _ in USED[code]}
    assert set(stops.split(", ")) == {one for _, one in USED[code]} - {"?"}
    assert means
    assert remedy
