"""The documents of a kit: each a Markdown text from a template, and the same as one self-contained page.

Templates lie in `templates/kit/<language>/`. A language that has none falls back to English, document by document, and
every page in it says so.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
import yaml

from components.cloudinit.contract import TEMPLATES
from components.domain.clients import Client
from components.domain.fleet import Fleet
from components.domain.problems import DomainError
from components.kit import markdown
from components.kit.addresses import Owners
from components.kit.facts import facts, zone_files
from components.kit.missing import Missing, missing

FOLDER = TEMPLATES / "kit"
FALLBACK = "en"
NAMES = ("index", "getting-started", "server-configuration", "addresses", "dns", "support", "services")
"""In the order in which pages name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """A client's kit: its files by their names, the language that was asked for, and what is still to be done.

    `fallen_back` has the documents that are in English although another language was asked for.
    """

    client: str
    language: str
    fallen_back: tuple[str, ...]
    files: Mapping[str, bytes]
    missing: tuple[Missing, ...]


def kit(fleet: Fleet, client: Client, owned: Owners, as_of: date) -> Kit:
    """Every file of a client's kit: the same declared files and the same day give the same bytes.

    `owned` is `addresses.owners(fleet)`. Raises DomainError when an address is assigned twice.
    """
    language = client.language if (FOLDER / client.language).is_dir() else FALLBACK
    found = facts(fleet, client, owned, as_of, language)
    files: dict[str, str] = dict(zone_files(found))
    zones = sorted(files)
    files |= {
        f"packages-{machine['image']['name']}.txt": machine["image"]["inside"].listing()
        for machine in found["machines"]
        if machine["image"]["inside"] is not None and machine["image"]["inside"].packages
    }
    fallen_back = []
    for name in NAMES:
        spoken = language if (FOLDER / language / f"{name}.md.j2").is_file() else FALLBACK
        if spoken != client.language:
            fallen_back.append(name)
        words = _words(spoken)
        values = {**found, "words": words, "zones": zones, "notice": _notice(client.language, spoken)}
        text = _render(f"{spoken}/{name}.md.j2", values)
        files[f"{name}.md"] = text
        files[f"{name}.html"] = _page(name, text, spoken, values)
    return Kit(
        client=client.key,
        language=client.language,
        fallen_back=tuple(fallen_back),
        files={name: files[name].encode() for name in sorted(files)},
        missing=tuple(missing(found)),
    )


def _notice(asked: str, spoken: str) -> str:
    if asked == spoken:
        return ""
    return str(_words(spoken)["other_language"]).format(language=_words(spoken)["languages"].get(asked, asked))


def _page(name: str, text: str, spoken: str, values: Mapping[str, Any]) -> str:
    words = values["words"]
    return (
        _pages()
        .get_template("page.html.j2")
        .render(
            language=spoken,
            name=name,
            title=words["documents"][name],
            names=NAMES,
            words=words,
            style=_style(),
            body=markdown.to_html(text),
            provider=markdown.one_line(values["provider"]),
            client=markdown.one_line(values["client"]["name"]),
        )
    )


def _render(template: str, values: Mapping[str, Any]) -> str:
    try:
        return _texts().get_template(template).render(values)
    except jinja2.TemplateError as error:
        raise DomainError(
            f"Unable to render templates/kit/{template}: {error.message}.",
            "The template names what components/kit/facts.py does not give: mend one of them.",
        ) from error


@functools.cache
def _words(language: str) -> dict[str, Any]:
    text = (FOLDER / language / "words.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@functools.cache
def _style() -> str:
    return (FOLDER / "style.css").read_text(encoding="utf-8")


@functools.cache
def _texts() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown: `finalize` escapes every value
        finalize=markdown.escape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters |= {"code": markdown.code, "link": markdown.link, "listed": markdown.listed}
    environment.filters["word"] = lambda key, words: words.get(key, key)
    return environment


@functools.cache
def _pages() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def languages() -> list[str]:
    """The languages that have templates."""
    return sorted(path.parent.name for path in Path(FOLDER).glob("*/words.yaml"))
