"""The manual for staff: whole in every language, true to the pages it tells of, and every field of a page is in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import typer.main

from circulation.cli import app
from circulation.importing.fields import KINDS as IMPORTED
from circulation.staff.manual import CHAPTERS, FOLDER, Chapter, chapter, text_of
from circulation.staff.navigation import MENU, current
from circulation.staff.words import LANGUAGES, Words
from rules.kinds import KINDS
from tests.circulation.running import SECONDS, Central
from tests.console.test_pages import address, cookie_of, house, ids, routes, running  # noqa: F401 - fixtures
from tools.pictures import PICTURES
from wording.catalogue import PLACEHOLDER, STAFF, catalogue

PICTURE = re.compile(r"!\[[^\]]+\]\(\.\./pictures/(\w+)/([a-z0-9-]+)\.png\)")
MOST_OF_PICTURES = 6_000_000  # bytes
AND = " · "  # between the fields that share a line of a table
# Pages of the console that are no page of the menu, nor below one.
BESIDE_THE_MENU = {"/items-new": "items", "/me": "staff", "/rule": "rules", "/sign-in": "first-day"}
# Pages that show more fields when they are asked for something.
ASKED_FOR = (
    "/desk?patron={patron}",
    "/desk?mode=back",
    "/attention?seen=1",
    "/patrons/{patron}/reserve?q=the",
    "/patrons/{patron}/reserve?title={title}",
    "/reservations?text=the",
    "/machine-settings/{organisation}/texts?sought=card",
    *("/tasks/new?type=backup", "/tasks/new?type=overdue_reminders", "/mail/new/gateways", "/mail/gateways/{gateway}"),
    *(f"/drafts/{{draft}}/rule?kind={kind}" for kind in KINDS),
)
LETTERS = 4  # a sentence with fewer of its own could be anything


# --- what is read -----------------------------------------------------------------------------------------------------


@dataclass
class Texts(HTMLParser):
    """The texts of some elements of a page, and where its links lead; ``wanted`` tells by tag and attributes which.

    What is said to nobody (aria-hidden) is no text.
    """

    wanted: Any
    texts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self._open, self._hidden, self._text = "", "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.add(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if given.get("aria-hidden") == "true":
            self._hidden = tag
        if not self._open and self.wanted(tag, given):
            self._open, self._text = tag, ""

    def handle_data(self, data: str) -> None:
        if self._open and not self._hidden:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""
        if tag == self._open:
            self._open = ""
            if text := " ".join(self._text.split()):
                self.texts.append(text)


def read(html: str, wanted: Any) -> Texts:
    """What a page says in some of its elements."""
    found = Texts(wanted)
    found.feed(html)
    found.close()
    return found


def _is_field(tag: str, attrs: Mapping[str, str | None]) -> bool:
    return tag in ("label", "legend") or (tag == "th" and attrs.get("scope") == "col")


def _is_strong(tag: str, _: Mapping[str, str | None]) -> bool:
    return tag == "strong"


def _is_heading(tag: str, _: Mapping[str, str | None]) -> bool:
    return tag in ("h2", "h3")


def found(name: str, language: str) -> Chapter:
    """A chapter there is."""
    one = chapter(name, language)
    assert one is not None, (name, language)
    return one


@cache
def told_of(name: str, language: str) -> frozenset[str]:
    """What a chapter names: in bold, as a heading, or at the head of a line of a table."""
    html = found(name, language).html
    heads = re.findall(r"<tr>\s*<td[^>]*>(.*?)</td>", html, re.DOTALL)
    cells = [text for head in heads for text in read(f"<td>{head}</td>", lambda tag, _: tag == "td").texts]
    named = [*read(html, _is_strong).texts, *read(html, _is_heading).texts]
    return frozenset([*named, *(part for cell in cells for part in cell.split(AND))])


# --- sentences --------------------------------------------------------------------------------------------------------


@cache
def plain_sentences(language: str) -> frozenset[str]:
    """Everything the console says without parameters; also as it begins a line."""
    forms = [form for entry in catalogue(STAFF, language).entries.values() for form in entry.forms]
    plain = [form for form in forms if not PLACEHOLDER.search(form)]
    return frozenset([*plain, *(form[:1].upper() + form[1:] for form in plain)])


@cache
def patterns(language: str) -> tuple[re.Pattern[str], ...]:
    """What the console says with parameters, and with enough words of its own to be told from them."""
    forms = {form for entry in catalogue(STAFF, language).entries.values() for form in entry.forms}
    named = [form for form in forms if PLACEHOLDER.search(form)]
    own = [form for form in named if sum(sign.isalpha() for sign in PLACEHOLDER.sub("", form)) >= LETTERS]
    return tuple(re.compile(".+".join(map(re.escape, PLACEHOLDER.split(form)[::2]))) for form in sorted(own))


def missing(label: str, told: Collection[str], language: str) -> bool:
    """Whether a label is the console's own, and none of what is told. Names the site gives are not the console's."""
    if label in told:
        return False
    if label in plain_sentences(language):
        return True
    fits = [pattern for pattern in patterns(language) if pattern.fullmatch(label)]
    return bool(fits) and not any(pattern.fullmatch(text) for pattern in fits for text in told)


# --- whole in every language ------------------------------------------------------------------------------------------


def test_every_chapter_is_there_in_every_language_and_nothing_else() -> None:
    for language in LANGUAGES:
        assert {path.stem for path in (FOLDER / language).glob("*")} == set(CHAPTERS)
        assert all(found(name, language).title for name in CHAPTERS)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_says_as_much_in_every_language(name: str) -> None:
    """As many sections, steps and lines of tables, and the same pictures and commands, at the same places."""
    shapes = {language: list(_shape(text_of(name, language))) for language in LANGUAGES}
    assert all(shape == shapes[LANGUAGES[0]] for shape in shapes.values()), shapes


def _shape(text: str) -> Iterator[str]:
    for line in text.splitlines():
        picture = PICTURE.fullmatch(line)
        mark = re.match(r"#+ |\d+\. |\| |- ", line)
        if picture is not None:
            yield picture[2]
        elif mark is not None:
            yield mark[0]


def test_pictures_that_are_named_are_there_and_those_there_are_named() -> None:
    for language in LANGUAGES:
        named = [one for name in CHAPTERS for one in PICTURE.findall(text_of(name, language))]
        assert {spoken for spoken, _ in named} == {language}
        there = {path.stem for path in (FOLDER / "pictures" / language).glob("*")}
        assert {picture for _, picture in named} == there == set(PICTURES)
    size = sum(path.stat().st_size for path in (FOLDER / "pictures").rglob("*.png"))
    assert size < MOST_OF_PICTURES


def test_links_lead_somewhere() -> None:
    for language in LANGUAGES:
        pages = {name: read(found(name, language).html, _is_heading) for name in CHAPTERS}
        for name, page in pages.items():
            for link in page.links:
                parts = urlsplit(link)
                target = parts.path.removeprefix("/staff/manual/") or name
                assert target in pages, (language, name, link)
                assert not parts.fragment or unquote(parts.fragment) in pages[target].ids, (language, name, link)


# --- true to the pages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_menu_is_told_of_in_its_chapter(language: str) -> None:
    for entry in (entry for group in MENU for entry in group.entries):
        assert Words(language).say(f"page.{entry.code}") in told_of(entry.chapter, language), entry


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_bold_is_a_button_or_a_page(language: str) -> None:
    """Nothing is emphasised but what stands on a page like this."""
    bold = {(name, text) for name in CHAPTERS for text in read(found(name, language).html, _is_strong).texts}
    fits = patterns(language)
    wrong = [
        one
        for one in bold
        if one[1] not in plain_sentences(language) and not any(pattern.fullmatch(one[1]) for pattern in fits)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_of_every_page_is_in_its_chapter(
    ids: Mapping[str, str],  # noqa: F811 - a fixture
    running: Central,  # noqa: F811 - a fixture
    language: str,
) -> None:
    http = cookie_of(running)
    http.cookies.set("language", language)
    paths = [address(route, ids) for route in routes() if not route.startswith("/manual")]
    left_out, seen = set(), 0
    for path in [*paths, *(one.format_map(ids) for one in ASKED_FOR)]:
        answer = http.get(f"{running.url}/staff{path}", timeout=SECONDS)
        assert answer.status_code == 200, path
        name = _chapter_of(path)
        labels = read(answer.text, _is_field).texts
        seen += len(labels)
        left_out |= {(name, label) for label in labels if missing(label, told_of(name, language), language)}
    http.close()
    assert sorted(left_out) == []
    assert seen > len(paths)  # or nothing was looked for


def _chapter_of(path: str) -> str:
    page = path.partition("?")[0]
    entry = current(page)
    return entry.chapter if entry is not None else BESIDE_THE_MENU[page]


def test_a_field_that_is_told_of_nowhere_would_be_found() -> None:
    html = (
        '<label for="x">Due <span aria-hidden="true">*</span></label><table><tr><th scope="col">Books</th></tr></table>'
    )
    labels = read(html, _is_field).texts
    assert labels == ["Due", "Books"]  # "Books" is the name of a media type
    assert [missing(one, {"Branch"}, "en") for one in labels] == [True, False]
    assert not missing("Due", {"Due"}, "en")
    assert missing("Amount in EUR", {"Amount"}, "en")
    assert not missing("Amount in EUR", {"Amount in CHF"}, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_option_and_field_of_an_import_is_told_of(language: str) -> None:
    text = text_of("getting-data-in", language)
    commands: Any = typer.main.get_command(app)
    for names in (("init",), ("import", "items"), ("import", "patrons"), ("import", "loans"), ("export", "items")):
        command = commands
        for name in names:
            command = command.commands[name]
        options = [option for one in command.params for option in one.opts if option.startswith("--")]
        assert [option for option in options if f"`{option}" not in text] == [], names
    wanted = [one.name for kind in IMPORTED.values() for one in kind.fields]
    assert [name for name in wanted if f"`{name}`" not in text] == []


# --- as pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_chapters_and_pictures_are_served_under_the_policy(
    running: Central,  # noqa: F811 - a fixture
    language: str,
) -> None:
    http = cookie_of(running)
    http.cookies.set("language", language)
    contents = http.get(f"{running.url}/staff/manual", timeout=SECONDS).text
    for name in CHAPTERS:
        assert f'href="/staff/manual/{name}"' in contents
        answer = http.get(f"{running.url}/staff/manual/{name}", timeout=SECONDS)
        assert answer.status_code == 200, name
        assert f"<h1>{found(name, language).title}</h1>" in answer.text
        assert not re.search(r"\sstyle=|<style|<script(?! src=)|javascript:", answer.text), name
        for picture in re.findall(r'<img src="([^"]+)"', answer.text):
            shown = http.get(running.url + picture, timeout=SECONDS)
            assert shown.status_code == 200, picture
            assert shown.headers["Content-Type"] == "image/png"
    for nowhere in ("nothing", "pictures/en/nothing.png", "pictures/fr/home.png"):
        assert http.get(f"{running.url}/staff/manual/{nowhere}", timeout=SECONDS).status_code == 404, nowhere
    http.close()
