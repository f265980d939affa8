"""What is owed to an authority, once it is as much as its rules say: payment reminders (R14, R27)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row

from circulation import money
from circulation.domain import noticing
from circulation.domain.charges import Person
from circulation.domain.noticing import Debt
from circulation.domain.records import Place
from circulation.domain.series import authority
from circulation.notices.addressees import Addressee
from circulation.notices.due.telling import Sides, add, untold
from circulation.notices.due.today import values
from circulation.notices.lines import Asked, Line
from circulation.store import debts
from circulation.store import notices as store
from rules.values import Amount


def patrons(db: Connection, place: Place, _: Asked, after: str, most: int) -> list[str]:
    """Who may owe as much, by id."""
    least = min((value.minor for value in values(place, money.MINIMUM) if isinstance(value, Amount)), default=None)
    return store.debtors(db, max(least, 1), after, most) if least is not None else []


def found(db: Connection, place: Place, asked: Asked, people: Mapping[str, Addressee]) -> Sides:
    """What is due for what they owe to each authority."""
    told: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in store.about(db, asked.kind, list(people)):
        told[row.patron_id].append(row)
    sides: Sides = defaultdict(lambda: ([], []))
    for patron, who in people.items():
        for line in _debts_of(db, place, who.person, told[patron]):
            add(sides[patron], line, who)
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
        sent = [one for one in mine if one.state == store.SENT and one.ended_at]
        # A series that ends and begins anew on one day goes on: the ledger knows it by that day.
        level = max((noticing.rank(noticing.DUNNING.levels, one.level) for one in sent), default=0)
        last_on = max((there.day(one.ended_at) for one in sent), default=None)
        debt = Debt(organisation, since, max(level, row.level if row is not None else 0), last_on)
        noticed = noticing.payment_reminder(there, debt, who)
        about = {"patron_id": who.id, "organisation": organisation, "since": since}
        line = untold(place, Line(organisation, noticed, about, organisation), mine)
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
