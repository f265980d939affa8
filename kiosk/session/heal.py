"""Self-heal: a bit that disagrees with the loan state is put right when the item is seen (design 5).

Responsible for when a fresh central answer is asked for and what may follow from it: only from an answer younger than 5
seconds, only without an open operation on the item, never disarming an item that is set aside, in transit or lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drivers.api import Security, SecuritySet, TagUid
from kiosk.central.api import ItemState
from kiosk.effects import DoubtEnd, DoubtEntry, HealEntry, LookUp
from kiosk.screens import RowState
from kiosk.session.state import STACK_ACTION, Page, State
from kiosk.session.turn import Turn
from kiosk.stack import PadTag

FRESH_SECONDS = 5.0
NEVER_DISARM = frozenset({"set_aside", "in_transit", "lost"})
SETTLED = frozenset({RowState.REFUSED, RowState.RENEWED, RowState.STAFF})  # no bit is about to be written for them
MOST_ITEMS = 50  # of one look-up
LOOK_UP_PAUSE = 5.0


def wanted_security(item: ItemState) -> Security | None:
    """What the bit should be by the loan state; None where it must be left alone."""
    if not item.on_loan:
        return Security.ARMED
    return None if item.state in NEVER_DISARM else Security.DISARMED


def ask(turn: Turn, unknown: Iterable[str]) -> None:
    """Send one look-up for items whose record is not known and items whose bit is to be compared."""
    state = turn.state
    if not state.central_up or not state.journal_ok or state.look_up_again > turn.now.monotonic:
        return
    wanted = dict.fromkeys((*unknown, *_to_compare(state)))
    items = tuple(item for item in wanted if item not in state.looking_up)[:MOST_ITEMS]
    if items:
        turn.set(looking_up=state.looking_up | set(items))
        turn.emit(LookUp(state.session, items))


def _busy_items(state: State) -> frozenset[str]:
    written = (write.item for write in state.writes.values())
    return frozenset([*(operation.item for operation in state.operations.values()), *written])


def _to_compare(state: State) -> list[str]:
    busy = _busy_items(state)
    found = []
    for tag in state.pad.tags.values():
        if tag.item is None or tag.checked or tag.item.item_id in busy:
            continue
        if _is_settled(state, tag, tag.item.item_id):
            found.append(tag.item.item_id)
    return found


def _is_settled(state: State, tag: PadTag, item: str) -> bool:
    """Whether nothing else is about to be done with the item, so that its bit may be compared now."""
    if item in state.doubts or tag.leftover:
        return True
    page = state.under if state.page is Page.LEAVE else state.page
    row = state.work.get(item)
    return page in STACK_ACTION and row is not None and row.state in SETTLED


def looked_up(turn: Turn, states: Iterable[ItemState]) -> None:
    """Take a look-up's answer: records become known, and bits that disagree are written."""
    for item in states:
        turn.set(looking_up=turn.state.looking_up - {item.item})
        if item.record is None:
            turn.set(missing_items=turn.state.missing_items | {item.item})
            continue
        turn.set(items={**turn.state.items, item.item: item.record})
        fresh = turn.now.monotonic - item.answered <= FRESH_SECONDS
        if fresh and turn.state.journal_ok and item.item not in _busy_items(turn.state):
            _compare(turn, item)


def failed(turn: Turn) -> None:
    """A look-up got no answer: try again later."""
    turn.set(looking_up=frozenset(), look_up_again=turn.now.monotonic + LOOK_UP_PAUSE)


def _compare(turn: Turn, item: ItemState) -> None:
    tags = turn.state.pad.of_item(item.item)
    wanted = wanted_security(item)
    settled = [tag for tag in tags if _is_settled(turn.state, tag, item.item)]
    for tag in settled:
        turn.set(pad=turn.state.pad.with_tag(replace(tag, checked=True)))
        if wanted is not None and tag.security is not wanted:
            turn.write_bit(tag.uid, wanted, item.item, None)
    if settled and wanted is not None and all(tag.security is wanted for tag in tags):
        _end_doubt(turn, item.item, wanted, "as_wanted")


def _end_doubt(turn: Turn, item: str, wanted: Security, how: str) -> None:
    """Take an item off the staff list once every part of it is here and as it should be."""
    tags = turn.state.pad.of_item(item)
    record = turn.state.items.get(item)
    whole = record is not None and len({tag.item.part for tag in tags if tag.item}) >= record.parts
    if item in turn.state.doubts and whole and all(tag.security is wanted for tag in tags):
        turn.record([DoubtEnd(item, how)])
        row = turn.state.work.get(item)
        if row is not None and row.state is RowState.STAFF and row.due is not None and wanted is Security.DISARMED:
            turn.put_work(replace(row, state=RowState.LENT, says=None))


def written(turn: Turn, item: str, event: SecuritySet) -> None:
    """Take the answer to a healing write."""
    if not turn.state.journal_ok:
        look_again(turn, event.uid)
    elif event.problem is None:
        turn.record([HealEntry(item, event.wanted.value)])
        _end_doubt(turn, item, event.wanted, "repaired")
    elif item not in turn.state.doubts:
        last = event.read_back.value if event.read_back else None
        turn.record([DoubtEntry(item, (str(event.uid),), event.wanted.value, last, event.problem)])


def look_again(turn: Turn, uid: TagUid) -> None:
    """A tag's bit may have changed after it was compared: compare it once more."""
    tag = turn.state.pad.tags.get(uid)
    if tag is not None:
        turn.set(pad=turn.state.pad.with_tag(replace(tag, checked=False)))


def cleared_by_staff(turn: Turn, items: Iterable[str]) -> None:
    """Staff have looked at items and cleared their doubt."""
    turn.record([DoubtEnd(item, "cleared_by_staff") for item in items if item in turn.state.doubts])
