"""Whatever a value holds, Markdown and HTML show exactly its text."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.kit.markdown import Safe, code, escape, link, listed, one_line, to_html

HOSTILE = [
    "<b>x</b>", "<script>alert(1)</script>", "a | b", "*x* _y_ `z`", "[x](javascript:alert(1))", "![x](http://y/z)",
    "# x", "- x", "+ x", "1. x", "12) x", "===", "---", "> x", "&amp;", "&lt;b&gt;", "a\nb", "\ta", "\\", "a\\", "\\|",
    "<http://evil.example>", "~~x~~", "{{ 7*7 }}", "{% raw %}", "`" * 5, "x\u202ey", "x\u2028y", "\x00", "$x$", "^",
    "1.", "2)", "=", "-", "+", "  ", "[1]: http://x", "http://evil.example", "{#id}", "***", "a_b_c", "\u00a0",
]  # fmt: skip
values = st.text(max_size=60) | st.sampled_from(HOSTILE)


class Page(HTMLParser):
    """What a browser would see: tags in order, and the text without spaces at ends of lines."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


ROW = ["div", "table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
PLACES = {
    "paragraph": ("Before {} after.\n", ["p"]),
    "item": ("- {}\n", ["ul", "li"]),
    "head": ("## Of {}\n", ["h2"]),
    "cell": ("| a | b |\n| --- | --- |\n| {} | after |\n", ROW),
}


@pytest.mark.parametrize("place", PLACES)
@given(value=values)
@example(value="<img src=x onerror=alert(1)>")
@example(value="a|b\\")
def test_a_value_is_shown_as_it_is(place: str, value: str) -> None:
    """No tag of its own, no cell of its own, not a letter lost."""
    text, tags = PLACES[place]
    page = Page(to_html(text.format(escape(value) or "nothing")))
    shown = one_line(value) or "nothing"
    wanted = {"paragraph": "Before {} after.", "item": "{}", "head": "Of {}", "cell": "ab{}after"}[place]
    assert page.tags == tags
    assert page.text.replace("\n", "") == wanted.format(shown)


@given(value=values)
def test_what_is_to_be_typed_is_shown_as_it_is(value: str) -> None:
    page = Page(to_html(f"x {code(value)} y\n"))
    assert page.words == " ".join(f"x {one_line(value)} y".split())
    assert set(page.tags) <= {"p", "code"}


@given(value=values)
def test_a_link_leads_only_to_what_is_one(value: str) -> None:
    """No script, no file, nothing relative."""
    page = Page(to_html(f"x {link(value)} y\n"))
    assert page.words == " ".join(f"x {one_line(value)} y".split())
    assert "a" not in page.tags or value.startswith(("http://", "https://")) or "@" in value


def test_real_addresses_are_links() -> None:
    assert 'href="https://help.example/a?b=c"' in to_html(link("https://help.example/a?b=c"))
    assert 'href="mailto:ada@coop.example"' in to_html(link("ada@coop.example"))
    assert "href" not in to_html(link("javascript:alert(1)"))
    assert "href" not in to_html(link("https://user:secret@help.example/"))


def test_only_what_a_filter_made_is_left_as_it_is() -> None:
    assert escape(Safe("*x*")) == "*x*"
    assert escape("*x*") == r"\*x\*"
    assert listed([code("a-b"), "c|d"]) == r"`a-b`, c\|d"
    assert listed([]) == ""


def test_nothing_turns_the_direction_of_a_line() -> None:
    """A name that reads backwards hides what it is."""
    assert one_line("abc\u202edef\u2066\nghi") == "abc def ghi"


def test_headings_have_ids_of_their_own() -> None:
    html = to_html("# A b\n\n## A b\n\n## Ünï\n\n## !\n")
    assert [f'id="{one}"' in html for one in ("a-b", "a-b-2", "ünï", "part")] == [True] * 4


def test_tables_scroll_by_themselves_and_say_what_they_are() -> None:
    html = to_html('## "Limits" & <more>\n\n| a |\n| --- |\n| 1 |\n')
    assert '<div class="table" tabindex="0" role="group" aria-label="&quot;Limits&quot; &amp; &lt;more&gt;">' in html
    assert '<th scope="col">a</th>' in html
    assert html.count("</div>") == 1


def test_a_table_without_heads_has_one_in_each_row() -> None:
    html = to_html("| | |\n| --- | --- |\n| Name | x |\n| Id | y |\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n")
    assert html.count("<thead>") == 1
    assert '<th scope="row">Name</th>\n<td>x</td>' in html
    assert '<th scope="row">Id</th>\n<td>y</td>' in html
    assert "<td>1</td>\n<td>2</td>" in html


def test_links_between_documents_lead_to_pages() -> None:
    html = to_html("[a](dns.md) [b](dns.md#x) [c](https://x.example/y.md)\n")
    assert [one in html for one in ('"dns.html"', '"dns.html#x"', '"https://x.example/y.md"')] == [True] * 3
