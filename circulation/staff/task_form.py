"""The form of a task: built from the options of its type, read into what is asked for, with mistakes at their fields.

A field's name is the place of its mistakes ("options.days", "schedule.times"). Not responsible for what is right
(jobs.tasks), nor for sentences of a page besides its fields.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from circulation.domain.policy import Mistake
from circulation.jobs import options
from circulation.jobs.options import Form as Shape
from circulation.jobs.options import Option
from circulation.jobs.running import TaskType
from circulation.jobs.schedule import FIELDS, WEEK, text
from circulation.jobs.tasks import TaskShown, Wanted
from circulation.notices import accounts, gateways
from circulation.staff import days
from circulation.staff.forms import Form
from circulation.staff.page import Page
from circulation.store import house

NAME, TIMES, WEEKDAYS, EVERY_HOURS = "name", *(f"schedule.{field}" for field in FIELDS)
BOX, LINE, CHOICE, SEVERAL = "box", "line", "choice", "several"  # how a field looks
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One option as a field.

    Attributes:
        name: in the form; ``option``: what it is called ("task.option.<option>").
        looks: BOX, LINE, CHOICE or SEVERAL.
        choices: code and words.
        size: letters it has room for; None = as wide as there is room.
    """

    name: str
    option: str
    looks: str
    required: bool
    choices: Choices = ()
    size: int | None = None


# --- what is shown ----------------------------------------------------------------------------------------------------


def fields(page: Page, kind: TaskType[Any], chosen: Form) -> list[Field]:
    """The options of a type; ``chosen``: codes that stay in the choice though they could not be chosen anew."""
    return [_field(page, name, what, chosen) for name, what in options.described(kind.options).items()]


def _field(page: Page, name: str, what: Option, chosen: Form) -> Field:
    place = f"options.{name}"
    choices = _CHOICES[name](page) if name in _CHOICES else tuple((code, code) for code in what.choices)
    if what.form == Shape.CODE:
        known = {code for code, _ in choices}
        choices = (*choices, *((code, code) for code in chosen.every(place) if code not in known))
    looks = _LOOKS.get(what.form, LINE)
    size = len(str(what.most)) + 2 if what.form == Shape.NUMBER else None
    return Field(place, name, looks, what.required, choices, size)


_LOOKS = {Shape.YES_NO: BOX, Shape.CODE: CHOICE, Shape.CODES: SEVERAL}


def _accounts(page: Page) -> Choices:
    return tuple((one.code, one.said.name) for one in accounts.listed(page.service) if one.usable)


def _gateways(page: Page) -> Choices:
    return tuple((one.code, one.said.name) for one in gateways.listed(page.service) if one.usable)


def _media_types(page: Page) -> Choices:
    with page.reading() as db:
        return tuple((code, page.words.named(names, code)) for code, names in house.media_types(db).items())


def _categories(page: Page) -> Choices:
    with page.reading() as db:
        return tuple((code, code) for code in sorted(house.known_codes(db).patron_categories))


_CHOICES: Mapping[str, Callable[[Page], Choices]] = {
    accounts.OPTION: _accounts,
    gateways.OPTION: _gateways,
    "media_types": _media_types,
    "categories": _categories,
}


def weekdays(page: Page) -> Choices:
    """The days of the week, by their ISO numbers."""
    names = days.weekdays(page.words.language)
    return tuple((str(day), names[day - 1]) for day in WEEK)


def entered(task: TaskShown, name: str) -> Form:
    """A task as its form shows it; ``name``: what it is called there."""
    given = {f"options.{key}": _texts(value) for key, value in task.options.items()}
    hours = task.schedule.every_hours
    return Form(
        {
            NAME: (name,),
            **given,
            TIMES: (", ".join(text(one) for one in task.schedule.times),),
            WEEKDAYS: _texts(task.schedule.weekdays),
            EVERY_HOURS: _texts(hours),
        }
    )


def empty(page: Page, kind: TaskType[Any]) -> Form:
    """The form of a new task: options as they are if nothing is said, every morning, the only account there is."""
    given = {field.name: _default(kind, field) for field in fields(page, kind, Form())}
    name = page.words.name("task.type", kind.code)
    return Form({NAME: (name,), **given, TIMES: ("07:00",), WEEKDAYS: _texts(WEEK)})


def _default(kind: TaskType[Any], field: Field) -> tuple[str, ...]:
    if field.option == accounts.OPTION and len(field.choices) == 1:
        return (field.choices[0][0],)
    known = kind.options.__dataclass_fields__[field.option].default
    return _texts(known) if isinstance(known, int | str | tuple) else ()


def _texts(value: object) -> tuple[str, ...]:
    if value is None or value is False:
        return ()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(str(one) for one in value)
    return (str(value),)


# --- what was sent ----------------------------------------------------------------------------------------------------


def wanted(form: Form, kind: TaskType[Any], name: str) -> Wanted:
    """What a form asks for; what cannot be read goes on as it is, so that its mistake is named."""
    given = {key: _READ[what.form](form, f"options.{key}") for key, what in options.described(kind.options).items()}
    schedule = {
        "times": [part.zfill(len("00:00")) for part in form.text(TIMES).replace(",", " ").split()],
        "weekdays": [_number(one) for one in form.every(WEEKDAYS)],
        "every_hours": _number(form.text(EVERY_HOURS)),
    }
    return Wanted(kind.code, name, given, schedule)


def _number(given: str) -> int | str | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) < len(str(2**31)) else given or None


_READ: Mapping[Shape, Callable[[Form, str], object]] = {
    Shape.NUMBER: lambda form, place: _number(form.text(place)),
    Shape.YES_NO: lambda form, place: form.ticked(place),
    Shape.LINE: lambda form, place: form.text(place) or None,
    Shape.CODE: lambda form, place: form.text(place) or None,
    Shape.CODES: lambda form, place: list(form.every(place)),
}


def faults(page: Page, mistakes: Sequence[Mistake]) -> dict[str, list[str]]:
    """Sentences by the field they belong to."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in mistakes:
        place = one.place.rstrip("0123456789").rstrip(".")
        sentence = _sentence(page, one)
        if sentence not in found[place]:
            found[place].append(sentence)
    return dict(found)


def _sentence(page: Page, mistake: Mistake) -> str:
    codes = (f"task.wrong.{mistake.code}", f"problem.{mistake.code}")
    return next(page.words.say(code, **mistake.params) for code in codes if page.words.knows(code))
