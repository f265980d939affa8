"""Opening days: the year of an organisation, what it says itself, closings and the loans they concern (R38-R41)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Response

from circulation import calendars, inherited, moving, organising
from circulation.errors import CirculationError
from circulation.inherited import Said
from circulation.moving import MOST_LOANS, Affected, Left, Preview, Shown
from circulation.organising import Closing
from circulation.staff import days
from circulation.staff.forms import Form
from circulation.staff.page import CalendarPage, Page, TheForm, plain_form
from circulation.staff.trees import downwards
from circulation.store import house
from rules.duedate import WEEKDAYS
from rules.organisation import Organisation, OrganisationTree

router = APIRouter()
FIRST_YEAR, LAST_YEAR = 1990, 2190
LOANS_IN_A_FIELD = 200  # of a form: a field holds so many letters
MOST_LEFT = 60  # loans of which the address of the next page tells why they were left
INHERIT, OWN = "inherit", "own"
WEEKDAYS_SENT = frozenset(map(str, range(WEEKDAYS)))


@router.get("/calendar")
def organisations(page: CalendarPage) -> Response:
    """Whose calendar."""
    with page.reading() as db:
        tree = house.organisations(db)
    return page.show("calendar/choose.html", rows=in_order(tree), path="/calendar")


def in_order(tree: OrganisationTree) -> list[tuple[int, Organisation]]:
    """Organisations from the top down, each with its depth, 0 at the top."""
    return [(tree.depth(id_) - 1, tree.nodes[id_]) for id_ in downwards(tree)]


@router.get("/calendar/{organisation:path}/closing")
def closing_page(organisation: str, page: CalendarPage) -> Response:
    """What a closing means, before it is entered; or of one that is entered, which loans are still due then (R41)."""
    try:
        asked = _closing(page.asked)
        return _closing_page(page, organisation, asked, page.asked.number("entered"))
    except CirculationError as error:
        return _year_page(page, organisation, error, plain_form(page.asked))


def _closing(form: Form) -> Closing:
    first = form.day("first")
    if first is None:
        raise CirculationError("field_missing", "a closing has a first day", place="first")
    return Closing(first, form.day("last") or first, form.ticked("open"), form.text("note"))


def _closing_page(page: Page, organisation: str, closing: Closing, entered: int | None) -> Response:
    preview = None if closing.open else _preview(page, organisation, closing)
    going = [one for one in preview.loans if one.new_due is not None] if preview is not None else []
    with page.reading() as db:
        names = page.names(db)
    return page.show(
        "calendar/closing.html",
        organisation=organisation,
        name=names.get(organisation, organisation),
        names=names,
        closing=closing,
        entered=entered,
        preview=preview,
        going=len(going),
        goal=_one_day(going),
        packed=_packed(going),
    )


def _preview(page: Page, organisation: str, closing: Closing) -> Preview | None:
    """Loans that would be due then; None before the first rules, without which nothing was lent."""
    try:
        return moving.preview(page.service, organisation, closing.first, closing.last)
    except CirculationError as error:
        if error.code != "no_rules":
            raise
        return None


def _one_day(going: Sequence[Affected]) -> date | None:
    found = {one.new_due for one in going}
    return found.pop() if len(found) == 1 else None


def _packed(going: Sequence[Affected]) -> list[str]:
    """The loans as they were shown, some to a field."""
    shown = [f"{one.loan}:{one.due}:{one.new_due}" for one in going]
    return [" ".join(shown[at : at + LOANS_IN_A_FIELD]) for at in range(0, len(shown), LOANS_IN_A_FIELD)]


def _shown(form: Form) -> list[Shown]:
    words = [word for text in form.every("loans") for word in text.split()]
    if len(words) > MOST_LOANS:
        raise _unreadable()
    try:
        return [_one_shown(*word.split(":")) for word in words]
    except (ValueError, TypeError):
        raise _unreadable() from None


def _one_shown(loan: str, due: str, new_due: str) -> Shown:
    return Shown(int(loan), date.fromisoformat(due), date.fromisoformat(new_due))


def _unreadable() -> CirculationError:
    return CirculationError("form_unreadable", "this form cannot be read")


@router.post("/calendar/{organisation:path}/closings")
def add_closing(organisation: str, page: CalendarPage, form: TheForm) -> Response:
    """Enter a closing or opening, and move the loans that were shown if that was asked for (R41)."""
    try:
        closing, shown = _closing(form), _shown(form)
        organising.add_closing(page.service, page.staff.name, organisation, closing)
    except CirculationError as error:
        return _year_page(page, organisation, error, plain_form(form))
    if not form.ticked("move"):
        return _back(page, organisation, closing, "closing_added")
    return _move(page, organisation, closing, shown)


@router.post("/calendar/{organisation:path}/move")
def move(organisation: str, page: CalendarPage, form: TheForm) -> Response:
    """Move loans off a closing that is entered already (R41)."""
    return _move(page, organisation, _closing(form), _shown(form))


def _move(page: Page, organisation: str, closing: Closing, shown: Sequence[Shown]) -> Response:
    done = moving.move(page.service, page.staff.name, organisation, closing.first, closing.last, shown)
    left = ",".join(f"{loan}.{why}" for loan, why in list(done.left.items())[:MOST_LEFT])
    told = {"moved": len(done.moved), "left": left or None, "not_shown": done.not_shown or None}
    return _back(page, organisation, closing, None, **told)


def _back(page: Page, organisation: str, closing: Closing, said: str | None, **told: str | int | None) -> Response:
    return page.go(f"/calendar/{organisation}", said, year=closing.first.year, **told)


@router.post("/calendar/{organisation:path}/closings/delete")
def delete_closing(organisation: str, page: CalendarPage, form: TheForm) -> Response:
    """Take a closing or opening back."""
    organising.delete_closing(page.service, page.staff.name, organisation, form.number("closing") or 0)
    return page.go(f"/calendar/{organisation}", "closing_deleted", year=form.number("year"))


@router.post("/calendar/{organisation:path}/days")
def change_days(organisation: str, page: CalendarPage, form: TheForm) -> Response:
    """Change weekly closed days, public holidays and tours."""
    try:
        organising.change_calendar(page.service, page.staff.name, organisation, _days(form))
    except CirculationError as error:
        return _year_page(page, organisation, error, plain_form(form), form)
    return page.go(f"/calendar/{organisation}", "calendar_saved", year=form.number("year"))


def _days(form: Form) -> dict[str, Any]:
    """None = as the organisation above says."""
    own = {name: form.text(f"{name}_from") == OWN for name in inherited.OPENING_DAYS}
    return {
        "weekly_closed": _weekly(form) if own["weekly_closed"] else None,
        "holidays": form.text("region") if own["holidays"] else None,
        "tours": _tours(form) if own["tours"] else None,
    }


def _weekly(form: Form) -> list[int]:
    return [int(day) for day in form.every("weekly") if day in WEEKDAYS_SENT]


def _tours(form: Form) -> list[date]:
    words = form.text("tours").replace(",", " ").split()
    found = [Form({"tours": (word,)}).day("tours") for word in words]
    return [day for day in found if day is not None]


@router.get("/calendar/{organisation:path}")
def year_page(organisation: str, page: CalendarPage) -> Response:
    """The year of an organisation, and what makes it."""
    return _year_page(page, organisation)


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of loans, as the address of the page tells it."""

    moved: int
    left: tuple[tuple[int, Left], ...]
    not_shown: int


def _moved(page: Page) -> Moved | None:
    asked = page.asked
    try:
        moved, not_shown = asked.number("moved"), asked.number("not_shown") or 0
        pairs = [pair.split(".") for pair in asked.text("left").split(",") if pair][:MOST_LEFT]
        left: Any = tuple((int(loan), why) for loan, why in pairs if page.words.knows(f"closing.stays.{why}"))
    except (CirculationError, ValueError):
        return None
    return Moved(moved, left, not_shown) if moved is not None else None


def _year_page(
    page: Page,
    organisation: str,
    error: CirculationError | None = None,
    given: Mapping[str, str] | None = None,
    form: Form | None = None,
) -> Response:
    year = _year(page)
    found = inherited.year(page.service, organisation, year)
    with page.reading() as db:
        names = page.names(db)
    language = page.words.language
    return page.show(
        "calendar/year.html",
        error.status if error is not None else 200,
        error=error,
        given=given or {},
        organisation=organisation,
        name=names[organisation],
        names=names,
        year=year,
        within=(FIRST_YEAR, LAST_YEAR),
        months=days.months(found.days, language),
        short=days.weekdays(language, "short"),
        weekdays=days.weekdays(language),
        kinds=list(calendars.DayKind),
        holidays=calendars.holiday_names(found.region, year, language),
        says=found.said,
        entered=_entered(found.said, form),
        closings=[one for one in found.closings if one["last"].year >= year and one["first"].year <= year],
        moved=_moved(page),
    )


def _entered(said: dict[str, Said] | Any, form: Form | None) -> dict[str, Any]:
    """What the form of the opening days shows: what is said, or what was just entered and is wrong."""
    if form is not None:
        origins = {name: form.text(f"{name}_from") for name in inherited.OPENING_DAYS}
        return {"weekly": _weekly(form), "region": form.text("region"), "tours": form.text("tours"), "origins": origins}
    return {
        "weekly": said["weekly_closed"].holds,
        "region": said["holidays"].holds,
        "tours": "\n".join(said["tours"].holds or ()),
        "origins": {name: INHERIT if one.own is None else OWN for name, one in said.items()},
    }


def _year(page: Page) -> int:
    """The year that is asked for, this one if none or an odd one is."""
    text = page.asked.text("year")
    asked = int(text) if text.isascii() and text.isdigit() and len(text) <= len("9999") else 0
    return asked if FIRST_YEAR <= asked <= LAST_YEAR else page.today.year
