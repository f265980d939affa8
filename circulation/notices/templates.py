"""The words of notices: those shipped, and those a library has written itself, with all their versions.

An organisation's own text holds below it too, unless one there has its own. Versions are never changed; which of them
is in use can change at any time, also back. Not responsible for how words become a message (composing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

from sqlalchemy import Connection, Row

import wording
from circulation import audit
from circulation.errors import CirculationError
from circulation.notices import language as reading
from circulation.notices import vocabulary
from circulation.notices.language import Mistake
from circulation.notices.types import EMAIL, LETTER, SMS
from circulation.notices.vocabulary import ALL_LEVELS, INVOICE, LEVELS
from circulation.service import Service
from circulation.store import house
from circulation.store import templates as store
from circulation.store.engine import hold
from circulation.store.template_tables import PLACE

SUBJECT, BODY = "subject", "body"
MOST_SUBJECT = 200
_TEXTS = resources.files("circulation.notices") / "texts"
_SUBJECT_LINE = "Subject: "


@dataclass(frozen=True, slots=True)
class Words:
    """A text as it is written (language). ``subject``: "" of a text message."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Place:
    """Which text. ``level``: "" = all levels that have none of their own."""

    organisation: str
    kind: str
    level: str
    channel: str
    language: str

    def __str__(self) -> str:
        return "/".join((self.organisation, self.kind, self.level or "*", self.channel, self.language))


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a library's own text. ``in_use``: it is sent."""

    number: int
    words: Words
    written_by: str
    written_at: datetime
    in_use: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """The text that holds somewhere.

    Attributes:
        place, number: whose it is and which version; None = it is shipped.
    """

    words: Words
    place: Place | None = None
    number: int | None = None


class TemplateWrongError(CirculationError):
    """A text that cannot be used; nothing was stored.

    Attributes:
        mistakes: all of them, each with its place.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        detail = f"mistakes in this text: {len(mistakes)}; nothing was stored"
        super().__init__("template_wrong", detail, place=mistakes[0].part)
        self.mistakes = tuple(mistakes)


# --- what is shipped --------------------------------------------------------------------------------------------------


@cache
def shipped(kind: str, level: str, channel: str, language: str) -> Words:
    """The text this program comes with. A level without a text of its own takes that of the level before.

    Raises:
        CirculationError: there is none.
    """
    if not vocabulary.exists(kind, level, channel) or language not in wording.languages():
        raise _none()
    levels = LEVELS[kind]
    before = levels[: levels.index(level) + 1][::-1] if level else ()
    numbered = tuple(one for one in before if level.isdigit() or one == level)
    ending = ".sms.txt" if channel == SMS else ".txt"
    for name in (*(f"{kind}.{one}{ending}" for one in numbered), f"{kind}{ending}"):
        file = _TEXTS / language / name
        if file.is_file():
            return _words(file.read_text("utf-8"), channel)
    raise _none()


def _words(text: str, channel: str) -> Words:
    if channel == SMS:
        return Words("", text.strip())
    first, _, body = text.partition("\n")
    return Words(first.removeprefix(_SUBJECT_LINE).strip(), body.strip("\n"))


def _none() -> CirculationError:
    return CirculationError("template_unknown", "there is no text for this kind, level, channel and language", 404)


# --- a library's own --------------------------------------------------------------------------------------------------


def mistakes(kind: str, level: str, channel: str, words: Words) -> tuple[Mistake, ...]:
    """Everything that is wrong with a text; nothing = it can be sent.

    Raises:
        CirculationError: there is no such kind, level or way.
    """
    if not vocabulary.exists(kind, level, channel):
        raise _none()
    body = reading.parse(BODY, words.body, vocabulary.of_body(kind, level, channel))
    subject = reading.parse(SUBJECT, words.subject, vocabulary.of_subject(kind))
    return (*_of_subject(words.subject, channel), *subject.mistakes, *body.mistakes)


def _of_subject(subject: str, channel: str) -> Iterable[Mistake]:
    if channel == SMS:
        wrong = "no_subject" if subject else None
    elif not subject.strip():
        wrong = "subject_missing"
    elif len(subject) > MOST_SUBJECT:
        wrong = "too_long"
    else:
        wrong = None if subject.isprintable() else "one_line"
    return (Mistake(SUBJECT, 1, 1, wrong, {"most": MOST_SUBJECT}),) if wrong else ()


def save(service: Service, by: str, place: Place, words: Words) -> int:
    """Keep a new version; its number. It is not in use before ``use`` says so.

    Raises:
        TemplateWrongError: something is wrong with it.
        CirculationError: there is no such place.
    """
    written = Words(words.subject.strip(), words.body.replace("\r\n", "\n").strip("\n"))
    found = mistakes(place.kind, place.level, place.channel, written)
    if found:
        raise TemplateWrongError(found)
    now = service.clock()
    with service.database.writing() as db:
        _must_be(db, place)
        hold(db, "templates")
        values = {**asdict(written), "written_by": by, "written_at": now}
        number = store.add_version(db, asdict(place), values)
        audit.note(db, now, by, "template.save", str(place), {"version": number})
    return number


def use(service: Service, by: str, place: Place, number: int | None) -> None:
    """Use a version from now on, an older one too; None = none: what is inherited or shipped holds again.

    Raises:
        CirculationError: there is no such place or version.
    """
    now = service.clock()
    with service.database.writing() as db:
        _must_be(db, place)
        hold(db, "templates")
        if number is not None and store.version(db, asdict(place), number) is None:
            raise CirculationError("template_unknown", f"there is no version {number} of this text", 404)
        values = {"number": number, "used_by": by, "used_at": now} if number is not None else None
        store.use(db, asdict(place), values)
        house.changed(db)
        audit.note(db, now, by, "template.use", str(place), {"version": number})


def versions(service: Service, place: Place) -> tuple[Version, ...]:
    """All versions of a text, newest first.

    Raises:
        CirculationError: there is no such place.
    """
    with service.database.reading() as db:
        _must_be(db, place)
        used = store.used(db, asdict(place))
        rows = store.versions(db, asdict(place))
    return tuple(
        Version(row.number, _kept(row), row.written_by, row.written_at, used is not None and row.number == used.number)
        for row in rows
    )


def _kept(row: Row[Any]) -> Words:
    return Words(row.subject, row.body)


def _must_be(db: Connection, place: Place) -> None:
    if not vocabulary.exists(place.kind, place.level, place.channel) or place.language not in wording.languages():
        raise _none()
    if place.organisation not in house.organisations(db).nodes:
        raise CirculationError("organisation_unknown", f"there is no organisation {place.organisation}", 404)


# --- which one holds --------------------------------------------------------------------------------------------------

InUse = Mapping[Place, Chosen]


def in_use(db: Connection) -> InUse:
    """Every text of a library's own that is in use."""
    places = ((Place(*(getattr(row, name) for name in PLACE)), row) for row in store.in_use(db))
    return {place: Chosen(_kept(row), place, row.number) for place, row in places}


def chosen(own: InUse, chain: Sequence[str], wanted: Place) -> Chosen:
    """The text that holds: of the deepest organisation that has one, there the one for the level before that for all.

    Args:
        own: texts in use.
        chain: the organisation it is wanted for and all above it, deepest first.
        wanted: which text, with the level of the message. What a library writes for all levels is not its invoice; what
            it writes for e-mail is said in letters too, unless it has written something for those.

    Raises:
        CirculationError: there is none.
    """
    levels = (wanted.level,) if wanted.level == INVOICE else dict.fromkeys((wanted.level, ALL_LEVELS))
    channels = (LETTER, EMAIL) if wanted.channel == LETTER else (wanted.channel,)
    for organisation in chain:
        for channel, level in product(channels, levels):
            found = own.get(replace(wanted, organisation=organisation, channel=channel, level=level))
            if found is not None:
                return found
    return Chosen(shipped(wanted.kind, wanted.level, wanted.channel, wanted.language))


def holding(service: Service, place: Place) -> Chosen:
    """The text that holds at a place now: its own, an inherited one, or the shipped one.

    Raises:
        CirculationError: there is no such place.
    """
    with service.database.reading() as db:
        _must_be(db, place)
        chain = house.organisations(db).chain(place.organisation)
        return chosen(in_use(db), chain, place)
