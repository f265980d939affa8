"""Items, patrons and loans: what a transaction reads and writes.

What every checkout sends is built once, above its function: building a statement takes longer than sending it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, select, update

from circulation.domain.charges import Person
from circulation.domain.records import Item, Loan, Patron
from circulation.store import debts
from circulation.store import tables as t
from circulation.store.engine import hold
from rules.counting import item_conditions
from rules.rule import Rule
from rules.values import Amount

ITEM_COLUMNS = (
    t.item.c.id,
    t.item.c.media_type,
    t.item.c.material_type,
    t.item.c.department,
    t.item.c.audience,
    t.item.c.fiction,
    t.item.c.state,
    t.item.c.set_aside_for,
    t.item.c.branch,
    t.item.c.title_id,
    t.item.c.at,
)
OPEN = t.loan.c.returned_at.is_(None)


_ITEM = select(*ITEM_COLUMNS).where(t.item.c.id == bindparam("item"))
_LOCKED_ITEM = _ITEM.with_for_update(key_share=True)


def item(db: Connection, item_id: str, *, locked: bool = True) -> Item | None:
    """One item; its row is locked like a patron's, after it, so that nothing else happens to it or to its loan."""
    row = db.execute(_LOCKED_ITEM if locked else _ITEM, {"item": item_id}).one_or_none()
    return Item(*row) if row is not None else None


def item_of(row: Row[Any]) -> Item:
    """The item of a row that begins with ``ITEM_COLUMNS``."""
    return Item(*row[: len(ITEM_COLUMNS)])


def title_of(db: Connection, item_id: str) -> str:
    """What an item is called."""
    return str(db.execute(select(t.item.c.title).where(t.item.c.id == item_id)).scalar_one())


_OPEN_LOAN = select(
    *(t.loan.c.id, t.loan.c.patron_id, t.loan.c.branch, t.loan.c.due, t.loan.c.renewals),
    *(debts.INVOICED_LATE, debts.EARLIER_LATE),
).where(t.loan.c.item_id == bindparam("item"), OPEN)


def open_loan(db: Connection, item_id: str) -> Loan | None:
    """The item's open loan."""
    row = db.execute(_OPEN_LOAN, {"item": item_id}).one_or_none()
    return Loan(*row[:-2], Amount(row[-2]), Amount(row[-1])) if row is not None else None


_PATRON = select(
    t.patron.c.id,
    t.patron.c.category,
    t.patron.c.born,
    t.patron.c.valid_from,
    t.patron.c.valid_until,
    t.patron.c.blocked,
    t.patron.c.card_lost,
).where(t.patron.c.id == bindparam("patron"))
_LOCKED_PATRON = _PATRON.with_for_update(key_share=True)  # new sessions and fees may refer to the patron meanwhile


def patron(db: Connection, patron_id: str, *, locked: bool = True) -> Patron | None:
    """One patron with what is owed; the row is locked where the database locks rows, so that counts hold."""
    found = db.execute(_LOCKED_PATRON if locked else _PATRON, {"patron": patron_id}).one_or_none()
    if found is None:
        return None
    owes, invoiced, reminded, dunned = debts.sums(db, patron_id)
    return Patron(*found, Amount(owes), Amount(invoiced), reminded, dunned)


def person(db: Connection, patron_id: str) -> Person | None:
    """As much of a patron as a charge depends on; not locked."""
    query = select(t.patron.c.id, t.patron.c.category, t.patron.c.born).where(t.patron.c.id == patron_id)
    row = db.execute(query).one_or_none()
    return Person(*row) if row is not None else None


def count_loans(db: Connection, patron_id: str, rule: Rule | None, branch: str | None = None) -> int:
    """How many of the patron's open loans a limit covers: one statement, whatever their number (R20, R81).

    Args:
        db: the transaction.
        patron_id: whose loans.
        rule: the limit; None covers every loan.
        branch: only loans of this branch (``count_scope``).
    """
    conditions = item_conditions(rule) if rule is not None else {}
    asked = {field: sorted(values, key=str) for field, values in conditions.items()}
    query = _counting(tuple(conditions), branch is not None)
    return int(db.execute(query, {"patron": patron_id, "branch": branch, **asked}).scalar_one())


@cache
def _counting(fields: tuple[str, ...], of_branch: bool) -> Select[int]:
    query = select(func.count()).select_from(t.loan).where(t.loan.c.patron_id == bindparam("patron"), OPEN)
    if of_branch:
        query = query.where(t.loan.c.branch == bindparam("branch"))
    if fields:
        matches = [t.item.c[field].in_(bindparam(field, expanding=True)) for field in fields]
        query = query.join(t.item, and_(t.item.c.id == t.loan.c.item_id, *matches))
    return query


@dataclass(frozen=True, slots=True)
class Lending:
    """A loan period that begins: by which rules, until when, and by whose override.

    Attributes:
        rule_set, rules: what decided it (R78).
        period: its days, None where staff gave the date.
        due, unadjusted: after and before moving off a closing day.
    """

    channel: str
    branch: str
    now: datetime
    rule_set: int
    rules: Mapping[str, str | None]
    period: int | None
    due: date
    unadjusted: date
    override: Mapping[str, Any] | None = None

    def decided(self) -> dict[str, Any]:
        """Columns a checkout and a renewal have in common."""
        return {
            "due": self.due,
            "unadjusted": self.unadjusted,
            "period": self.period,
            "rule_set": self.rule_set,
            "rules": dict(self.rules),
            "override": self.override,
        }


FIRST_PERIOD = func.coalesce(t.loan.c.first_period, t.loan.c.period)  # days given at checkout
_LEND = insert(t.loan)


def lend(db: Connection, lent: Item, patron_id: str, lending: Lending) -> None:
    """Open a loan; the item is no longer set aside by it, nor at another branch."""
    values = {"branch": lending.branch, "out_at": lending.now, "channel": lending.channel, "renewals": 0}
    db.execute(_LEND, {"item_id": lent.id, "patron_id": patron_id, **values, **lending.decided()})
    if lent.set_aside_for is not None or lent.at is not None:
        fetched = {"set_aside_for": None, "collect_by": None, "shelf": None, "at": None}
        db.execute(update(t.item).where(t.item.c.id == lent.id).values(**fetched))


def take_back(db: Connection, loan: Loan, now: datetime) -> None:
    """Close a loan."""
    db.execute(update(t.loan).where(t.loan.c.id == loan.id).values(returned_at=now))


def place_item(db: Connection, item: Item, at: str, state: str = "available") -> None:
    """Note where an item stands, and its state."""
    values = {"at": None if at == item.branch else at, "state": state}
    db.execute(update(t.item).where(t.item.c.id == item.id).values(**values))


def renew(db: Connection, loan: Loan, lending: Lending) -> None:
    """Move a loan's due date; reminders begin anew with it, and what a closing moved is over (R41)."""
    anew = {"reminded": 0, "moved": None, "first_period": FIRST_PERIOD, **lending.decided()}
    values = {"renewals": loan.renewals + 1, "renewed_at": lending.now, **anew}
    db.execute(update(t.loan).where(t.loan.c.id == loan.id).values(**values))


def has_machine(db: Connection, machine: str) -> bool:
    """Whether there is a machine or desk of this id."""
    return db.execute(select(t.machine.c.id).where(t.machine.c.id == machine)).first() is not None


def add_desk(db: Connection, values: Mapping[str, Any]) -> None:
    """Make a desk, unless another server was first."""
    hold(db, f"desk:{values['id']}")
    if not has_machine(db, values["id"]):
        db.execute(insert(t.machine).values(**values))


def patron_by_card(db: Connection, kind: str, value: str) -> Row[Any] | None:
    """Patron row of a card."""
    query = select(t.patron).join(t.card, t.card.c.patron_id == t.patron.c.id)
    return db.execute(query.where(t.card.c.kind == kind, t.card.c.value == value)).one_or_none()


RECORD_COLUMNS = (
    t.item.c.id.label("item"),
    t.item.c.title,
    t.item.c.author,
    t.item.c.media_type,
    t.item.c.parts,
    t.item.c.material_type,
    t.item.c.department,
    t.item.c.audience,
    t.item.c.fiction,
)


STATE_COLUMNS = (t.item.c.state, t.item.c.set_aside_for, t.item.c.branch, t.item.c.title_id)


def item_records(db: Connection) -> list[dict[str, Any]]:
    """Every item as machines know it: no personal data."""
    return [dict(row._mapping) for row in db.execute(select(*RECORD_COLUMNS).order_by(t.item.c.id))]  # noqa: SLF001


def item_states(db: Connection, items: Sequence[str]) -> list[Row[Any]]:
    """Record, state and whether it is on loan, for several items."""
    query = (
        select(*RECORD_COLUMNS, *STATE_COLUMNS, t.loan.c.id.label("loan"))
        .outerjoin(t.loan, and_(t.loan.c.item_id == t.item.c.id, OPEN))
        .where(t.item.c.id.in_(items))
    )
    return list(db.execute(query))


def loans_of(db: Connection, patron_id: str) -> list[Row[Any]]:
    """A patron's open loans with their items, next due first."""
    query = (
        select(t.loan.c.due, t.loan.c.renewals, *RECORD_COLUMNS[:4])
        .join(t.item, t.item.c.id == t.loan.c.item_id)
        .where(t.loan.c.patron_id == patron_id, OPEN)
        .order_by(t.loan.c.due, t.item.c.id)
    )
    return list(db.execute(query))


def set_aside_for(db: Connection, patron_id: str) -> list[Row[Any]]:
    """Items that wait for a patron on the shelf: set aside, available, and not on loan."""
    query = (
        select(t.item.c.collect_by, t.item.c.shelf, *RECORD_COLUMNS[:4])
        .outerjoin(t.loan, and_(t.loan.c.item_id == t.item.c.id, OPEN))
        .where(t.item.c.set_aside_for == patron_id, t.item.c.state == "available", t.loan.c.id.is_(None))
        .order_by(t.item.c.id)
    )
    return list(db.execute(query))
