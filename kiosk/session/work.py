"""The stack at work: from tags on the pad to operations that are sent.

Responsible for the rows of a borrowing or returning stack, for starting operations and for batching requests. What was
laid down while a request is out goes into the next one (design 3). Not responsible for answers or bits.
"""

from __future__ import annotations

from dataclasses import replace

from drivers.api import Security
from kiosk.central.api import Action, Batch
from kiosk.central.api import Operation as AskedOperation
from kiosk.effects import DoubtEntry, RunBatch, Settle, Step
from kiosk.screens import RowState, Sentence
from kiosk.selfservice import Allowed, Incomplete, NotRead, Refusal, decide
from kiosk.session import bits, heal
from kiosk.session.state import FOUND_AT_START, STACK_ACTION, Operation, Page, State, TagWork, Work
from kiosk.session.turn import Turn, journal_entry, request_of
from kiosk.stack import PadTag, duplicates

UNDECIDED = frozenset({RowState.ARRIVING, RowState.CHECKING, RowState.PART_MISSING})
ENDED_PAGES = frozenset({Page.START, Page.RECEIPT, Page.GOODBYE, Page.CLEAR})
STAFF_CODES = frozenset({"label_unreadable"})


def stack_action(state: State) -> Action | None:
    """What is done with items on the pad now; None on pages where nothing is."""
    return STACK_ACTION.get(state.under if state.page is Page.LEAVE else state.page)


def advance(turn: Turn) -> None:
    """Do everything that can be done now. Nothing is begun while the journal cannot be written."""
    if not turn.state.journal_read or not turn.state.journal_ok:
        return
    _end_of_session(turn)
    unknown: list[str] = []
    action = stack_action(turn.state)
    if action is not None:
        unknown = _collect(turn, action)
    if action is Action.RETURN:
        _start_returns(turn)
    _start_renewals(turn)
    bits.press(turn)
    _ask_again(turn)
    _send(turn)
    heal.ask(turn, unknown)


def _end_of_session(turn: Turn) -> None:
    """What a finished session leaves with bits in doubt goes onto the staff list; nothing is undone."""
    for operation in tuple(turn.state.operations.values()):
        if operation.session == turn.state.session and turn.state.page not in ENDED_PAGES:
            continue
        if operation.step is None:
            turn.drop_operation(operation)
        elif operation.step is Step.RETURNED:
            turn.record([journal_entry(operation, Step.CLOSED)])
            turn.drop_operation(operation)
        elif operation.step in bits.WRITING_STEPS:
            row = turn.row_of(operation)
            bits.to_staff_list(turn, operation, "power_cut" if operation.session == FOUND_AT_START else "lifted")
            if row is not None and operation.step is not Step.RESTORING:
                turn.put_work(bits.staff_row(row, operation.action))


def close_rows(turn: Turn) -> None:
    """At the end of a session: whatever was not begun was not done, and its row says so."""
    action = stack_action(turn.state)
    code = "row.not_returned" if action is Action.RETURN else "row.left_out"
    for row in tuple(turn.state.work.values()):
        if row.operation is None and row.state in UNDECIDED:
            says = Sentence("no.abandoned" if row.renewal else code)
            turn.put_work(replace(row, state=RowState.REFUSED, ready=False, says=says))


# --- rows -------------------------------------------------------------------------------------------------------------


def _collect(turn: Turn, action: Action) -> list[str]:
    """Bring the rows in step with the pad; return the item ids whose record must be looked up."""
    groups: dict[str, list[PadTag]] = {}
    for tag in turn.state.pad.fresh():
        key = tag.item.item_id if tag.item else str(tag.uid)
        groups.setdefault(key, []).append(tag)
    _rename_read_tags(turn, groups)
    _rows_of_absent(turn, groups)
    unknown = []
    for key, tags in groups.items():
        row = turn.state.work.get(key) or Work(key, RowState.ARRIVING)
        if row.operation is None and row.state is RowState.REFUSED and row.lifted:
            row = Work(key, RowState.CHECKING, row.title, row.author, row.media_type)
        if row.operation is None and row.state in UNDECIDED and not row.renewal:
            row = _decide(turn.state, turn, action, row, tags)
            if row.state is RowState.CHECKING and not row.ready:
                unknown.append(key)
        turn.put_work(row)
        _tell_of_duplicates(turn, key, tags)
    return unknown


def _rename_read_tags(turn: Turn, groups: dict[str, list[PadTag]]) -> None:
    """A row that began as a bare tag becomes its item's row in the same place."""
    names = {str(tag.uid): key for key, tags in groups.items() for tag in tags if tag.item}
    rows: dict[str, Work] = {}
    for key, row in turn.state.work.items():
        name = names.get(key, key)
        if name == key:
            rows[key] = row
        elif name not in rows and name not in turn.state.work:
            rows[name] = Work(name, RowState.ARRIVING)
    turn.set(work=rows)


def _rows_of_absent(turn: Turn, groups: dict[str, list[PadTag]]) -> None:
    """What was lifted before anything was done loses its row; what was refused may be laid down for another try."""
    rows = {}
    for key, row in turn.state.work.items():
        if key in groups or row.operation is not None or (row.renewal and row.state in UNDECIDED):
            rows[key] = row
        elif row.state not in UNDECIDED:
            rows[key] = replace(row, lifted=True)
    turn.set(work=rows)


def _decide(state: State, turn: Turn, action: Action, row: Work, tags: list[PadTag]) -> Work:
    record = state.items.get(row.key)
    if record is not None:
        row = replace(row, title=record.title, author=record.author, media_type=record.media_type, parts=record.parts)
    row = replace(row, tags=tuple(tag.uid for tag in tags), ready=False, missing=())
    unknown_there = row.key in state.missing_items
    verdict = decide(action, tags, record, unknown_there, state.rules, turn.now.wall.date())
    match verdict:
        case NotRead():
            return replace(row, state=RowState.ARRIVING)
        case Refusal(reason):
            refused = RowState.STAFF if reason.code in STAFF_CODES else RowState.REFUSED
            return replace(row, state=refused, reason=reason)
        case Incomplete(missing, parts) if row.key in state.left_out:
            return replace(row, state=RowState.REFUSED, says=Sentence("row.left_out"), missing=missing, parts=parts)
        case Incomplete(missing, parts):
            return replace(row, state=RowState.PART_MISSING, missing=missing, parts=parts)
        case Allowed():
            return replace(row, state=RowState.CHECKING, ready=True)
        case _:
            return replace(row, state=RowState.CHECKING)


def _tell_of_duplicates(turn: Turn, key: str, tags: list[PadTag]) -> None:
    """Two labels with one number: both are switched with the item, both are shown, staff are told."""
    for uid in duplicates(tags):
        twin = str(uid)
        if twin in turn.state.work:
            continue
        row = turn.state.work[key]
        turn.put_work(Work(twin, RowState.STAFF, row.title, row.author, row.media_type, says=Sentence("row.duplicate")))
        last = next((tag.security for tag in tags if tag.uid == uid), None)
        turn.record([DoubtEntry(key, (twin,), Security.ARMED.value, last and last.value, "duplicate_tag")])


# --- operations -------------------------------------------------------------------------------------------------------


def _waiting_rows(state: State, renewal: bool = False) -> list[Work]:
    """Rows whose operation may begin now, in order of arrival: those that wait for a renewal, or all others.

    One operation at a time for an item: a return of an earlier session that was never answered is asked again, and
    would end the loan of whoever borrowed the item meanwhile.
    """
    busy = {operation.item for operation in state.operations.values()}
    ready = [row for row in state.work.values() if row.ready and row.renewal is renewal]
    return [row for row in ready if row.operation is None and row.key not in busy]


def _new_operation(turn: Turn, action: Action, row: Work, target: Security | None) -> Operation:
    pad = turn.state.pad
    tags = {uid: TagWork(pad.tags[uid].security if pad.here(uid) else None, target) for uid in row.tags}
    return Operation(turn.operation_id(), action, row.key, turn.state.session, tags)


def _start_returns(turn: Turn) -> None:
    """Arm first: the journal holds every item's former state before a byte is written (design 5)."""
    started = []
    for row in _waiting_rows(turn.state):
        operation = replace(_new_operation(turn, Action.RETURN, row, Security.ARMED), step=Step.RETURNING)
        turn.put_operation(operation)
        turn.put_work(replace(row, ready=False, operation=operation.id))
        started.append(operation)
    turn.record(journal_entry(operation, Step.RETURNING) for operation in started)


def _start_renewals(turn: Turn) -> None:
    """Begin one renewal for each chosen loan that the machine's own rule allows, while who chose it is signed in."""
    if turn.state.patron is None:
        return
    for row in _waiting_rows(turn.state, renewal=True):
        # without tags: a renewed item is as much on loan as before, so its bits are left alone
        operation = Operation(turn.operation_id(), Action.RENEWAL, row.key, turn.state.session)
        turn.put_operation(operation)
        turn.put_work(replace(row, ready=False, operation=operation.id, attempts=row.attempts + 1))


def _send(turn: Turn) -> None:
    """Send the next batch, if none is out: the running session first, then returns of earlier ones."""
    state = turn.state
    if state.batch or not state.central_up:
        return
    batch = _checkouts(turn) if stack_action(state) is Action.CHECKOUT else []
    batch += [operation for operation in turn.state.operations.values() if _may_send(turn, operation)]
    batch = batch[: state.settings.batch]
    if not batch:
        return
    patron = turn.state.patron
    own = patron is not None and any(operation.action is not Action.RETURN for operation in batch)
    rules = turn.rules_number()
    reference = patron.patron if patron and own else None
    asked = []
    for operation in batch:
        if operation.step is None:
            asked.append(
                journal_entry(operation, Step.ASKED, request=request_of(operation, reference, rules, turn.now))
            )
            operation = replace(operation, step=Step.ASKED)
        first = operation.asked_at if operation.asked_at is not None else turn.now.monotonic
        turn.put_operation(replace(operation, in_flight=True, unanswered=False, asked_at=first))
    turn.record(asked)
    new = tuple(operation.id for operation in batch if operation.step is None)
    turn.set(batch=frozenset(operation.id for operation in batch), asked=(*turn.state.asked, *new))
    lines = tuple(AskedOperation(operation.id, operation.action, operation.item) for operation in batch)
    turn.emit(RunBatch(Batch(lines, patron.token if patron and own else None, reference, rules)))


def _checkouts(turn: Turn) -> list[Operation]:
    """Turn rows that are ready into operations, in the order laid down."""
    made = []
    for row in _waiting_rows(turn.state)[: turn.state.settings.batch]:
        operation = _new_operation(turn, Action.CHECKOUT, row, None)
        turn.put_work(replace(row, ready=False, operation=operation.id, attempts=row.attempts + 1))
        made.append(operation)
    return made


def _may_send(turn: Turn, operation: Operation) -> bool:
    if operation.in_flight:
        return False
    if operation.action is Action.RENEWAL:
        return operation.step is None
    return operation.step is Step.ARMED and operation.next_try <= turn.now.monotonic


def _ask_again(turn: Turn) -> None:
    """A checkout or renewal without a trustworthy answer is settled, never sent again under the same id."""
    if not turn.state.central_up:
        return
    for operation in tuple(turn.state.operations.values()):
        waiting = operation.unanswered and not operation.in_flight and operation.step is Step.ASKED
        if waiting and operation.next_try <= turn.now.monotonic:
            turn.put_operation(replace(operation, in_flight=True))
            turn.emit(Settle(operation.id))
