"""The machine's core as one pure function: step(state, message, now) -> (state, effects).

Responsible for giving each message to the one place that handles it, then doing what has become possible, then showing.
No thread, clock, socket or file: everything comes in as a message and goes out as an effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from drivers import api as d
from kiosk import messages as m
from kiosk.effects import Effect, Show
from kiosk.messages import Message, Now
from kiosk.session import answers, bits, flow, heal, view, work
from kiosk.session.state import PATRON_PAGES, Bit, Device, Page, State
from kiosk.session.turn import Turn

SIGNS_OF_A_PERSON = (*flow.INTENTS, d.CardSeen, d.CardRefused, d.CodeScanned)


def step(state: State, message: Message, now: Now) -> tuple[State, tuple[Effect, ...]]:
    """Take one message.

    Args:
        state: as the last step left it.
        message: what has arrived.
        now: the time.

    Returns:
        The new state, and what is to be done, in order (``kiosk.effects``).
    """
    turn = Turn(state if state.started is not None else replace(state, started=now.monotonic), now)
    if not isinstance(message, SIGNS_OF_A_PERSON):
        HANDLERS[type(message)](turn, message)
    elif isinstance(message, m.ChooseLanguage) or view.serves(turn.state, now.monotonic):
        flow.person_there(turn)
        HANDLERS[type(message)](turn, message)
    if view.why_out(turn.state, now.monotonic) is not None:
        flow.out_of_order(turn)
    work.advance(turn)
    flow.time_passed(turn)
    work.advance(turn)
    _show(turn)
    return turn.state, tuple(turn.effects)


def _show(turn: Turn) -> None:
    screen = view.view(turn.state, turn.now)
    state, screen = view.with_cues(turn.state, screen)
    if screen != state.shown:
        turn.emit(Show(screen))
    turn.state = replace(state, shown=screen)


def next_deadline(state: State, now: float) -> float | None:
    """When the core wants to be woken, as a monotonic instant; None if only a message can change anything."""
    settings = state.settings
    times: list[float] = []
    if state.page in PATRON_PAGES:
        times.append(state.warning_ends if state.warning_ends is not None else state.touched + settings.idle)
    if state.page is Page.GOODBYE:
        times.append(state.page_since + settings.goodbye)
    if flow.left_as_found(state):
        times.append(max(state.page_since, state.touched) + settings.idle)
    for operation in state.operations.values():
        times.append(operation.next_try if not operation.in_flight else 0.0)
        times.append((operation.asked_at or 0.0) + settings.asking)
        times += [tag.retry_at for tag in operation.tags.values() if tag.bit is Bit.TODO]
    pad = state.devices.get("pad")
    if pad is None or pad.reason is not None:
        times.append((pad.since if pad else state.started or 0.0) + settings.pad_grace)
    if state.rules is None and state.started is not None:
        times.append(state.started + view.STARTING_PATIENCE)
    times.append(state.look_up_again)
    later = [time for time in times if time > now]
    return min(later, default=None)


# --- devices ----------------------------------------------------------------------------------------------------------


def _device_up(turn: Turn, event: d.DeviceUp) -> None:
    alive = {name: why for name, why in turn.state.dead.items() if name != event.device}
    device = Device(event.info, None, turn.now.monotonic)
    turn.set(devices={**turn.state.devices, event.device: device}, dead=alive)


def _device_down(turn: Turn, event: d.DeviceDown) -> None:
    known = turn.state.devices.get(event.device)
    since = known.since if known is not None and known.reason is not None else turn.now.monotonic
    info = known.info if known is not None else None
    turn.set(devices={**turn.state.devices, event.device: Device(info, event.reason, since)})


def _tags_changed(turn: Turn, event: d.TagsChanged) -> None:
    if event.entered or event.left:
        flow.person_there(turn)
    turn.set(pad=turn.state.pad.changed(event.entered, event.left, event.unresolved))


def _item_read(turn: Turn, event: d.ItemRead) -> None:
    turn.set(pad=turn.state.pad.read(event.item))


def _security_set(turn: Turn, event: d.SecuritySet) -> None:
    bits.answered(turn, event)


def _card_gone(turn: Turn, _: d.CardGone) -> None:
    """Taking the card away changes nothing: the session is signed in already, or is not."""


def _printer_changed(turn: Turn, event: d.PrinterChanged) -> None:
    turn.set(printer=event.status)


# --- the central service ----------------------------------------------------------------------------------------------


def _operation_answered(turn: Turn, message: m.OperationAnswered) -> None:
    answers.answered(turn, message.operation, message.outcome)


def _batch_ended(turn: Turn, message: m.BatchEnded) -> None:
    answers.batch_ended(turn, message.operations)


def _settle_failed(turn: Turn, message: m.SettleFailed) -> None:
    operation = turn.state.operations.get(message.operation)
    if operation is not None:
        answers.not_answered(turn, operation)


def _items_looked_up(turn: Turn, message: m.ItemsLookedUp) -> None:
    heal.looked_up(turn, message.states)


def _request_failed(turn: Turn, message: m.RequestFailed) -> None:
    if message.what == "look_up":
        heal.failed(turn)
    else:
        flow.request_failed(turn, message)


def _item_list_changed(turn: Turn, message: m.ItemListChanged) -> None:
    turn.set(items=dict(message.items.items), missing_items=frozenset())


def _rules_changed(turn: Turn, message: m.RulesChanged) -> None:
    turn.set(rules=message.rules)


def _central_up(turn: Turn, _: m.CentralUp) -> None:
    alive = {name: why for name, why in turn.state.dead.items() if name != "central"}
    turn.set(central_up=True, dead=alive, look_up_again=0.0)
    for operation in tuple(turn.state.operations.values()):
        if not operation.in_flight:
            turn.put_operation(replace(operation, next_try=0.0))


def _central_down(turn: Turn, _: m.CentralDown) -> None:
    turn.set(central_up=False)


def _heartbeat_answered(turn: Turn, message: m.HeartbeatAnswered) -> None:
    if turn.state.journal_ok:
        heal.cleared_by_staff(turn, message.answer.cleared)


# --- the machine itself -----------------------------------------------------------------------------------------------


def _journal_failed(turn: Turn, _: m.JournalFailed) -> None:
    answers.journal_failed(turn)


def _journal_works(turn: Turn, _: m.JournalWorks) -> None:
    turn.set(journal_ok=True)


def _thread_died(turn: Turn, message: m.ThreadDied) -> None:
    turn.set(dead={**turn.state.dead, message.thread: message.why})


def _time_passed(turn: Turn, _: m.TimePassed) -> None:
    """Deadlines are looked at after every message."""


HANDLERS: Mapping[type, Callable[[Turn, Any], None]] = {
    **flow.INTENTS,
    d.DeviceUp: _device_up,
    d.DeviceDown: _device_down,
    d.TagsChanged: _tags_changed,
    d.ItemRead: _item_read,
    d.SecuritySet: _security_set,
    d.CardSeen: flow.card_seen,
    d.CardRefused: flow.card_refused,
    d.CardGone: _card_gone,
    d.CodeScanned: flow.code_scanned,
    d.Printed: flow.printed,
    d.PrinterChanged: _printer_changed,
    m.SignedIn: flow.signed_in,
    m.OperationAnswered: _operation_answered,
    m.BatchEnded: _batch_ended,
    m.SettleFailed: _settle_failed,
    m.AccountLoaded: flow.account_loaded,
    m.ReceiptMailed: flow.mailed,
    m.RequestFailed: _request_failed,
    m.ItemsLookedUp: _items_looked_up,
    m.ItemListChanged: _item_list_changed,
    m.RulesChanged: _rules_changed,
    m.CentralUp: _central_up,
    m.CentralDown: _central_down,
    m.HeartbeatAnswered: _heartbeat_answered,
    m.JournalRead: answers.journal_read,
    m.JournalFailed: _journal_failed,
    m.JournalWorks: _journal_works,
    m.ThreadDied: _thread_died,
    m.TimePassed: _time_passed,
}
