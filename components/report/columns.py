"""Rows in columns, on a terminal as wide as it is: what doesn't fit goes under its row, or is left out and named."""

import textwrap
from collections.abc import Collection, Iterator, Sequence

GAP = 2
"""Blanks between columns."""
INDENT = "    "
QUIET = ("", "-")
"""Values that say nothing, so that nothing of them goes under a row."""


def clean(cell: str) -> str:
    """A cell in which nothing steers a terminal."""
    return cell if cell.isprintable() else "".join(one if one.isprintable() else "?" for one in cell)


def fitting(widths: Sequence[int], most: int | None, leaving: Sequence[int]) -> list[int]:
    """The columns that stay, in their order: those of `leaving` go one after the other until the rest fits in `most`.

    None for `most`: there is no limit, so all stay.
    """
    stay = list(range(len(widths)))
    for column in leaving:
        if most is None or sum(widths[one] for one in stay) + GAP * (len(stay) - 1) <= most:
            break
        stay.remove(column)
    return stay


def table(
    rows: Sequence[Sequence[str]],
    most: int | None = None,
    *,
    right: Collection[int] = (),
    leaving: Sequence[int] = (),
    drop: Collection[int] = (),
    quiet: Collection[str] = QUIET,
) -> list[str]:
    """Lines of at most so many columns of characters, where that can be had; the first row has the heads.

    Where there is no room, the columns `leaving` go in this order: under their row, each value that is not `quiet`
    after its head; those of `drop` are left out, which a last line tells. Columns at `right` stand at their right.
    """
    cells = [[clean(cell) for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    stay = fitting(widths, most, leaving)
    under = [one for one in leaving if one not in stay and one not in drop]
    heads, lines = cells[0], []
    for number, row in enumerate(cells):
        shown = (row[one].rjust(widths[one]) if one in right else row[one].ljust(widths[one]) for one in stay)
        lines.append((" " * GAP).join(shown).rstrip())
        if number and under and most is not None:
            lines += _under(heads, row, sorted(under), most, quiet)
    gone = [heads[one] for one in leaving if one not in stay and one in drop]
    if gone:
        lines.append(left_out(gone))
    return lines


def left_out(heads: Sequence[str]) -> str:
    """What a narrow terminal does not show."""
    return f"left out, for the terminal is narrow: {', '.join(heads)}"


def _under(
    heads: Sequence[str], row: Sequence[str], columns: Sequence[int], most: int, quiet: Collection[str]
) -> Iterator[str]:
    told = "; ".join(f"{heads[one]} {row[one]}".strip() for one in columns if row[one] not in quiet)
    yield from wrapped(told, most)


def wrapped(text: str, most: int | None) -> list[str]:
    """A text under a row, in lines that fit; nothing of nothing."""
    if most is None:
        return [INDENT + text] if text else []
    return textwrap.wrap(
        text,
        max(most, 2 * len(INDENT)),
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
