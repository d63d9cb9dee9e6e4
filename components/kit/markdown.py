"""Markdown that holds any value unharmed, and its way into HTML.

Every value that a template prints is escaped, without the template's doing: a client may be called `<b>|*x*`, on two
lines. Only what a filter here made is printed as it is.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~#{}]")
_PLAIN = re.compile(r"[A-Za-z0-9.:/@_+~= -]*[A-Za-z0-9.:/@_+~=-]", re.ASCII)
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)", re.ASCII)
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?", re.ASCII)
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", re.ASCII)
_SLUG = re.compile(r"[^\w]+")
_SECTIONS = re.compile(r"^(?=#{2,3} )", re.MULTILINE)
_ID = re.compile("\0([^\0]*)\0")


class Safe(str):
    """Markdown that is printed as it is."""

    __slots__ = ()


def escape(value: object) -> str:
    """A value as Markdown that shows exactly its text on one line; what can't be shown becomes a space."""
    if isinstance(value, Safe):
        return value
    text = one_line(value)
    text = _SPECIAL.sub(r"\\\g<0>", text)
    if text[:1] in ("-", "+", "="):
        text = "\\" + text
    return _NUMBERED.sub(r"\1\\\2", text, count=1) if text[:1].isdigit() else text


def one_line(value: object) -> str:
    """The text of a value without what moves a cursor, turns a line's direction or starts a new one."""
    text = str(value)
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return " ".join(text.split())


def code(value: object) -> Safe:
    """Something to type, in the type of a machine; where backticks could be mistaken, in plain letters."""
    text = str(value)
    return Safe(f"`{text}`" if _PLAIN.fullmatch(text) and text == text.strip() else escape(text))


def link(value: object) -> Safe:
    """An address of the web, or of somebody's mail, to click on; anything else is only shown."""
    text = str(value)
    if _URL.fullmatch(text) or (_MAIL.fullmatch(text) and "|" not in text and "`" not in text):
        return Safe(f"<{text}>")
    return Safe(escape(text))


def listed(values: Iterable[object]) -> Safe:
    """Several values in one place, with commas between them."""
    return Safe(", ".join(escape(value) for value in values))


def to_html(text: str) -> str:
    """The HTML of a document's body: headings with ids, tables that scroll by themselves, links to pages."""
    seen: dict[str, int] = {}

    def own(found: re.Match[str]) -> str:
        slug = found[1]
        seen[slug] = seen.get(slug, 0) + 1
        return slug if seen[slug] == 1 else f"{slug}-{seen[slug]}"

    return _ID.sub(own, "".join(map(_section, _SECTIONS.split(text))))


@functools.lru_cache(maxsize=1024)
def _section(text: str) -> str:
    """A part of a document from one heading to the next: most say the same to every client. Ids stand between NULs."""
    tokens = list(_without_empty_heads(_parser().parse(text)))
    _mend(tokens)
    return str(_parser().renderer.render(tokens, _parser().options, {}))


def _mend(tokens: Sequence[Token]) -> None:
    heading = ""
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = _text(tokens[index + 1])
            token.attrSet("id", f"\0{_SLUG.sub('-', heading.lower()).strip('-') or 'part'}\0")
        elif token.type == "table_open":
            token.meta["heading"] = heading
        elif token.type == "th_open":
            token.attrSet("scope", "col")
        for child in token.children or ():
            target = child.attrGet("href") if child.type == "link_open" else None
            if isinstance(target, str) and ":" not in target and "/" not in target:
                child.attrSet("href", re.sub(r"\.md(?=#|$)", ".html", target))


def _without_empty_heads(tokens: Sequence[Token]) -> Iterator[Token]:
    """A table whose heads are all empty has none: the first cell of each of its rows is that row's head."""
    start, headless = -1, False
    for index, token in enumerate(tokens):
        if token.type == "thead_open":
            start, headless = index, all(not one.content for one in _until(tokens, index, "thead_close"))
        if start < 0 or not headless:
            yield token
        if token.type == "thead_close":
            start = -1
        elif token.type == "tr_open" and headless and start < 0:
            first = tokens[index + 1]
            first.tag = tokens[index + 3].tag = "th"
            first.attrSet("scope", "row")


def _until(tokens: Sequence[Token], start: int, kind: str) -> Iterator[Token]:
    for token in tokens[start:]:
        if token.type == kind:
            return
        yield token


def _text(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


def _table_open(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    label = _attribute(tokens[index].meta["heading"])
    return f'<div class="table" tabindex="0" role="group" aria-label="{label}">\n' + renderer.renderToken(
        tokens, index, options, env
    )


def _table_close(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return renderer.renderToken(tokens, index, options, env) + "</div>\n"


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser
