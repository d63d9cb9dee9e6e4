"""The documents: golden texts, the same bytes each time, hostile names, languages, and pages that anybody can read."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.domain.clients import Client
from components.domain.fleet import Fleet
from components.domain.problems import DomainError
from components.domain.services import Service, Support
from components.kit import documents
from components.kit.documents import NAMES, Kit
from components.kit.markdown import one_line
from tests.domain import sample
from tests.kit.conftest import declared, made

GOLDEN = Path(__file__).parent / "golden"
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "a", "header", "p", "nav", "ul", "li", "main", "footer"),
    *("h1", "h2", "h3", "div", "table", "thead", "tbody", "tr", "th", "td", "code", "strong", "em", "ol", "blockquote"),
}
SECRET = re.compile(
    r"BEGIN [A-Z ]*PRIVATE KEY|AGE-SECRET-KEY|ssh-(?:ed25519|rsa) AAAA|ecdsa-sha2-\S+ AAAA|password[:=]"
)


PATHS = Path(__file__).resolve().parents[2] / "templates/guest/overlay/usr/local/lib/vps/backup.d/50-guest.paths"


class Page(HTMLParser):
    """Tags with attributes in order, text outside of <style>, and which element closed what."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def of(self, *tags: str) -> list[tuple[str, dict[str, str | None]]]:
        return [one for one in self.tags if one[0] in tags]


def _pages(kit: Kit) -> dict[str, Page]:
    return {name: Page(data.decode()) for name, data in kit.files.items() if name.endswith(".html")}


@pytest.mark.parametrize("name", [*(f"{one}.md" for one in NAMES), "dns.html", "dns/forward-coop.example.zone"])
def test_golden_texts(fleet: Fleet, name: str) -> None:
    """Read the difference; when it is meant, write the new text with `python -m tests.kit.golden`."""
    assert made(fleet).files[name].decode() == (GOLDEN / Path(name).name).read_text(encoding="utf-8")


def test_the_same_declaration_gives_the_same_bytes(fleet: Fleet) -> None:
    first = made(fleet)
    documents._words.cache_clear()
    documents._texts.cache_clear()
    assert made(declared()) == first


def test_every_document_comes_as_text_and_as_page(fleet: Fleet) -> None:
    files = made(fleet).files.keys()
    assert {f"{name}.{kind}" for name in NAMES for kind in ("md", "html")} <= files
    assert list(files) == sorted(files)


def test_no_secret_and_no_key_is_in_any_file(fleet: Fleet) -> None:
    for name, data in made(fleet).files.items():
        assert not SECRET.search(data.decode()), name


@pytest.mark.parametrize(
    "secret", [sample.SSH_KEY, "-----BEGIN RSA PRIVATE KEY-----", "AGE-SECRET-KEY-1Q", "password: x"]
)
def test_the_search_for_secrets_finds_them(secret: str) -> None:
    assert SECRET.search(secret)


def test_pages_stand_on_their_own(fleet: Fleet) -> None:
    """Nothing is fetched, nothing runs, and every link between pages and within them leads somewhere."""
    kit = made(fleet)
    pages = _pages(kit)
    ids = {name: {attrs["id"] for _, attrs in page.tags if "id" in attrs} for name, page in pages.items()}
    for name, page in pages.items():
        assert {tag for tag, _ in page.tags} <= TAGS
        assert not page.of("script", "link", "img", "iframe")
        assert any(attrs.get("content", "").startswith("default-src 'none'") for _, attrs in page.of("meta"))  # type: ignore[union-attr]
        for _, attrs in page.of("a"):
            target, _, part = (attrs["href"] or "").partition("#")
            if ":" not in target:
                assert (target or name) in kit.files
                assert not part or part in ids[target or name]


def test_pages_can_be_read_by_anybody(fleet: Fleet) -> None:
    """A language, landmarks, one main heading, no level left out, heads for every table, a way past the menu."""
    for name, page in _pages(made(fleet)).items():
        assert page.tags[0] == ("html", {"lang": "en"})
        assert [len(page.of(tag)) for tag in ("header", "nav", "main", "footer", "h1", "title")] == [1] * 6, name
        levels = [int(tag[1]) for tag, _ in page.of("h1", "h2", "h3", "h4")]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert all(attrs.get("scope") in ("col", "row") for _, attrs in page.of("th"))
        assert all(attrs.get("aria-label") for _, attrs in page.of("nav"))
        assert [attrs.get("aria-current") for _, attrs in page.of("a")].count("page") == 1
        assert page.of("a")[0][1]["href"] == "#text"
        assert page.of("main")[0][1]["id"] == "text"
        identities = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(identities) == len(set(identities))


def _luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_letters_stand_out_in_every_scheme() -> None:
    """WCAG 2.2, AA: 4.5 to 1."""
    style = (documents.FOLDER / "style.css").read_text(encoding="utf-8")
    schemes = re.findall(r":root \{([^}]*)\}", style)
    assert len(schemes) == 3
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", scheme))
        for ink, paper in [(ink, paper) for ink in ("ink", "soft", "accent") for paper in ("paper", "tint")]:
            light, dark = sorted((_luminance(colours[ink]), _luminance(colours[paper])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper, colours)


names = st.text(min_size=1, max_size=40) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=y>',
        "a|b|c",
        "# x",
        "</style><b>",
        "{{ 7*7 }}",
        "</title>",
        "`",
    ]
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names, person=names, about=names, note=names)
def test_hostile_names_change_no_page(fleet: Fleet, name: str, person: str, about: str, note: str) -> None:
    """The same tags as with tame names; each name is shown as it is."""
    tame = _pages(made(_named(fleet, "x", "x", "x", "x")))
    pages = _pages(made(_named(fleet, name, person, about, note)))
    for file, page in pages.items():
        assert [(tag, set(attrs)) for tag, attrs in page.tags] == [(tag, set(attrs)) for tag, attrs in tame[file].tags]
    assert one_line(name) in "".join(pages["index.html"].text).replace("\n", " ")


def _named(fleet: Fleet, name: str, person: str, about: str, note: str) -> Fleet:
    client = fleet.clients["example-coop"]
    contacts = {key: replace(one, name=person, email=f"{key}@x.example") for key, one in client.contacts.items()}
    named: Client = replace(client, name=name, contacts=contacts)
    return replace(
        fleet,
        name=name,
        clients={**fleet.clients, "example-coop": named},
        packages={key: replace(one, about=about) for key, one in fleet.packages.items()},
        services={"x": Service(key="x", kind="work", title=name, per=person, note=note)},
        support=Support(email="a@b.example", hours=about, phone=note),
    )


def test_a_language_without_templates_falls_back_and_says_so(fleet: Fleet) -> None:
    client = replace(fleet.clients["example-coop"], language="uk")
    kit = made(fleet, client)
    assert kit.fallen_back == NAMES
    assert "> There is no version in Ukrainian yet, so this document is in English.\n" in kit.files["dns.md"].decode()
    assert _pages(kit)["dns.html"].tags[0] == ("html", {"lang": "en"})
    assert made(fleet).fallen_back == ()
    assert "There is no version in" not in made(fleet).files["dns.md"].decode()


def test_a_language_is_added_as_data_one_document_at_a_time(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder beside the English one: its words, and the documents that are there already."""
    folder = tmp_path / "kit"
    shutil.copytree(documents.FOLDER, folder)
    (folder / "uk").mkdir()
    words = (folder / "en/words.yaml").read_text(encoding="utf-8")
    (folder / "uk/words.yaml").write_text(words.replace("dns: DNS records", "dns: Записи DNS"), encoding="utf-8")
    (folder / "uk/dns.md.j2").write_text("# Записи DNS\n\n{{ client.name }}\n", encoding="utf-8")
    monkeypatch.setattr(documents, "FOLDER", folder)
    _clear()
    try:
        kit = made(fleet, replace(fleet.clients["example-coop"], language="uk"))
    finally:
        _clear()
    assert kit.files["dns.md"].decode() == "# Записи DNS\n\nExample Cooperative\n"
    assert '<html lang="uk">' in kit.files["dns.html"].decode()
    assert "Зміна адреси" in kit.files["services.md"].decode()
    assert kit.fallen_back == tuple(name for name in NAMES if name != "dns")


def _clear() -> None:
    for cached in (documents._words, documents._texts, documents._pages, documents._style):
        cached.cache_clear()


def test_a_template_that_names_what_is_not_there_is_an_error(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kit"
    shutil.copytree(documents.FOLDER, folder)
    (folder / "en/index.md.j2").write_text("{{ nothing }}", encoding="utf-8")
    monkeypatch.setattr(documents, "FOLDER", folder)
    _clear()
    try:
        with pytest.raises(DomainError, match=r"Unable to render templates/kit/en/index\.md\.j2: 'nothing'"):
            made(fleet)
    finally:
        _clear()


@pytest.mark.parametrize("language", documents.languages())
def test_every_language_has_all_words(language: str) -> None:
    """English has them all; another has the same keys."""

    def shape(value: object) -> object:
        return {key: shape(one) for key, one in value.items()} if isinstance(value, dict) else None

    assert shape(documents._words(language)) == shape(documents._words("en"))
    assert set(documents._words(language)["documents"]) == set(NAMES)


def test_the_client_is_told_what_a_backup_has_and_what_it_lacks(fleet: Fleet) -> None:
    """As the guest's own list has it."""
    text = made(fleet).files["getting-started.md"].decode().split("## Backups and restores")[1].split("\n## ")[0]
    has, _, lacks = text.partition("Not in them")
    assert [one for one in PATHS.read_text().split() if f"`{one}`" not in has] == []
    assert all(one in lacks for one in ("all else below `/var`", "file systems that you mount", "`.nobackup`"))


def test_a_client_is_told_of_aegir_only_where_it_is(fleet: Fleet) -> None:
    """One of two VPSs has it; without a panel's image none has."""
    assert "- Aegir with its modules on `web1`: installed" in made(fleet).files["getting-started.md"].decode()
    images = {name: replace(image, flavour="") for name, image in fleet.images.items()}
    assert "Aegir with" not in made(replace(fleet, images=images)).files["getting-started.md"].decode()


def test_no_limit_is_called_enforced_that_nobody_enforces(fleet: Fleet) -> None:
    """Nothing counts traffic, and not every host can limit a network's rate."""
    kit = made(fleet)
    assert all("enforced" not in data.decode() for name, data in kit.files.items() if name.endswith(".md"))
    assert "Traffic is what the price includes" in kit.files["server-configuration.md"].decode()
