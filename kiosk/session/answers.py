"""Outcomes of the central service, and what the journal held at start.

Responsible for what follows from Done, Refused and Unknown for each action (design 4 and 5). Three outcomes, never two:
what is unknown stays unknown until it is settled (checkout, renewal) or answered under the same id (return).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from drivers.api import Security, TagUid
from kiosk.central.api import Action, Done, OperationId, Outcome, Refused, Unknown
from kiosk.effects import Step
from kiosk.messages import JournalRead, OpenOperation
from kiosk.screens import RowState
from kiosk.session.bits import aim
from kiosk.session.state import FOUND_AT_START, Bit, Operation, TagWork, Work
from kiosk.session.turn import Turn, journal_entry

ABANDONED = "abandoned"
MOST_ATTEMPTS = 3


def answered(turn: Turn, operation_id: OperationId, outcome: Outcome) -> None:
    """Take one outcome. An answer for an operation that is closed already changes nothing."""
    operation = turn.state.operations.get(operation_id)
    if operation is None or operation.step not in (Step.ASKED, Step.ARMED):
        return
    operation = replace(operation, in_flight=False)
    if isinstance(outcome, Unknown) or not turn.state.journal_ok:
        not_answered(turn, operation)
        return
    HANDLERS[operation.action](turn, operation, outcome)


def not_answered(turn: Turn, operation: Operation) -> None:
    """Keep it open and ask again after a pause that doubles."""
    settings = turn.state.settings
    pause = min(settings.retry_first * 2**operation.tries, settings.retry_most)
    waiting = replace(
        operation,
        in_flight=False,
        unanswered=True,
        tries=min(operation.tries + 1, 16),
        next_try=turn.now.monotonic + pause,
    )
    turn.put_operation(waiting)


def batch_ended(turn: Turn, operations: tuple[OperationId, ...]) -> None:
    """The request is over; whatever was not answered by it is asked about."""
    for operation_id in operations:
        operation = turn.state.operations.get(operation_id)
        if operation is not None and operation.in_flight:
            not_answered(turn, operation)
    turn.set(batch=frozenset())


def _close(turn: Turn, operation: Operation, note: str = "", before: tuple[Step, ...] = ()) -> None:
    turn.record([*(journal_entry(operation, step) for step in before), journal_entry(operation, Step.CLOSED, note)])
    turn.drop_operation(operation)


def _checkout(turn: Turn, operation: Operation, outcome: Done | Refused) -> None:
    row = turn.row_of(operation)
    if isinstance(outcome, Refused):
        _refused(turn, operation, row, outcome)
        return
    turn.record([journal_entry(operation, Step.LOANED)])
    turn.put_operation(replace(operation, step=Step.LOANED, tags=aim(operation.tags, Security.DISARMED)))
    if row is not None:
        turn.put_work(replace(row, due=outcome.due))


def _refused(turn: Turn, operation: Operation, row: Work | None, outcome: Refused) -> None:
    _close(turn, operation, note=outcome.reason.code)
    if row is None:
        return
    if outcome.reason.code == ABANDONED and row.attempts < MOST_ATTEMPTS:
        again = RowState.CHECKING
        turn.put_work(replace(row, state=again, operation=None, ready=operation.action is Action.RENEWAL))
        return
    turn.put_work(replace(row, state=RowState.REFUSED, operation=None, reason=outcome.reason))


def _return(turn: Turn, operation: Operation, outcome: Done | Refused) -> None:
    row = turn.row_of(operation)
    if isinstance(outcome, Done):
        _close(turn, operation, before=(Step.RETURNED,))
        state = RowState.RETURNED if outcome.was_on_loan else RowState.NOT_ON_LOAN
        if row is not None:
            turn.put_work(replace(row, state=state, operation=None))
        return
    if not outcome.still_on_loan:
        _close(turn, operation, note=outcome.reason.code)
        if row is not None:
            turn.put_work(replace(row, state=RowState.REFUSED, operation=None, reason=outcome.reason))
        return
    turn.record([journal_entry(operation, Step.RESTORING, note=outcome.reason.code)])
    turn.put_operation(replace(operation, step=Step.RESTORING, tags=aim(operation.tags, None)))
    if row is not None:
        turn.put_work(replace(row, state=RowState.REFUSED, reason=outcome.reason))


def _renewal(turn: Turn, operation: Operation, outcome: Done | Refused) -> None:
    row = turn.row_of(operation)
    if isinstance(outcome, Refused):
        _refused(turn, operation, row, outcome)
        return
    _close(turn, operation)
    if row is not None:
        turn.put_work(replace(row, state=RowState.RENEWED, operation=None, due=outcome.due))


HANDLERS: Mapping[Action, Callable[[Turn, Operation, Done | Refused], None]] = {
    Action.CHECKOUT: _checkout,
    Action.RETURN: _return,
    Action.RENEWAL: _renewal,
}


# --- after a start, and when the journal fails ------------------------------------------------------------------------


def journal_read(turn: Turn, message: JournalRead) -> None:
    """Take up what the last run left open: what was asked is asked about, what was being written is in doubt (work)."""
    turn.set(journal_read=True, doubts=dict(message.doubts))
    for found in message.operations:
        operation = _reopened(found)
        turn.put_operation(replace(operation, unanswered=operation.step is Step.ASKED))


def _reopened(found: OpenOperation) -> Operation:
    tags = {TagUid.from_hex(uid): TagWork(Security(was) if was else None) for uid, was in found.tags.items()}
    return Operation(found.operation, Action(found.action), found.item, FOUND_AT_START, tags, Step(found.step))


def journal_failed(turn: Turn) -> None:
    """Nothing that depended on the failed entries was done: forget what was only planned, ask again about the rest."""
    for operation in tuple(turn.state.operations.values()):
        if operation.step is None:
            turn.drop_operation(operation)
        elif operation.step in (Step.ASKED, Step.ARMED):
            not_answered(turn, operation)
        else:
            unsent = {uid: replace(tag, bit=Bit.TODO) for uid, tag in operation.tags.items()}
            turn.put_operation(replace(operation, tags=unsent))
    turn.set(journal_ok=False, batch=frozenset())
    for row in tuple(turn.state.work.values()):
        if row.operation is not None and row.operation not in turn.state.operations:
            turn.put_work(replace(row, operation=None, state=RowState.CHECKING))
