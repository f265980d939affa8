"""One step in the making: the state so far and the effects so far.

Responsible for keeping a step's bookkeeping in one place, so that handlers read as sentences. Lives for one step only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from drivers.api import Security, SetSecurity, TagUid
from kiosk.central.api import Action, OperationId
from kiosk.effects import Command, DoubtEnd, DoubtEntry, Effect, Entry, JournalEntry, Record, Step
from kiosk.messages import Now
from kiosk.session.state import Operation, Page, State, Work, Write


class Turn:
    """The state and effects of one step. ``set`` replaces fields of the frozen state."""

    def __init__(self, state: State, now: Now) -> None:
        self.state = state
        self.now = now
        self.effects: list[Effect] = []

    def set(self, **changes: Any) -> None:
        """Replace fields of the state."""
        self.state = replace(self.state, **changes)

    def emit(self, effect: Effect) -> None:
        """Add an effect; order is kept."""
        self.effects.append(effect)

    def record(self, entries: Iterable[Entry]) -> None:
        """Make entries durable before anything that is emitted after this; keeps the staff list in step."""
        written = tuple(entries)
        if not written:
            return
        self.emit(Record(written))
        doubts = dict(self.state.doubts)
        for entry in written:
            if isinstance(entry, DoubtEntry):
                doubts[entry.item] = entry.wanted
            elif isinstance(entry, DoubtEnd):
                doubts.pop(entry.item, None)
        self.set(doubts=doubts)

    def number(self) -> int:
        """The next number for a request to a device."""
        self.set(numbers=self.state.numbers + 1)
        return self.state.numbers

    def operation_id(self) -> OperationId:
        """A new operation id: unique to this run of this machine, yet the step stays a pure function."""
        return str(uuid5(NAMESPACE_OID, f"{self.state.settings.id_seed}:{self.number()}"))

    def receipt_id(self) -> OperationId:
        """The id of this session's receipt: the same however often it is asked for."""
        return str(uuid5(NAMESPACE_OID, f"{self.state.settings.id_seed}:receipt:{self.state.session}"))

    def write_bit(self, uid: TagUid, to: Security, item: str, operation: OperationId | None) -> None:
        """Ask the pad to bring a tag's bit to a state; the answer finds its owner by the request's number."""
        request = self.number()
        self.set(writes={**self.state.writes, request: Write(uid, item, operation)})
        self.emit(Command("pad", SetSecurity(request, uid, to)))

    def rules_number(self) -> int | None:
        """Number of the rule set the machine decides with."""
        return self.state.rules.number if self.state.rules is not None else None

    def put_work(self, work: Work) -> None:
        """Replace a row in its place, or add it at the end."""
        self.set(work={**self.state.work, work.key: work})

    def put_operation(self, operation: Operation) -> None:
        """Replace or add an operation."""
        self.set(operations={**self.state.operations, operation.id: operation})

    def drop_operation(self, operation: Operation) -> None:
        """Forget a closed operation."""
        left = {key: value for key, value in self.state.operations.items() if key != operation.id}
        self.set(operations=left)

    def show_page(self, page: Page) -> None:
        """Go to a page."""
        self.set(page=page, page_since=self.now.monotonic, warning_ends=None, help=False)

    def row_of(self, operation: Operation) -> Work | None:
        """The running session's row of an operation, if it has one."""
        for work in self.state.work.values():
            if work.operation == operation.id:
                return work
        return None


def journal_entry(
    operation: Operation, step: Step, note: str = "", request: Mapping[str, object] | None = None
) -> JournalEntry:
    """The journal line for an operation's step."""
    tags = {str(uid): (tag.former.value if tag.former else None) for uid, tag in operation.tags.items()}
    return JournalEntry(operation.id, step, operation.action.value, operation.item, tags, request, note)


def request_of(operation: Operation, patron: str | None, rules: int | None, now: Now) -> Mapping[str, object]:
    """What the service is asked, as it is sealed into the journal (design 5)."""
    return {
        "id": operation.id,
        "action": operation.action.value,
        "item": operation.item,
        "patron": patron if operation.action is not Action.RETURN else None,
        "rules": rules,
        "at": now.wall.isoformat(),
    }


def doubt_of(operation: Operation, wanted: Security, why: str, last: Security | None = None) -> DoubtEntry:
    """The staff-list entry for an operation whose bits could not be brought to their state."""
    return DoubtEntry(operation.item, tuple(str(uid) for uid in operation.tags), wanted.value, last and last.value, why)
