"""What the desk says of an operation: what happened, where the item goes, every reason against it, what may be done.

Not responsible for deciding any of it; it is read from what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from circulation.desk import Recorded
from circulation.domain.deciding import WITHOUT_DATE
from circulation.explaining import patron_text, reason_text
from circulation.operations import RETURN
from circulation.staff.words import Words
from rules.refusals import REFUSALS, Reason, choose

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to be told. ``path``: where more of it stands."""

    text: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One operation as the desk tells it.

    Attributes:
        sort: "ok", "act" (something is to be done with the item) or "stop".
        head: what happened.
        place: where the item is to be put, None = nowhere in particular.
        patron_reads: the sentence the patron would read.
        overridable: whether staff who may can set all reasons aside.
        dated: the override has to bring a due date.
        own: it is on this patron's account already, so it may be renewed (R86).
        explained: its record is still there.
        doubt: what a machine does not know of the item (R87).
    """

    id: str
    action: str
    item: str
    title: str | None
    sort: str
    head: str
    place: Fact | None
    facts: tuple[Fact, ...]
    reasons: tuple[str, ...]
    patron_reads: str | None
    overridable: bool
    dated: bool
    own: bool
    explained: bool
    doubt: Plain | None


def told(one: Recorded, words: Words, branches: Mapping[str, str]) -> Told:
    """An operation in words.

    Args:
        one: as it was recorded.
        words: of the reader.
        branches: what they are called.
    """
    line, trace = one.line, one.trace
    done = line["outcome"] == "done"
    reasons = [] if done else [_reason(raw) for raw in line["all_reasons"]]
    place = _place(one, words, branches)
    codes = [reason.code for reason in reasons]
    return Told(
        one.id,
        line["action"],
        line["item"],
        one.title,
        "stop" if not done else "act" if place is not None and place[1] else "ok",
        _head(line, words),
        place[0] if place is not None else None,
        tuple(_facts(line, trace, words)),
        tuple(_staff_reason(reason, words) for reason in reasons),
        patron_text(choose(reasons), words.language) if reasons else None,
        bool(reasons) and line["action"] != RETURN and all(_overridable(code) for code in codes),
        any(code in WITHOUT_DATE for code in codes),
        any(reason.code == "item_state" and reason.params.get("own") is True for reason in reasons),
        bool(trace),
        one.doubt,
    )


def _reason(raw: Plain) -> Reason:
    return Reason(raw["code"], raw["params"], raw["site_text"])


def _overridable(code: str) -> bool:
    return code in REFUSALS and REFUSALS[code].overridable


def _head(line: Plain, words: Words) -> str:
    action = line["action"]
    if line["outcome"] != "done":
        return words.say(f"desk.refused.{action}")
    if action == RETURN:
        return words.say("desk.done.return" if line["was_on_loan"] else "desk.done.return_not_on_loan")
    return words.say(f"desk.done.{action}", date=words.day(date.fromisoformat(line["due"])))


def _place(one: Recorded, words: Words, branches: Mapping[str, str]) -> tuple[Fact, bool] | None:
    """Where to put the item, and whether that is more than putting it back."""
    shelf = one.trace.get("shelf")
    if shelf is None:
        return None
    state, to = shelf["state"], shelf.get("to")
    given = {"branch": branches.get(to, to)} if to is not None else {}
    if one.taker is None:
        known = state if state in ("available", "kept") else f"{state}_nobody"
        return Fact(words.say(f"desk.put.{known}", **given)), state != "available"
    patron, name = one.taker
    return Fact(words.say(f"desk.put.{state}", name=name, **given), f"/patrons/{patron}"), True


def _facts(line: Plain, trace: Plain, words: Words) -> Iterator[Fact]:
    if trace.get("moves"):
        yield Fact(words.say("explain.moved", date=date.fromisoformat(trace["unadjusted"])))
    if trace.get("days_late"):
        yield Fact(words.say("desk.late", n=trace["days_late"]))
    for charged in trace.get("charged", ()):
        path = f"/fees/{charged['fee']}"
        yield Fact(words.say(f"desk.charged.{charged['kind']}", amount=words.money(charged["amount"])), path)
    if "found" in trace:
        yield Fact(words.say("explain.found", state=words.name("state.item", trace["found"])))
    if "fulfilled" in trace:
        yield Fact(words.say("desk.fulfilled"))
    if "cancelled" in trace:
        yield Fact(words.say("desk.cancelled"))
    if line["outcome"] == "done":
        for raw in trace.get("overridden", ()):
            yield Fact(words.say("desk.overridden", why=_staff_reason(_reason(raw), words)))
        if trace.get("overridden"):
            yield Fact(words.say("desk.override_reason", reason=trace["override"]["reason"]))


def _staff_reason(reason: Reason, words: Words) -> str:
    """A reason in words for staff; of an item's state also what is to be done with the item."""
    if reason.code != "item_state":
        return reason_text(reason, words.language)
    params = reason.params
    state = f"{params['state']}_{params['action']}" if params["state"] == "available" else params["state"]
    code = "desk.state.own" if params.get("own") else f"desk.state.{state}"
    if not words.knows(code):
        return reason_text(reason, words.language)
    due = params.get("due")
    return words.say(code, date=words.day(date.fromisoformat(due)) if isinstance(due, str) else "")
