"""What the next runs would send, the word a backlog waits for, and what due warnings have changed (R47, R73, R75)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.notices import asking, checklist, looking
from circulation.notices.asking import Tonight
from circulation.notices.runs import ESTIMATED, WITHOUT
from circulation.staff import days, notice_words, winners
from circulation.staff.page import DeskPage, NightPage, Page, plain_form
from circulation.staff.telling import Winner
from circulation.staffing import DESK
from circulation.store import people as store

router = APIRouter(prefix="/notices")
MOST_LINES = 100  # of a dry run, shown
MONTHS = 12  # looked back, where nobody says otherwise
_AND = ", "
_OF = ": "


@dataclass(frozen=True, slots=True)
class Would:
    """One thing a run would send, or would not though it is due.

    Attributes:
        about: loan or None, and what it is called.
        reason: why it is not sent; "" = it is.
        rules: that decided it.
    """

    name: str
    patron: tuple[str, str]
    about: tuple[str, str]
    channel: str
    reason: str
    rules: tuple[Winner, ...]
    fee: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A task and its dry run.

    Attributes:
        more: lines that are not shown.
        last: what its last run did, by state.
        hint: why it can send nothing at all; "" = it can.
    """

    one: Tonight
    name: str
    counts: Mapping[str, int]
    lines: tuple[Would, ...]
    more: int
    last: tuple[tuple[str, str], ...]
    hint: str


@router.get("/tonight")
def tonight(page: NightPage) -> Response:
    """What the next run of every task would send; names of patrons only for the desk."""
    rules = notice_words.live_rules(page)
    with page.reading() as db:
        names = page.names(db)
    try:
        found = asking.tonight(page.service)
    except CirculationError as error:
        if error.code != "no_rules":
            raise
        return page.show("notices/tonight.html", shown=(), no_rules=True)
    shown = [_shown(page, one, rules, names) for one in found]
    return page.show("notices/tonight.html", shown=shown, no_rules=False, estimated=ESTIMATED, without=WITHOUT)


def _shown(page: Page, one: Tonight, rules: winners.Rules, names: dict[str, str]) -> Shown:
    all_lines = one.preview.lines if one.preview is not None else ()
    some = all_lines[:MOST_LINES]
    with page.reading() as db:
        people = store.names(db, {line["patron"] for line in some}) if page.may(DESK) else {}
    lines = tuple(_would(page, one, line, people, rules, names) for line in some)
    counts = one.preview.counts if one.preview is not None else {}
    kind = page.words.say(f"notices.kind.{one.kind}")
    last = notice_words.counted(page.words, one.task.last.counts) if one.task.last is not None else ()
    hint = page.words.say(f"task.hint.no_rule.{one.task.type}") if checklist.lacks_rule(page.service, one.task) else ""
    return Shown(one, kind, counts, lines, len(all_lines) - len(some), last, hint)


def _would(
    page: Page,
    one: Tonight,
    line: Mapping[str, str],
    people: Mapping[str, str],
    rules: winners.Rules,
    names: Mapping[str, str],
) -> Would:
    words = page.words
    reason, by = ("", line["why"]) if line["channel"] else line["why"].partition(_OF)[::2]
    called = line["about"] if line["about"] not in names else names[line["about"]]
    return Would(
        notice_words.name(words, one.kind, line["level"]),
        (line["patron"], people.get(line["patron"], line["patron"])),
        (line["loan"] if line["loan"].isdigit() else "", called),
        notice_words.channels(words, [line["channel"]] if line["channel"] else []),
        words.name("notices.reason", reason) if reason else "",
        tuple(winners.winner_of(rule, rules, names) for rule in by.split(_AND) if rule),
        int(line["fee"]),
    )


# --- months -----------------------------------------------------------------------------------------------------------


@router.get("/effect")
def effect(page: DeskPage) -> Response:
    """Due warnings and overdue reminders of each month (R73)."""
    asked = page.asked
    given = plain_form(asked)
    try:
        until = asked.day("until") or page.today
        first = asked.day("since") or days.months_back(until, MONTHS)
        found = looking.effect(page.service, first, until)
    except CirculationError as error:
        return page.wrong("notices/effect.html", error, months=(), most=1, totals=(0, 0), given=given)
    numbers = [number for one in found for number in (one.warnings, one.reminders)]
    return page.show(
        "notices/effect.html",
        months=[(one, days.month_of_year(one.first, page.words.language)) for one in found],
        most=max(1, *numbers),
        totals=(sum(one.warnings for one in found), sum(one.reminders for one in found)),
        given={"since": first.isoformat(), "until": until.isoformat(), **given},
        error=None,
    )
