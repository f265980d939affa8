"""What is to be sent to whom, and why: candidates read by pages of patrons, each decided by domain.noticing.

Reads only, so that a dry run is this and nothing more. Not responsible for writing it down (ledger) or for sending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from circulation import money
from circulation.domain import noticing
from circulation.domain.charges import Person
from circulation.domain.noticing import Debt, Lent, Noticed
from circulation.domain.records import Item, Place
from circulation.domain.series import authority
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT, RECEIPT, RESERVATION
from circulation.notices.types import EMAIL, LETTER, SMS
from circulation.service import Service, Workplace
from circulation.store import circulating, debts
from circulation.store import notices as store
from rules.rule import Rule
from rules.values import Amount

PAGE = 200  # patrons read at once
SYSTEM = "system"
BY_DEFAULT = (EMAIL, SMS, LETTER)
# Why nothing is sent though it is due; codes as those of noticing.
NO_ADDRESS = "no_address"
MISSED = "missed"  # nobody warned in time: now overdue (R66)
# Why a message failed; codes.
ADDRESS_REFUSED = "address_refused"
MESSAGE_REFUSED = "message_refused"
GAVE_UP = "gave_up"  # nobody took it for days
NOT_COMPOSED = "not_composed"  # its template is wrong
_ITEM_FIELDS = len(circulating.ITEM_COLUMNS)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who is written to. ``addresses``: by channel, in the order in which they are taken."""

    person: Person
    language: str
    addresses: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One notice: about a loan, a debt or a reservation.

    Attributes:
        branch: whose rules decided; messages are split by it.
        about: columns of the ledger that name it.
        shown: what it is called, for staff.
        noted: reasons for which it was skipped, as they stand in the ledger already.
        again: id of a notice whose message failed, and that is told once more.
        by_letter: the only way left for it.
    """

    branch: str
    noticed: Noticed
    about: Mapping[str, Any]
    shown: str
    noted: frozenset[str] = frozenset()
    again: int | None = None
    by_letter: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A notice that is not sent, which staff must know. ``rule``: the one that says no, if one does."""

    line: Line
    reason: str
    rule: str | None = None

    @property
    def is_new(self) -> bool:
        """It does not stand in the ledger yet."""
        return self.reason not in self.line.noted


@dataclass(frozen=True, slots=True)
class Planned:
    """One message that is to be sent. ``fee``: minor units (R30, R31)."""

    kind: str
    level: str
    branch: str
    channel: str
    to: Addressee
    lines: tuple[Line, ...]
    fee: int

    @property
    def address(self) -> str:
        """Where it goes."""
        return self.to.addresses[self.channel]


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that concerns one patron in a run."""

    kind: str
    patron: str
    messages: tuple[Planned, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is for.

    Attributes:
        kind: one of content.KINDS.
        wanted: filters and days of due warnings.
        channels: there are for it; due warnings never go by letter (R49).
        missed_since: first due day from which a due warning can have been missed; None = none.
    """

    kind: str
    channels: frozenset[str]
    wanted: noticing.Wanted = field(default_factory=noticing.Wanted)
    missed_since: date | None = None

    @property
    def usable(self) -> frozenset[str]:
        """The channels it may take."""
        return self.channels - {LETTER} if self.kind == DUE_WARNING else self.channels


_Sides = dict[str, tuple[list[Line], list[Skipped]]]
_Finder = Callable[[Connection, Place, Asked, Mapping[str, Addressee]], _Sides]


def place_of(service: Service, db: Connection) -> Place:
    """The installation today, at its top organisation.

    Raises:
        CirculationError: nothing was set up, or no rule set was published yet.
    """
    place = service.place(db, Workplace(SYSTEM, "", SYSTEM))
    top = next(node.id for node in place.rules.organisations.nodes.values() if node.parent is None)
    return replace(place, branch=top)


def chosen(service: Service, asked: Asked) -> Iterator[Chosen]:
    """All that is to be sent now and all that staff must know, patron by patron; memory for one page only."""
    after = ""
    while True:
        with service.database.reading() as db:
            ids = _PAGES[asked.kind](db, place_of(service, db), asked, after)
            page = _page(service, db, asked, ids) if ids else ()
        yield from page
        if len(ids) < PAGE:
            return
        after = ids[-1]


def chosen_of(service: Service, db: Connection, asked: Asked, patron: str) -> Chosen | None:
    """The same for one patron, as it is in this transaction; None = nothing."""
    return next(iter(_page(service, db, asked, [patron])), None)


def _page(service: Service, db: Connection, asked: Asked, ids: Sequence[str]) -> tuple[Chosen, ...]:
    place = place_of(service, db)
    people = addressees(db, place, asked.usable, ids)
    sides = _FINDERS[asked.kind](db, place, asked, people)
    return tuple(_sorted_out(place, asked, people[patron], *sides[patron]) for patron in ids if patron in sides)


# --- who, and where to ------------------------------------------------------------------------------------------------


def addressees(db: Connection, place: Place, usable: frozenset[str], ids: Sequence[str]) -> dict[str, Addressee]:
    """Patrons with those of their addresses that can be written to."""
    return of_rows(db, place, usable, store.patrons(db, ids))


def of_rows(db: Connection, place: Place, usable: frozenset[str], rows: Sequence[Row[Any]]) -> dict[str, Addressee]:
    """The same of patrons that were read already."""
    refused = [row.id for row in rows if row.refused]
    bad = store.bad_addresses(db, refused) if refused else set()
    return {row.id: _addressee(place, usable, row, bad) for row in rows}


def _addressee(place: Place, usable: frozenset[str], row: Row[Any], bad: set[tuple[str, str, str]]) -> Addressee:
    known = {EMAIL: row.email, SMS: row.phone, LETTER: row.postal}
    order = sorted(BY_DEFAULT, key=lambda channel: channel != row.prefers)
    good = {
        channel: known[channel].strip()
        for channel in order
        if channel in usable and (known[channel] or "").strip() and (row.id, channel, known[channel].strip()) not in bad
    }
    home = row.home if row.home in place.house.languages else place.branch
    return Addressee(Person(row.id, row.category, row.born), row.language or place.house.languages[home], good)


# --- which loans ------------------------------------------------------------------------------------------------------


def _warned_days(place: Place, asked: Asked) -> tuple[date, date]:
    """Due days of loans that may be warned of, or were missed."""
    longest = max((rule.value.days for rule in _valid(place, noticing.WARNING_DAYS)), default=0)
    days = asked.wanted.days if asked.wanted.days is not None else longest
    today = _todays(place)
    return min(asked.missed_since or today[0], today[0]), today[-1] + timedelta(days=days)


def _todays(place: Place) -> list[date]:
    """The days it is now somewhere in the house, one or two."""
    return sorted({place.at(organisation).today for organisation in place.rules.organisations.nodes})


def _valid(place: Place, kind: str) -> Iterable[Any]:
    tree, days = place.rules.organisations, _todays(place)
    rules: dict[str, Rule] = {
        one.rule.id: one.rule
        for org in tree.nodes
        for level in place.rules.kinds[kind].levels or (None,)
        for one in place.rules.candidates(kind, org, level)
        if any(one.first <= today <= one.last for today in days)
    }
    return rules.values()


def _days(place: Place, asked: Asked) -> tuple[date, date]:
    if asked.kind == DUE_WARNING:
        return _warned_days(place, asked)
    return date.min, _todays(place)[-1] - timedelta(days=1)


def _borrowers(db: Connection, place: Place, asked: Asked, after: str) -> list[str]:
    return store.borrowers(db, *_days(place, asked), after, PAGE)


def _loans(db: Connection, place: Place, asked: Asked, people: Mapping[str, Addressee]) -> _Sides:
    """Loans of the patrons with what is due for each; what was told before is left out."""
    told: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in store.about(db, asked.kind, list(people)):
        told[row.loan_id].append(row)
    sides: _Sides = defaultdict(lambda: ([], []))
    for row in store.loans_due(db, list(people), *_days(place, asked)):
        line = _loan(place, asked, row, people[row.patron_id].person, told[row.loan])
        if line is not None:
            _add(sides[row.patron_id], line, people[row.patron_id])
    return sides


def _add(side: tuple[list[Line], list[Skipped]], line: Line, who: Addressee) -> None:
    lines, skipped = side
    why = line.noticed.why
    if line.by_letter and LETTER not in who.addresses:
        return  # it stays as it is, on the list of what was refused
    if why is None and who.addresses:
        lines.append(line)
    elif why in _TOLD_STAFF or why is None:
        reason = _TOLD_STAFF.get(why or "", NO_ADDRESS)
        skipped.append(Skipped(line, reason, _refusing(line.noticed)))


# What staff must know of what is not sent, and by which reason it is written down.
_TOLD_STAFF = {noticing.OFF: noticing.OFF, noticing.OVERDUE: MISSED}


def _refusing(noticed: Noticed) -> str | None:
    if noticed.why != noticing.OFF:
        return None
    return next((one.rule.id for one in noticed.decisions if one.value is False and one.rule is not None), None)


def _loan(place: Place, asked: Asked, row: Row[Any], who: Person, told: list[Row[Any]]) -> Line | None:
    """What is due for a loan; None where it has its notice already, or gets none and nobody need know."""
    mine = of_period(place, asked.kind, row, told)
    found = decided(place, asked, row, who, mine)
    if asked.kind == DUE_WARNING and found.why == noticing.OVERDUE and mine:
        return None  # it was warned of, or is known not to have been
    period = period_of(place, asked.kind, row.lent_at, row.renewals)
    about = {"loan_id": row.loan, "loan_period": period, "due": row.due, "patron_id": who.id}
    return _untold(place, Line(row.lent_at, found, about, row.called), mine)


def of_period(place: Place, kind: str, row: Row[Any], told: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Of a kind's notices of a loan, those of the loan period it is in (R68)."""
    period = period_of(place, kind, row.lent_at, row.renewals)
    if period == 0:
        return list(told)
    return [one for one in told if one.loan_period == period or (one.loan_period == 0 and one.due == row.due)]


def decided(place: Place, asked: Asked, row: Row[Any], who: Person, mine: Iterable[Row[Any]]) -> Noticed:
    """What is due for a loan today at its branch, or why nothing is.

    Args:
        place: the moment and the rules.
        asked: what the task asks for; a kind about loans.
        row: the loan with its item, the item's columns first.
        who: the borrower.
        mine: its notices of this kind and loan period.
    """
    there = place.at(row.lent_at)
    sent = [there.day(one.ended_at) for one in mine if one.state == store.SENT and one.ended_at]
    item = Item(*row[:_ITEM_FIELDS])
    lent = Lent(
        row.lent_at,
        row.due,
        there.day(row.renewed_at or row.out_at),
        row.period,
        row.reminded,
        max(sent, default=None),
        row.price,
    )
    if asked.kind == DUE_WARNING:
        return noticing.due_warning(there, item, lent, who, asked.wanted)
    return noticing.overdue_reminder(there, item, lent, who)


def period_of(place: Place, kind: str, branch: str, renewals: int) -> int:
    """Which loan period a notice belongs to (R68): 0 where a loan is warned of once and for all."""
    once = kind == DUE_WARNING and place.settings(branch).warn_once_per == "loan"
    return 0 if once else renewals + 1


def _untold(place: Place, line: Line, told: Iterable[Row[Any]]) -> Line | None:
    """The line, unless its notice stands in the ledger; one that failed on an earlier day may be told once more."""
    mine = [row for row in told if row.level == line.noticed.level]
    noted = frozenset(row.reason for row in mine if row.state == store.SKIPPED)
    counting = next((row for row in mine if row.state not in (store.SKIPPED, store.CANCELLED)), None)
    if counting is None:
        return replace(line, noted=noted) if noted else line
    if not line.noticed.due or not _once_more(place.at(line.branch), counting):
        return None
    return replace(line, noted=noted, again=counting.id, by_letter=counting.reason == ADDRESS_REFUSED)


def _once_more(place: Place, row: Row[Any]) -> bool:
    """Whether what is known not to have left is sent again, from the next calendar day on."""
    if not is_retried(row) or row.ended_at is None:
        return False
    return place.day(row.ended_at) < place.today


def is_retried(row: Row[Any]) -> bool:
    """Whether a notice failed in a way that is tried again on a later day.

    A reminder whose address was refused goes by letter (section L on R49 and R74).
    """
    refused = row.reason == ADDRESS_REFUSED and row.channel != LETTER and row.kind in (OVERDUE, PAYMENT)
    return bool(row.state == store.FAILED and (refused or row.reason in (GAVE_UP, NOT_COMPOSED)))


# --- which debts ------------------------------------------------------------------------------------------------------


def _debtors(db: Connection, place: Place, _: Asked, after: str) -> list[str]:
    values = [rule.value for rule in _valid(place, money.MINIMUM)]
    least = min((value.minor for value in values if isinstance(value, Amount)), default=None)
    return store.debtors(db, max(least, 1), after, PAGE) if least is not None else []


def _debts(db: Connection, place: Place, asked: Asked, people: Mapping[str, Addressee]) -> _Sides:
    told: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in store.about(db, asked.kind, list(people)):
        told[row.patron_id].append(row)
    sides: _Sides = defaultdict(lambda: ([], []))
    for patron, who in people.items():
        for line in _debts_of(db, place, who.person, told[patron]):
            _add(sides[patron], line, who)
    return sides


def _debts_of(db: Connection, place: Place, who: Person, told: list[Row[Any]]) -> Iterator[Line]:
    running = store.series(db, who.id)
    for organisation in _authorities(db, place, who.id):
        there = place.at(organisation)
        since = money.running(db, there, who.id, organisation).reached_on
        if since is None:
            continue
        row = running.get(organisation)
        since = row.reached_on if row is not None else since
        mine = [one for one in told if one.organisation == organisation and one.since == since]
        sent = [there.day(one.ended_at) for one in mine if one.state == store.SENT and one.ended_at]
        debt = Debt(organisation, since, row.level if row is not None else 0, max(sent, default=None))
        found = noticing.payment_reminder(there, debt, who)
        about = {"patron_id": who.id, "organisation": organisation, "since": since}
        line = _untold(place, Line(organisation, found, about, organisation), mine)
        if line is not None:
            yield line


def _authorities(db: Connection, place: Place, patron: str) -> list[str]:
    """Authorities a patron owes something to; what belongs to none counts at all of them, or at that of the patron."""
    tree = place.rules.organisations
    above = {node.parent for node in tree.nodes.values()}
    charged = {fee.branch for fee in debts.open_fees(db, patron) if fee.branch is not None}
    if not charged:
        home = store.patrons(db, [patron])[0].home
        charged = {home or min(org for org in tree.nodes if org not in above)}
    return sorted({org if org in above else authority(org, tree) for org in charged})


# --- which reservations -----------------------------------------------------------------------------------------------


def _reservers(db: Connection, _: Place, __: Asked, after: str) -> list[str]:
    return store.reservers(db, after, PAGE)


def _reservations(db: Connection, place: Place, asked: Asked, people: Mapping[str, Addressee]) -> _Sides:
    told: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in store.about(db, asked.kind, list(people)):
        told[row.reservation_id].append(row)
    sides: _Sides = defaultdict(lambda: ([], []))
    for row in store.on_shelf(db, list(people)):
        who = people[row.patron_id]
        item = Item(*row[:_ITEM_FIELDS])
        found = noticing.reservation_notice(place.at(row.pickup), item, row.pickup, row.until, who.person)
        about = {"reservation_id": row.reservation, "patron_id": who.person.id}
        line = _untold(place, Line(row.pickup, found, about, row.called), told[row.reservation])
        if line is not None:
            _add(sides[row.patron_id], line, who)
    return sides


# --- receipts ---------------------------------------------------------------------------------------------------------


def _nobody(_: Connection, __: Place, ___: Asked, ____: str) -> list[str]:
    """A receipt is asked for (receipts): a run finds none, it sends those that are written down."""
    return []


def _nothing(_: Connection, __: Place, ___: Asked, ____: Mapping[str, Addressee]) -> _Sides:
    return {}


_FINDERS: Mapping[str, _Finder] = {
    DUE_WARNING: _loans,
    OVERDUE: _loans,
    PAYMENT: _debts,
    RESERVATION: _reservations,
    RECEIPT: _nothing,
}
_PAGES: Mapping[str, Callable[[Connection, Place, Asked, str], list[str]]] = {
    DUE_WARNING: _borrowers,
    OVERDUE: _borrowers,
    PAYMENT: _debtors,
    RESERVATION: _reservers,
    RECEIPT: _nobody,
}


# --- messages ---------------------------------------------------------------------------------------------------------


def _sorted_out(place: Place, asked: Asked, who: Addressee, lines: list[Line], skipped: list[Skipped]) -> Chosen:
    """Lines of one patron as messages: by branch, level and way (R69)."""
    parts: dict[tuple[Any, ...], list[Line]] = defaultdict(list)
    for number, line in enumerate(lines):
        apart = asked.kind == DUE_WARNING and place.settings(line.branch).grouping == "loan"
        parts[(line.branch, line.noticed.level, line.by_letter, number if apart else -1)].append(line)
    messages = tuple(
        Planned(
            asked.kind,
            key[1],
            key[0],
            LETTER if key[2] else next(iter(who.addresses)),
            who,
            tuple(part),
            message_fee(place, key[0], [line.noticed.fee for line in part]),
        )
        for key, part in parts.items()
    )
    return Chosen(asked.kind, who.person.id, messages, tuple(skipped))


def message_fee(place: Place, branch: str, fees: Iterable[int]) -> int:
    """What a message costs whose loans would cost these: the highest, or all of them (R30, R31)."""
    costs = tuple(fees)
    return sum(costs) if place.settings(branch).fee_basis == "item" else max(costs, default=0)
