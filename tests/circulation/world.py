"""The test world of the requirements: account A > North > N1, N2, BUS; few words for patrons, items and rules."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update

from circulation.service import Service
from circulation.store import house
from circulation.store import tables as t
from circulation.store.engine import Database
from rules.rule import Conditions, Rule
from rules.values import Amount, Days, MinAge, Value

PIN = "1234"
ADULT = date(1990, 5, 17)
NORMAL_RULES = ("periods.loan", "periods.renewal")

__all__ = ["Amount", "Days", "MinAge", "World", "fill_house", "rule"]


def rule(id_: str, kind: str, value: Value, org: str = "A", **more: Any) -> Rule:
    """A rule; condition fields are given as keywords, one code or several."""
    conditions = {name: more.pop(name) for name in tuple(more) if name in Conditions.__dataclass_fields__}
    listed: dict[str, Any] = {name: (value,) if isinstance(value, str) else value for name, value in conditions.items()}
    return Rule(id_, kind, org, value, when=Conditions(**listed), **more)


def fill_house(database: Database) -> None:
    """Organisations, codes and no rules."""
    organisations = (("A", None, "account"), ("North", "A", "authority"), ("N1", "North", "branch"))
    with database.writing() as db:
        values = {"library": "Test library", "isils": ["DE-Mus1"], "currency": "EUR", "time_zone": "Europe/Berlin"}
        db.execute(insert(t.installation).values(id=1, generation=str(uuid4()), **values))
        for id_, parent, kind in (*organisations, ("N2", "North", "branch"), ("BUS", "North", "branch")):
            db.execute(insert(t.organisation).values(id=id_, name=f"Branch {id_}", parent=parent, kind=kind))
        for code in ("BOOK", "CD", "DVD", "DVD18", "GAME"):
            db.execute(insert(t.media_type).values(code=code, names={"en": code}))
        for code in ("normal", "staff", "teacher", "home_service"):
            db.execute(insert(t.patron_category).values(code=code))
        for code, least, most in (("child", 0, 17), ("adult", 18, 150)):
            db.execute(insert(t.age_group).values(code=code, least=least, most=most))


class World:
    """What is in the test library. A patron is named by the barcode of the card; the PIN is always 1234."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._patrons = 0
        self._items = 0

    def rules(self, *rules: Rule, periods: int | None = 28) -> int:
        """Publish rules, with a loan and a renewal period for everything unless ``periods`` is None."""
        basis = () if periods is None else tuple(rule(kind, kind, Days(periods)) for kind in NORMAL_RULES)
        with self.service.database.writing() as db:
            return house.publish(db, (*rules, *basis), self.service.clock())

    def patron(self, category: str = "normal", born: date | None = ADULT, owes: int = 0, **more: Any) -> str:
        """A patron; the barcode of the card."""
        self._patrons += 1
        id_, barcode = str(uuid4()), f"2{self._patrons:013}"
        values = {"first_name": "Mira", "last_name": "Vogel", "blocked": False, "card_lost": False, **more}
        pin = self.service.secrets.hash_pin(PIN, id_)
        with self.service.database.writing() as db:
            db.execute(insert(t.patron).values(id=id_, category=category, born=born, pin_hash=pin, **values))
            db.execute(insert(t.card).values(kind="barcode", value=barcode, patron_id=id_))
            if owes:
                fee = {"reason": "overdue", "amount": owes, "open": True, "at": self.service.clock()}
                db.execute(insert(t.fee).values(patron_id=id_, **fee))
        return barcode

    def patron_id(self, barcode: str) -> str:
        with self.service.database.reading() as db:
            query = select(t.card.c.patron_id).where(t.card.c.value == barcode)
            return str(db.execute(query).scalar_one())

    def change_patron(self, barcode: str, **values: Any) -> None:
        with self.service.database.writing() as db:
            db.execute(update(t.patron).where(t.patron.c.id == self.patron_id(barcode)).values(**values))

    def item(self, media_type: str = "BOOK", **more: Any) -> str:
        """An item; its id. ``set_aside``: barcode of the reader it is set aside for."""
        self._items += 1
        id_ = f"3{self._items:013}"
        if "set_aside" in more:
            more["set_aside_for"] = self.patron_id(more.pop("set_aside"))
        values = {"title": f"Title {id_}", "author": "A. Author", "branch": "N1", "parts": 1, "state": "available"}
        with self.service.database.writing() as db:
            db.execute(insert(t.item).values(id=id_, media_type=media_type, **{**values, **more}))
        return id_

    def items(self, count: int, media_type: str = "BOOK") -> list[str]:
        return [self.item(media_type) for _ in range(count)]

    def lent(self, barcode: str, media_type: str = "BOOK", due: date = date(2026, 6, 15), **more: Any) -> str:
        """An item on loan to a patron since 18 May 2026."""
        item = self.item(media_type, **more)
        values = {"branch": "N1", "out_at": self.service.clock(), "renewals": 0, "rule_set": 1, "rules": {}}
        with self.service.database.writing() as db:
            db.execute(insert(t.loan).values(item_id=item, patron_id=self.patron_id(barcode), due=due, **values))
        return item

    def reserved(self, title: str, barcode: str, **more: Any) -> str:
        """A reservation of a title by a patron, waiting unless told otherwise; its id."""
        id_ = str(uuid4())
        of = {"title_id": title, "patron_id": self.patron_id(barcode), "pickup": "N1", "channel": "web"}
        values = {"made_at": self.service.clock(), "state": "waiting", "suspended": False, "rule_set": 1, "rules": {}}
        with self.service.database.writing() as db:
            db.execute(insert(t.reservation).values(id=id_, **{**of, **values, **more}))
        return id_

    def item_row(self, item: str) -> Any:
        with self.service.database.reading() as db:
            return db.execute(select(t.item).where(t.item.c.id == item)).one()

    def open_loans(self, barcode: str | None = None) -> list[Any]:
        """Open loans, of one patron or of all."""
        query = select(t.loan).where(t.loan.c.returned_at.is_(None)).order_by(t.loan.c.id)
        if barcode is not None:
            query = query.where(t.loan.c.patron_id == self.patron_id(barcode))
        with self.service.database.reading() as db:
            return list(db.execute(query))

    def operation_row(self, id_: str) -> Any:
        with self.service.database.reading() as db:
            return db.execute(select(t.operation).where(t.operation.c.id == id_)).one_or_none()
