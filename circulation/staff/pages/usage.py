"""How much is done at machines and desks, and what machines refuse: by month, reason and media type."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter, Response

from circulation import usage
from circulation.errors import CirculationError
from circulation.staff import days, telling
from circulation.staff.page import AnyPage, Page, plain_form
from circulation.store import house
from rules.survey import branches

router = APIRouter(prefix="/usage")
MONTHS = 12  # looked back, where nobody says otherwise
NOTHING = usage.Usage((), (), ())


@router.get("")
def shown(page: AnyPage) -> Response:
    """The numbers."""
    given = plain_form(page.asked)
    try:
        first, last, branch = _wanted(page)
        found = usage.looked_at(page.service, first, last, branch)
    except CirculationError as error:
        return page.wrong("usage.html", error, **_shown(page, NOTHING), given=given)
    days_given = {"since": first.isoformat(), "until": last.isoformat()}
    return page.show("usage.html", **_shown(page, found), given={**days_given, **given}, error=None)


def _wanted(page: Page) -> tuple[date, date, str | None]:
    last = page.asked.day("until") or page.today
    return page.asked.day("since") or days.months_back(last, MONTHS), last, page.asked.text("branch") or None


def _shown(page: Page, found: usage.Usage) -> dict[str, Any]:
    words = page.words
    with page.reading() as db:
        tree, types = house.organisations(db), house.media_types(db)
    return {
        "found": found,
        "months": [(one, days.month_of_year(one.first, words.language)) for one in found.months],
        "most": max((number for one in found.months for number in one.done.values()), default=1),
        "refused": [(telling.reason_name(words, code), number) for code, number in found.refused_at_machines],
        "types": [(words.named(types.get(code, {}), code), *numbers) for code, *numbers in found.media_types],
        "places": [(one, tree.nodes[one].name) for one in sorted(branches(tree))],
    }


@router.get("/export")
def export(page: AnyPage) -> Response:
    """Every line of them as CSV."""
    content = usage.exported(page.service, *_wanted(page))
    return Response(content, media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="usage.csv"'})
