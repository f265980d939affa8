"""The words of notices: which text holds where, changing it with every mistake named, versions, how it will look.

Not responsible for what a text may say (notices.templates, vocabulary).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Response

import wording
from circulation.errors import CirculationError
from circulation.notices import looking, previewing, templates, vocabulary
from circulation.notices.language import Mistake
from circulation.notices.templates import Chosen, Place, TemplateWrongError, Words
from circulation.notices.types import CHANNELS, EMAIL, LETTER, Message
from circulation.notices.vocabulary import ALL_LEVELS
from circulation.staff import notice_words
from circulation.staff.forms import Form
from circulation.staff.page import AdminPage, Page, TheForm
from circulation.staff.trees import indented
from circulation.store import house

router = APIRouter(prefix="/notice-texts")
PAGE, EDIT = "/notice-texts", "/notice-texts/edit"
KEYS = ("organisation", "kind", "level", "channel", "language")
# A message as its reader's program shows it: nothing in it runs, leads anywhere or is fetched.
PREVIEW_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in the table. ``where``: its key for the editor; ``whose``: "shipped", "own" or an organisation's name."""

    where: dict[str, str]
    channel: str
    name: str
    whose: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A kind and level with its texts, by channel; None = there is none of this way."""

    name: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A place for a value and what it means. ``written``: as it stands in a text."""

    written: str
    meaning: str
    needed: bool


@router.get("")
def texts(page: AdminPage) -> Response:
    """Which text holds for everything, at an organisation and in a language."""
    languages = wording.languages()
    language = page.asked.text("language")
    language = language if language in languages else page.words.language
    with page.reading() as db:
        tree, own = house.organisations(db), templates.in_use(db)
        top = next(node.id for node in tree.nodes.values() if node.parent is None)
        at = page.asked.text("organisation", top)
        at = at if at in tree.nodes else top
        lines = tuple(_lines(page, own, tree.chain(at), language, page.names(db)))
    return page.show(
        "notice_texts/list.html",
        lines=lines,
        channels=[page.words.say(f"notices.channel.{one}") for one in CHANNELS],
        query={"organisation": at, "language": language},
        places=indented(tree),
        languages_of_texts=_spoken(page),
    )


def _spoken(page: Page) -> list[tuple[str, str]]:
    return [(one, page.words.name("console.language", one)) for one in wording.languages()]


def _lines(
    page: Page, own: templates.InUse, chain: tuple[str, ...], language: str, names: Mapping[str, str]
) -> Iterator[Line]:
    for kind, levels in vocabulary.LEVELS.items():
        for level in (ALL_LEVELS, *levels):
            wanted = Place(chain[0], kind, level, EMAIL, language)
            cells = tuple(_cell(page, own, chain, replace(wanted, channel=one), names) for one in CHANNELS)
            yield Line(_called(page, kind, level), cells)


def _called(page: Page, kind: str, level: str) -> str:
    if level == ALL_LEVELS and vocabulary.LEVELS[kind]:
        return page.words.say("notice_texts.all_levels", kind=page.words.say(f"notices.kind.{kind}"))
    return notice_words.name(page.words, kind, level)


def _cell(
    page: Page, own: templates.InUse, chain: tuple[str, ...], wanted: Place, names: Mapping[str, str]
) -> Cell | None:
    if not vocabulary.exists(wanted.kind, wanted.level, wanted.channel):
        return None
    found = templates.chosen(own, chain, wanted)
    name = page.words.say(
        "notice_texts.one",
        kind=_called(page, wanted.kind, wanted.level),
        channel=page.words.say(f"notices.channel.{wanted.channel}"),
    )
    return Cell(_where(wanted), wanted.channel, name, _whose(page, found, wanted, names), found.number)


def _where(place: Place) -> dict[str, str]:
    return {name: getattr(place, name) for name in KEYS}


def _whose(page: Page, found: Chosen, wanted: Place, names: Mapping[str, str]) -> str:
    if found.place is None:
        return page.words.say("notice_texts.shipped")
    if found.place == wanted:
        return page.words.say("notice_texts.own")
    place = names.get(found.place.organisation, found.place.organisation)
    return page.words.say("notice_texts.inherited", place=place)


# --- one text ---------------------------------------------------------------------------------------------------------


@router.get("/edit")
def edit_page(page: AdminPage) -> Response:
    """The text that holds, to be changed; ``number``: that of an older version."""
    place = _place(page.asked)
    if not place.kind:  # the address of a form that was sent
        return page.go(PAGE)
    number = page.asked.number("number")
    old = next((one for one in templates.versions(page.service, place) if one.number == number), None)
    return _edit(page, place, old.words if old is not None else templates.holding(page.service, place).words)


def _place(form: Form) -> Place:
    return Place(*(form.text(name) for name in KEYS))


def _edit(page: Page, place: Place, words: Words, **more: Any) -> Response:
    """The editor. ``more``: what checking or looking has found."""
    found = templates.holding(page.service, place)
    with page.reading() as db:
        names = page.names(db)
    shown = {"mistakes": (), "checked": False, "message": None, "loan": "", "error": None, "status": 200, **more}
    status = shown.pop("status")
    return page.show(
        "notice_texts/edit.html",
        status,
        place=place,
        where=_where(place),
        given=words,
        called=_called(page, place.kind, place.level),
        channel=page.words.say(f"notices.channel.{place.channel}"),
        language=page.words.name("console.language", place.language),
        at=names.get(place.organisation, place.organisation),
        whose=_whose(page, found, place, names),
        is_own=found.place == place,
        versions=templates.versions(page.service, place),
        named=_named(page, place),
        has_subject=place.channel in (EMAIL, LETTER),
        is_mail=place.channel == EMAIL,
        is_letter=place.channel == LETTER,
        **shown,
    )


def _named(page: Page, place: Place) -> list[tuple[str, list[Named]]]:
    """What a text may say, in groups."""
    body = vocabulary.of_body(place.kind, place.level, place.channel)
    needed = {name for group in body.needs if len(group) == 1 for name in group}
    groups = (
        ("values", sorted(body.values), ""),
        ("of_items", sorted(body.of_items), "each."),
        ("blocks", sorted(body.blocks), ""),
    )
    say = page.words.say
    return [
        (code, [Named(f"{{{one}}}", say(f"template.name.{one}"), prefix + one in needed) for one in listed])
        for code, listed, prefix in groups
        if listed
    ]


@router.post("/edit")
def edit(page: AdminPage, form: TheForm) -> Response:
    """Check a text, show what it will look like, or keep it as a new version that is used from now on."""
    place, words = _place(form), Words(form.text("subject"), form.text("body").replace("\r\n", "\n"))
    wrong = templates.mistakes(place.kind, place.level, place.channel, words)
    loan = form.text("loan")
    if wrong:
        return _wrong(page, place, words, wrong, loan)
    if form.text("do") == "save":
        number = templates.save(page.service, page.staff.name, place, words)
        templates.use(page.service, page.staff.name, place, number)
        return page.go(EDIT, "notice_text_saved", **_where(place))
    if not loan:
        return _edit(page, place, words, checked=True)
    try:
        message = _message(page, form, place, words)
    except CirculationError as error:
        return _edit(page, place, words, error=error, status=error.status, loan=loan)
    return _edit(page, place, words, checked=True, message=message, loan=loan)


def _wrong(page: Page, place: Place, words: Words, wrong: tuple[Mistake, ...], loan: str) -> Response:
    told = [(one, one.sentence(page.words.language)) for one in wrong]
    return _edit(page, place, words, mistakes=told, error=TemplateWrongError(wrong), status=422, loan=loan)


def _message(page: Page, form: Form, place: Place, words: Words) -> Message:
    loan = form.text("loan")
    if not loan:
        raise CirculationError("field_missing", "loan must be filled in", place="loan")
    return previewing.preview(page.service, place, words, looking.loan_meant(page.service, loan))


@router.post("/preview")
def preview(page: AdminPage, form: TheForm) -> Response:
    """The message as its reader gets it: the HTML of an e-mail as a page of its own, a letter as a file."""
    place, words = _place(form), Words(form.text("subject"), form.text("body").replace("\r\n", "\n"))
    try:
        message = _message(page, form, place, words)
    except TemplateWrongError as error:
        return _wrong(page, place, words, error.mistakes, form.text("loan"))
    except CirculationError as error:
        return _edit(page, place, words, error=error, status=error.status, loan=form.text("loan"))
    if message.pdf is not None:
        named = {"Content-Disposition": 'attachment; filename="letter.pdf"'}
        return Response(message.pdf, media_type="application/pdf", headers=named)
    own = {"Content-Security-Policy": PREVIEW_POLICY}
    return Response(message.html or "", media_type="text/html; charset=utf-8", headers=own)


@router.post("/use")
def use(page: AdminPage, form: TheForm) -> Response:
    """Use a version again, or none: what is inherited or shipped."""
    place = _place(form)
    templates.use(page.service, page.staff.name, place, form.number("number"))
    return page.go(EDIT, "notice_text_used", **_where(place))
