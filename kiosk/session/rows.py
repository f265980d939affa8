"""The truth of each row, worked out from what is known now.

Responsible for row states, sentences and the lists made of them (open, in work, done, for staff) and for the receipt.
Not responsible for changing anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from drivers.api import Paper
from kiosk.central.api import Action, Reason
from kiosk.effects import Receipt, ReceiptLine, Step
from kiosk.messages import Now
from kiosk.screens import (
    DONE_STATES,
    FOR_STAFF,
    IN_WORK_STATES,
    PATRON_CAN_ACT,
    Param,
    PartView,
    Row,
    RowState,
    Sentence,
)
from kiosk.session.state import Bit, Operation, Page, State, Work
from kiosk.stack import PadTag
from rules.refusals import patron_sentence
from wording import say

SAYS: Mapping[RowState, str] = {
    RowState.ARRIVING: "row.arriving",
    RowState.CHECKING: "row.checking",
    RowState.RETURNED: "row.returned",
    RowState.NOT_ON_LOAN: "row.not_on_loan",
    RowState.PUT_BACK: "row.put_back",
    RowState.TAKE_OFF: "row.take_off",
    RowState.ASKING: "row.asking",
}
DATED: Mapping[RowState, str] = {RowState.LENT: "row.lent", RowState.RENEWED: "row.renewed"}
AFTER_SESSION = frozenset({Page.RECEIPT, Page.GOODBYE})
OFFLINE: Mapping[Action, str] = {
    Action.CHECKOUT: "no.offline_kind",
    Action.RETURN: "no.offline_kind",
    Action.RENEWAL: "no.offline_renew",
}
UNCLEAR: Mapping[Action, str] = {
    Action.CHECKOUT: "row.unknown",
    Action.RETURN: "row.return_kept",
    Action.RENEWAL: "row.renew_unknown",
}


@dataclass(frozen=True, slots=True)
class _Truth:
    state: RowState
    says: Sentence


def reason_sentence(state: State, reason: Reason) -> Sentence:
    """The sentence for a refusal reason; a media type is named as the site names it, in the person's language."""
    told = patron_sentence(reason.code, reason.params)
    params = dict(told.params)
    media_type = params.pop("media_type", None)
    if media_type is not None:
        params["kind"] = _kind_name(state, str(media_type))
    return Sentence(told.code, params, dict(reason.site_text))


def _kind_name(state: State, media_type: str) -> str:
    names = state.rules.media_types.get(media_type, {}) if state.rules else {}
    return names.get(state.language) or next(iter(names.values()), media_type)


def part_names(state: State, numbers: Iterable[int]) -> str:
    """Names of parts in the person's language, e.g. "part 2"."""
    return ", ".join(say("part.number", {"n": number}, state.language) for number in numbers)


def truth(state: State, work: Work, now: float) -> _Truth:
    """What a row shows now: the operation's state where one runs, else the row's own."""
    operation = state.operations.get(work.operation) if work.operation else None
    if operation is not None:
        return _of_operation(state, work, operation, now)
    if work.says is not None:
        return _Truth(work.state, work.says)
    if work.reason is not None:
        return _Truth(work.state, reason_sentence(state, work.reason))
    if work.state in DATED:
        return _Truth(work.state, Sentence(DATED[work.state], {"date": work.due}))
    if work.state is RowState.PART_MISSING:
        here = work.parts - len(work.missing)
        params: dict[str, Param] = {"part": part_names(state, work.missing), "k": here, "n": work.parts}
        return _Truth(work.state, Sentence("row.part", params))
    if work.state is RowState.CHECKING and not state.central_up:
        action = Action.RENEWAL if work.renewal else Action.CHECKOUT
        return _Truth(RowState.REFUSED, Sentence(OFFLINE[action]))
    return _Truth(work.state, Sentence(SAYS[work.state]))


def _of_operation(state: State, work: Work, operation: Operation, now: float) -> _Truth:
    if operation.step is None:
        offline = not state.central_up
        shown = RowState.REFUSED if offline else RowState.CHECKING
        return _Truth(shown, Sentence(OFFLINE[operation.action] if offline else "row.checking"))
    if operation.step in (Step.ASKED, Step.ARMED):
        return _asked(state, operation, now)
    if operation.step is Step.RESTORING and work.reason is not None:
        return _Truth(RowState.REFUSED, reason_sentence(state, work.reason))
    waits = any(tag.bit is not Bit.SET and not state.pad.here(uid) for uid, tag in operation.tags.items())
    shown = RowState.PUT_BACK if waits else RowState.CHECKING
    return _Truth(shown, Sentence(SAYS[shown]))


def _asked(state: State, operation: Operation, now: float) -> _Truth:
    quiet = operation.in_flight or (operation.step is Step.ARMED and state.central_up)
    if quiet and not operation.unanswered and operation.tries == 0:
        return _Truth(RowState.CHECKING, Sentence("row.checking"))
    since = operation.asked_at if operation.asked_at is not None else now
    if state.page in AFTER_SESSION or now - since >= state.settings.asking:
        shown = RowState.KEPT if operation.action is Action.RETURN else RowState.UNKNOWN
        return _Truth(shown, Sentence(UNCLEAR[operation.action]))
    return _Truth(RowState.ASKING, Sentence("row.asking"))


def row(state: State, work: Work, now: float) -> Row:
    """A row as it is shown."""
    seen = truth(state, work, now)
    parts: tuple[PartView, ...] = ()
    if work.parts > 1:
        parts = tuple(PartView(number, number not in work.missing) for number in range(1, work.parts + 1))
    due, offered = _due(work, seen.state), renewal_offer(state, work) is not None
    return Row(work.key, work.title, work.author, work.media_type, seen.state, seen.says, due, parts, offered)


def renewal_offer(state: State, work: Work) -> date | None:
    """When the loan is due whose renewal this row offers now; None if it offers none.

    It goes with the one sentence that asks for it: the item was not lent, because this patron has it already (R86).
    """
    if state.page is not Page.BORROW or state.patron is None or not state.central_up:
        return None
    if work.operation is not None or work.state is not RowState.REFUSED or work.reason is None:
        return None
    told = patron_sentence(work.reason.code, work.reason.params)
    due = told.params.get("date")
    return due if told.code == "row.already_yours" and isinstance(due, date) else None


def _due(work: Work, shown: RowState) -> date | None:
    return work.due if shown in DATED or work.reason is not None else None


def session_rows(state: State, now: float) -> tuple[Row, ...]:
    """Every row of the session, in order of arrival."""
    return tuple(row(state, work, now) for work in state.work.values())


def leftover_rows(state: State) -> tuple[Row, ...]:
    """Items of the session before: shown, never lent, never returned."""
    rows = {}
    for tag in state.pad.leftovers():
        key = tag.item.item_id if tag.item else str(tag.uid)
        rows[key] = _leftover(state, key, tag)
    return tuple(found for key, found in rows.items() if key not in state.work)


def _leftover(state: State, key: str, tag: PadTag) -> Row:
    record = state.items.get(key)
    title, author, kind = (record.title, record.author, record.media_type) if record else ("", "", None)
    return Row(key, title, author, kind, RowState.TAKE_OFF, Sentence("row.take_off"))


def open_rows(state: State, now: float) -> tuple[Row, ...]:
    """Rows for which something is still to come: from the machine, from the person, or from staff."""
    waiting = IN_WORK_STATES | PATRON_CAN_ACT | FOR_STAFF
    return tuple(found for found in session_rows(state, now) if found.state in waiting)


def in_work(state: State, now: float) -> bool:
    """Whether the machine itself is at work on a row; no time-out runs then."""
    if state.page in AFTER_SESSION:
        return False
    return any(found.state in IN_WORK_STATES for found in session_rows(state, now))


def done_rows(state: State) -> tuple[Work, ...]:
    """Rows that ended well."""
    return tuple(work for work in state.work.values() if _in_the_end(state, work) in DONE_STATES)


def staff_rows(state: State) -> tuple[Work, ...]:
    """Rows to be shown to staff before leaving: unreadable, unclear, or with a bit that may be wrong."""
    shown = FOR_STAFF | {RowState.PUT_BACK}
    return tuple(work for work in state.work.values() if _in_the_end(state, work) in shown)


def _in_the_end(state: State, work: Work) -> RowState:
    return truth(state, work, float("inf")).state


def can_print(state: State) -> bool:
    """Whether the printer can keep the promise of a receipt."""
    device = state.devices.get("printer")
    status = state.printer
    ready = status is not None and status.online and not status.cover_open and status.paper is not Paper.OUT
    return state.settings.has_printer and device is not None and device.reason is None and ready


def can_mail(state: State) -> bool:
    """Whether the receipt can be sent by e-mail now."""
    return state.mail is not None and state.mail.possible and state.central_up


def summary(state: State) -> tuple[Sentence, Sentence | None]:
    """How many items were lent, returned or renewed: a sentence for receipt and screen, and one for what else was."""
    counts = {
        "receipt.sum": {RowState.LENT},
        "receipt.returned_sum": {RowState.RETURNED, RowState.KEPT},
        "receipt.renewed_sum": {RowState.RENEWED},
    }
    ends = [_in_the_end(state, work) for work in done_rows(state)]
    numbers = {code: sum(end in counted for end in ends) for code, counted in counts.items()}
    said = [Sentence(code, {"n": number}) for code, number in numbers.items() if number]
    first, also = (*said, None, None)[:2]
    return first or Sentence("receipt.nothing_sum"), also


def receipt(state: State, now: Now) -> Receipt:
    """What is printed: what was done with due dates, what to show to staff. No name, no card number."""
    headline, also = summary(state)
    return Receipt(
        state.language,
        headline,
        tuple(_line(state, work, now.monotonic) for work in done_rows(state)),
        tuple(_line(state, work, now.monotonic) for work in staff_rows(state)),
        also,
    )


def _line(state: State, work: Work, now: float) -> ReceiptLine:
    seen = truth(state, work, now)
    title = work.title or say("item.no_title", {}, state.language)
    return ReceiptLine(title, seen.says, work.due)
