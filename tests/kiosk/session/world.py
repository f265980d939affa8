"""A small world around the pure core: pad, bits, central service and journal in memory, with faults and power cuts.

Everything the core asks for waits in a queue until the test lets it happen, so that any order of events can be played.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from drivers.api import (
    CardSeen,
    CardUid,
    DeviceCommand,
    DeviceInfo,
    DeviceUp,
    ItemRead,
    ItemTag,
    Paper,
    Printed,
    PrinterChanged,
    PrinterStatus,
    Security,
    SecuritySet,
    SetSecurity,
    TagProblem,
    TagsChanged,
    TagUid,
    Unreadable,
)
from kiosk import effects as e
from kiosk import messages as m
from kiosk.central import api as c
from kiosk.screens import Screen
from kiosk.session.machine import next_deadline, step
from kiosk.session.state import Settings, State, initial
from rules.published import Published

TODAY = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MEDIA = {
    "BOOK": {"en": "books", "de": "Bücher"},
    "DVD18": {"en": "films from 18", "de": "Filme ab 18"},
    "GAME": {"en": "games", "de": "Spiele"},
}


@dataclass
class Item:
    """One item of the world; ``loan`` names who has it until ``due``, ``set_aside`` for whom it is kept."""

    id: str
    media_type: str = "BOOK"
    parts: int = 1
    loan: str | None = None
    set_aside: str | None = None
    due: date = TODAY
    renewals: int = 0
    damaged: bool = False
    owner: str = "DE-Mus1"
    tags: tuple[TagUid, ...] = ()


def uid_of(number: int) -> TagUid:
    return TagUid(bytes.fromhex("E00401") + number.to_bytes(5, "big"))


@dataclass
class World:
    """The core under test and everything around it."""

    items: dict[str, Item]
    rules: Published
    now: float = 1000.0
    patron: str = "patron-1"
    limit: int = 15
    most_renewals: int = 2
    mail: bool | None = None
    has_printer: bool = True
    pad: list[TagUid] = field(default_factory=list)
    bits: dict[TagUid, Security] = field(default_factory=dict)
    owners: dict[TagUid, tuple[str, int]] = field(default_factory=dict)
    journal: list[e.Entry] = field(default_factory=list)
    outcomes: dict[str, c.Outcome] = field(default_factory=dict)
    commands: deque[DeviceCommand] = field(default_factory=deque)
    requests: deque[e.Effect] = field(default_factory=deque)
    screens: list[Screen] = field(default_factory=list)
    effects: list[e.Effect] = field(default_factory=list)
    receipts: list[e.Receipt] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    runs: int = 0
    journal_full: bool = False
    wall_step: timedelta = timedelta(0)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        number = 1
        for item in self.items.values():
            uids = []
            for part in range(1, item.parts + 1):
                uid = uid_of(number)
                number += 1
                uids.append(uid)
                self.owners[uid] = (item.id, part)
                self.bits[uid] = Security.DISARMED if item.loan else Security.ARMED
            item.tags = tuple(uids)
        self.start()

    # --- the machine ---

    def start(self) -> None:
        """Power on: a new run of the program over the same journal."""
        self.runs += 1
        self.commands.clear()
        self.requests.clear()
        settings = Settings("Library", ("en", "de"), f"run-{self.runs}", has_printer=self.has_printer, idle=90, warn=30)
        self.state = initial(settings)
        self.send(self.journal_read())
        self.send(m.RulesChanged(self.rules))
        self.send(m.ItemListChanged(c.ItemList("1", {item.id: self.record(item) for item in self.items.values()})))
        self.send(DeviceUp("pad", DeviceInfo("pad", "1")))
        self.send(DeviceUp("printer", DeviceInfo("printer", "1")))
        self.send(PrinterChanged("printer", PrinterStatus(True, False, Paper.OK)))
        self.send(m.CentralUp("generation-1"))
        if self.pad:
            self.send(TagsChanged("pad", tuple(self.pad), (), 0))
            for uid in tuple(self.pad):
                self.send(self.item_read(uid))

    def record(self, item: Item) -> c.ItemRecord:
        return c.ItemRecord(item.id, f"Title {item.id}", "Author", item.media_type, item.parts)

    def send(self, message: m.Message) -> None:
        """Give the core one message and carry out what needs no waiting."""
        now = m.Now(self.now, NOON + timedelta(seconds=self.now - 1000) + self.wall_step)
        state, effects = step(self.state, message, now)
        if self.journal_full and any(isinstance(effect, e.Record) for effect in effects):
            state, failed = step(self.state, m.JournalFailed("disk full"), now)
            state, effects = step(state, message, now)
            assert not any(isinstance(effect, e.Record) for effect in effects), "recorded on a full disk"
            effects = (*failed, *effects)
        self.state = state
        answers: list[m.Message] = []
        for effect in effects:
            self.effects.append(effect)
            self._carry_out(effect, answers)
        for answer in answers:
            self.send(answer)

    def _carry_out(self, effect: e.Effect, answers: list[m.Message]) -> None:
        match effect:
            case e.Record(entries):
                self.journal.extend(entries)
            case e.Command("pad", command):
                if isinstance(command, SetSecurity):
                    self._assert_durable(command)
                self.commands.append(command)
            case e.Show(screen):
                self.screens.append(screen)
            case e.PrintReceipt(request, receipt):
                self.receipts.append(receipt)
                answers.append(Printed("printer", request, None))
            case e.RunBatch(batch):
                for operation in batch.operations:
                    self._assert_asked(operation)
                self.requests.append(effect)
            case e.SignOut() | e.Command():
                pass
            case _:
                self.requests.append(effect)

    def _assert_asked(self, operation: c.Operation) -> None:
        steps = [x.step for x in self.journal if isinstance(x, e.JournalEntry) and x.operation == operation.id]
        assert steps[-1:] in ([e.Step.ASKED], [e.Step.ARMED]), f"sent before it was durable: {steps}"
        if operation.action is not c.Action.RETURN:
            assert operation.id not in self.sent, "only a return is ever sent again under its id"
        self.sent.add(operation.id)

    def _assert_durable(self, command: SetSecurity) -> None:
        write = self.state.writes[command.request]
        if write.operation is not None:
            steps = [x.step for x in self.journal if isinstance(x, e.JournalEntry) and x.operation == write.operation]
            assert steps[-1] in (e.Step.LOANED, e.Step.RETURNING, e.Step.RESTORING), steps

    def journal_read(self) -> m.JournalRead:
        """What a real journal would find at start."""
        last: dict[str, e.JournalEntry] = {}
        tags: dict[str, dict[str, str | None]] = {}
        for entry in self.journal:
            if isinstance(entry, e.JournalEntry):
                last[entry.operation] = entry
                tags.setdefault(entry.operation, dict(entry.tags))
        open_ones = tuple(
            m.OpenOperation(x.operation, x.action, x.item, x.step.value, tags[x.operation])
            for x in last.values()
            if x.step is not e.Step.CLOSED
        )
        return m.JournalRead(open_ones, self.doubts())

    def doubts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in self.journal:
            if isinstance(entry, e.DoubtEntry):
                found[entry.item] = entry.wanted
            elif isinstance(entry, e.DoubtEnd):
                found.pop(entry.item, None)
        return found

    def open_items(self) -> set[str]:
        return {x.item for x in self.journal_read().operations}

    # --- hands ---

    def put(self, *names: str) -> None:
        """Lay items (or one part, "id/2") on the pad; the reader reads each."""
        uids = [uid for name in names for uid in self.find(name) if uid not in self.pad]
        self.pad.extend(uids)
        if uids:
            self.send(TagsChanged("pad", tuple(uids), (), 0))
        for uid in uids:
            self.send(self.item_read(uid))

    def take(self, *names: str) -> None:
        """Take items off the pad."""
        uids = [uid for name in names for uid in self.find(name) if uid in self.pad]
        for uid in uids:
            self.pad.remove(uid)
        if uids:
            self.send(TagsChanged("pad", (), tuple(uids), 0))

    def find(self, name: str) -> tuple[TagUid, ...]:
        item, _, part = name.partition("/")
        tags = self.items[item].tags
        return (tags[int(part) - 1],) if part else tags

    def item_read(self, uid: TagUid) -> ItemRead:
        name, part = self.owners[uid]
        item = self.items[name]
        if item.damaged:
            return ItemRead("pad", TagProblem(uid, Unreadable.DAMAGED, self.bits[uid], "crc"))
        return ItemRead("pad", ItemTag(uid, name, part, item.parts, item.owner, self.bits[uid], 1, "iso28560-3", 1))

    def sign_in(self) -> None:
        """Card and PIN; ends on the page that was wanted."""
        self.send(CardSeen("card", CardUid(b"\x04\x11\x22\x33")))
        self.send(m.Pin("1234"))
        if self.requests:
            self.answer()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, waking the core at each of its deadlines."""
        end = self.now + seconds
        while True:
            deadline = next_deadline(self.state, self.now)
            if deadline is None or deadline > end:
                break
            self.now = max(deadline, self.now + 0.001)
            self.send(m.TimePassed())
        self.now = max(self.now, end)
        self.send(m.TimePassed())

    # --- the pad's worker ---

    def do_command(self, fault: str | None = None) -> None:
        """Carry out the next bit command. ``fault``: "lost" (nothing written), "lost_after" (written), "lies"."""
        command = self.commands.popleft()
        assert isinstance(command, SetSecurity)
        if command.uid not in self.pad or fault in ("lost", "lost_after"):
            if command.uid in self.pad and fault == "lost_after":
                self.bits[command.uid] = command.to
            self.send(SecuritySet("pad", command.request, command.uid, command.to, None, "tag_lost"))
            return
        if fault == "lies":
            back = self.bits[command.uid]
            problem = None if back is command.to else "not_written"
            self.send(SecuritySet("pad", command.request, command.uid, command.to, back, problem))
            return
        self.bits[command.uid] = command.to
        self.send(SecuritySet("pad", command.request, command.uid, command.to, command.to, None))

    # --- the central service ---

    def answer(self, fault: str | None = None) -> None:
        """Answer the next request. ``fault``: "before" (lost on the way), "after" (answer lost), of mail a code."""
        request = self.requests.popleft()
        match request:
            case e.SignIn(session):
                self._reply(
                    fault,
                    m.SignedIn(session, self.patron_session()),
                    m.RequestFailed(session, "sign_in", "unreachable"),
                )
            case e.RunBatch(batch):
                self._batch(batch, fault)
            case e.Settle(operation):
                self._settle(operation, fault)
            case e.LookUp(session, items):
                if fault:
                    self.send(m.RequestFailed(session, "look_up", "unreachable"))
                else:
                    self.send(m.ItemsLookedUp(tuple(self.item_state(item) for item in items)))
            case e.LoadAccount(session):
                loans = tuple(
                    c.Loan(x.id, f"Title {x.id}", "", x.media_type, x.due, False, x.renewals)
                    for x in self.items.values()
                    if x.loan == self.patron
                )
                account = c.Account(loans, (), (), 0, "EUR", self.limit)
                self._reply(
                    fault, m.AccountLoaded(session, account), m.RequestFailed(session, "account", "unreachable")
                )
            case e.MailReceipt(number):
                self._reply(fault, m.ReceiptMailed(number, None), m.ReceiptMailed(number, fault))
            case _:
                raise AssertionError(f"nobody answers {request}")

    def _reply(self, fault: str | None, good: m.Message, bad: m.Message) -> None:
        self.send(bad if fault else good)

    def patron_session(self) -> c.PatronSession:
        loans = sum(item.loan == self.patron for item in self.items.values())
        return c.PatronSession("token", self.patron, "Ada", None, loans, self.limit, mail=self.mail)

    def item_state(self, name: str) -> c.ItemState:
        item = self.items.get(name)
        if item is None:
            return c.ItemState(name, None, False, "unknown", self.now)
        state = "on_loan" if item.loan else "set_aside" if item.set_aside else "available"
        return c.ItemState(name, self.record(item), item.loan is not None, state, self.now)

    def _batch(self, batch: c.Batch, fault: str | None) -> None:
        for operation in batch.operations:
            if fault == "before":
                self.send(m.OperationAnswered(operation.id, c.Unknown("connection")))
                continue
            outcome = self.decide(operation)
            self.send(m.OperationAnswered(operation.id, c.Unknown("cut") if fault == "after" else outcome))
        self.send(m.BatchEnded(tuple(operation.id for operation in batch.operations)))

    def _settle(self, operation: str, fault: str | None) -> None:
        if fault != "before":
            self.outcomes.setdefault(operation, c.Refused(c.Reason("abandoned", {})))
        if fault:
            self.send(m.SettleFailed(operation, "connection"))
        else:
            self.send(m.OperationAnswered(operation, self.outcomes[operation]))

    def decide(self, operation: c.Operation) -> c.Outcome:
        """The recorded outcome, or a new one."""
        if operation.id not in self.outcomes:
            deciders = {
                c.Action.CHECKOUT: self._checkout,
                c.Action.RETURN: self._return,
                c.Action.RENEWAL: self._renewal,
            }
            self.outcomes[operation.id] = deciders[operation.action](self.items.get(operation.item))
        return self.outcomes[operation.id]

    def _checkout(self, item: Item | None) -> c.Outcome:
        if item is None:
            return c.Refused(c.Reason("item_unknown", {}))
        if item.loan == self.patron:
            own: dict[str, c.Scalar] = {
                "state": "on_loan",
                "own": True,
                "due": item.due.isoformat(),
                "action": "checkout",
            }
            return c.Refused(c.Reason("item_state", own))
        if item.loan:
            return c.Refused(c.Reason("item_state", {"state": "on_loan", "own": False, "action": "checkout"}))
        if item.set_aside not in (None, self.patron):
            return c.Refused(c.Reason("item_state", {"state": "set_aside"}))
        if sum(x.loan == self.patron for x in self.items.values()) >= self.limit:
            return c.Refused(c.Reason("counts.max_loans", {"have": self.limit, "max": self.limit}))
        item.loan, item.set_aside = self.patron, None
        item.due, item.renewals = TODAY + timedelta(days=28), 0
        return c.Done(due=item.due)

    def _return(self, item: Item | None) -> c.Outcome:
        if item is None:
            return c.Refused(c.Reason("item_unknown", {}))
        was = item.loan is not None
        item.loan = None
        return c.Done(was_on_loan=was)

    def _renewal(self, item: Item | None) -> c.Outcome:
        if item is None:
            return c.Refused(c.Reason("item_unknown", {}))
        if item.loan != self.patron:
            state = "on_loan" if item.loan else "available"
            return c.Refused(c.Reason("item_state", {"state": state, "own": False, "action": "renewal"}))
        if item.renewals >= self.most_renewals:
            told: dict[str, c.Scalar] = {"have": item.renewals, "max": self.most_renewals, "due": item.due.isoformat()}
            return c.Refused(c.Reason("counts.max_renewals", told))
        item.due += timedelta(days=28)
        item.renewals += 1
        return c.Done(due=item.due)

    # --- letting it run ---

    def settle_down(self, most: int = 10_000) -> None:
        """Let everything that waits happen, without faults, until nothing waits."""
        for _ in range(most):
            if self.commands:
                self.do_command()
            elif self.requests:
                self.answer()
            else:
                return
        raise AssertionError("the machine never comes to rest")

    def power_cut(self) -> None:
        """The program ends between two effects and starts again."""
        self.start()

    def invariant(self) -> None:
        """Design 5: disarmed exactly if on loan, or the item is on the staff list or still open in the journal."""
        excused = set(self.doubts()) | self.open_items()
        for item in self.items.values():
            for uid in item.tags:
                right = (self.bits[uid] is Security.DISARMED) == (item.loan is not None)
                assert right or item.id in excused or item.damaged, (
                    f"{item.id}: {self.bits[uid]} while loan={item.loan}"
                )

    def rows(self) -> dict[str, str]:
        """Row states of the newest screen by key."""
        return {row.key: row.state.value for row in getattr(self.screens[-1], "rows", ())}

    def screen(self) -> str:
        return type(self.screens[-1]).__name__
