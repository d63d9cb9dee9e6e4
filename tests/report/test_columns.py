"""Tables that fit their terminal: nothing is lost without a word."""

from hypothesis import given
from hypothesis import strategies as st

from components.report.columns import fitting, table, wrapped

ROWS = [
    ("vps", "package", "fee", "then", "note"),
    ("coop/web1", "small@2026-01", "9.00 EUR", "renews", ""),
    ("coop/web2", "medium@2026-01", "19.00 EUR", "ends", "suspended"),
]


def test_without_a_limit_all_is_in_columns() -> None:
    assert table(ROWS, right=(2,)) == [
        "vps        package               fee  then    note",
        "coop/web1  small@2026-01    9.00 EUR  renews",
        "coop/web2  medium@2026-01  19.00 EUR  ends    suspended",
    ]
    assert table([]) == []


def test_what_has_no_room_goes_under_its_row_or_is_named() -> None:
    assert table(ROWS, 46, right=(2,), leaving=(4, 3)) == [
        "vps        package               fee  then",
        "coop/web1  small@2026-01    9.00 EUR  renews",
        "coop/web2  medium@2026-01  19.00 EUR  ends",
        "    note suspended",
    ]
    assert table(ROWS, 40, leaving=(2, 4, 3), drop=(2,), quiet=("", "renews")) == [
        "vps        package         then",
        "coop/web1  small@2026-01   renews",
        "coop/web2  medium@2026-01  ends",
        "    note suspended",
        "left out, for the terminal is narrow: fee",
    ]


def test_nothing_steers_a_terminal() -> None:
    assert table([("a",), ("\x1b[31m\n",)]) == ["a", "?[31m?"]
    assert table([("head", "note"), ("x", "a\tb")], 6, leaving=(1,)) == ["head", "x", "    note", "    a?b"]


WORDS = st.text("abc", min_size=1, max_size=12)


@given(rows=st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS), min_size=1, max_size=5), most=st.integers(30, 80))
def test_lines_fit_and_every_value_is_there(rows: list[tuple[str, ...]], most: int) -> None:
    lines = table([("one", "two", "three", "four"), *rows], most, leaving=(3, 2, 1))
    assert max(map(len, lines)) <= most
    told = " ".join(lines).replace(";", " ").split()
    assert all(cell in told for row in rows for cell in row)


@given(widths=st.lists(st.integers(0, 30), min_size=1, max_size=8), most=st.none() | st.integers(0, 99))
def test_no_column_goes_without_need(widths: list[int], most: int | None) -> None:
    leaving = list(reversed(range(1, len(widths))))
    stay = fitting(widths, most, leaving)
    assert stay == list(range(len(stay)))
    if most is None or sum(widths) + 2 * (len(widths) - 1) <= most:
        assert len(stay) == len(widths)


def test_a_text_is_wrapped_and_nothing_is_no_line() -> None:
    assert wrapped("one two three", 12) == ["    one two", "    three"]
    assert wrapped("one two three", None) == ["    one two three"]
    assert wrapped("", 12) == wrapped("", None) == []
