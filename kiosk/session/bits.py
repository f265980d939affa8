"""Security bits of operations: write, read back, go on (design 5).

Responsible for bringing every tag of an operation to its target and for what follows once all are there, or cannot be.
A bit is set to a state, never toggled; a lifted tag waits for its return; a loan is never silently undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from drivers.api import Security, SecuritySet, TagUid
from kiosk.central.api import Action
from kiosk.effects import Step
from kiosk.screens import RowState, Sentence
from kiosk.session import heal
from kiosk.session.state import Bit, Operation, TagWork, Work
from kiosk.session.turn import Turn, doubt_of, journal_entry, request_of

WRITING_STEPS = frozenset({Step.LOANED, Step.RETURNING, Step.RESTORING})
MOST_TRIES = {"tag_lost": 8, "not_written": 3, "not_readable": 3}
PAUSE = {"tag_lost": 0.5, "device_lost": 0.5, "not_written": 0.2, "not_readable": 0.2}


def aim(tags: Mapping[TagUid, TagWork], target: Security | None) -> Mapping[TagUid, TagWork]:
    """Every tag with a new target; ``None`` aims each at its former state (on loan, so disarmed where unknown)."""
    return {uid: TagWork(tag.former, target or tag.former or Security.DISARMED, Bit.TODO) for uid, tag in tags.items()}


def press(turn: Turn) -> None:
    """Send the writes that are due (tag on the pad, not yet asked, pause over); go on where all were read back."""
    for operation in tuple(turn.state.operations.values()):
        if operation.step not in WRITING_STEPS:
            continue
        if all(tag.bit is Bit.SET for tag in operation.tags.values()):
            _finish_writing(turn, operation)
            continue
        for uid, tag in operation.tags.items():
            due = tag.bit is Bit.TODO and turn.state.pad.here(uid) and tag.retry_at <= turn.now.monotonic
            if due and tag.target is not None:
                turn.write_bit(uid, tag.target, operation.item, operation.id)
                operation = _with_tag(operation, uid, replace(tag, bit=Bit.SENT))
        turn.put_operation(operation)


def answered(turn: Turn, event: SecuritySet) -> None:
    """Take the answer to one write."""
    write = turn.state.writes.get(event.request)
    turn.set(writes={number: other for number, other in turn.state.writes.items() if number != event.request})
    turn.set(pad=turn.state.pad.with_security(event.uid, event.read_back))
    if write is None:
        return
    if write.operation is None:
        heal.written(turn, write.item, event)
        return
    operation = turn.state.operations.get(write.operation)
    if operation is None or event.uid not in operation.tags:
        heal.look_again(turn, event.uid)
        return
    tag = operation.tags[event.uid]
    if tag.target is not event.wanted:
        return
    if event.problem is None:
        turn.put_operation(_with_tag(operation, event.uid, replace(tag, bit=Bit.SET)))
    else:
        _again(turn, operation, event.uid, event.problem)


def _with_tag(operation: Operation, uid: TagUid, tag: TagWork) -> Operation:
    return replace(operation, tags={**operation.tags, uid: tag})


def _again(turn: Turn, operation: Operation, uid: TagUid, problem: str) -> None:
    tag = operation.tags[uid]
    counts = problem in MOST_TRIES and turn.state.pad.here(uid)
    tries = tag.tries + 1 if counts else tag.tries
    if counts and tries >= MOST_TRIES[problem] and turn.state.journal_ok:
        _give_up(turn, operation, problem)
        return
    pause = turn.now.monotonic + PAUSE.get(problem, PAUSE["tag_lost"])
    turn.put_operation(_with_tag(operation, uid, replace(tag, bit=Bit.TODO, tries=tries, retry_at=pause)))


def _finish_writing(turn: Turn, operation: Operation) -> None:
    """Every tag was read back in its target state: the operation's next step."""
    if operation.step is Step.RETURNING:
        request = request_of(operation, None, turn.rules_number(), turn.now)
        turn.record([journal_entry(operation, Step.ARMED, request=request)])
        turn.put_operation(replace(operation, step=Step.ARMED, asked_at=turn.now.monotonic))
        return
    turn.record([journal_entry(operation, Step.CLOSED)])
    row = turn.row_of(operation)
    turn.drop_operation(operation)
    if row is not None and operation.step is Step.LOANED:
        turn.put_work(replace(row, state=RowState.LENT, operation=None))
    elif row is not None:
        turn.put_work(replace(row, operation=None))


def _give_up(turn: Turn, operation: Operation, why: str) -> None:
    row = turn.row_of(operation)
    to_staff_list(turn, operation, why)
    if row is not None and operation.step is not Step.RESTORING:
        turn.put_work(staff_row(row, operation.action))


def to_staff_list(turn: Turn, operation: Operation, why: str) -> None:
    """Close an operation whose bits are not as they should be: its item goes onto the staff list until it is healed."""
    former = next((tag.former for tag in operation.tags.values() if tag.former is not None), None)
    wanted = Security.DISARMED if operation.step is Step.LOANED or former is None else former
    turn.record([doubt_of(operation, wanted, why), journal_entry(operation, Step.CLOSED, note=why)])
    turn.drop_operation(operation)


def staff_row(row: Work, action: Action) -> Work:
    """The row of an item whose bit could not be written."""
    code = "row.door" if action is Action.CHECKOUT else "row.arm_failed"
    return replace(row, state=RowState.STAFF, operation=None, says=Sentence(code))
