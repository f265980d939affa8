"""Filling a database with the world of a case, as it is before the first step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select

from circulation.domain.item_states import STATES
from circulation.notices.content import DUE_WARNING
from circulation.notices.types import EMAIL
from circulation.service import Service
from circulation.store import house
from circulation.store import tables as t
from circulation.store.notice_tables import message, notice
from circulation.store.notices import SENT
from rules import toml as rule_files
from rules.problems import RuleFileError
from tests.cases import calendars, holding, patrons, settling
from tests.cases.reading import Case, CaseError, CaseFile, Facts
from tests.cases.taking import Taking, instant, rows
from tests.cases.words import minor, word

LIBRARY = "Acceptance cases"
LEVELS = {"invoice": 7}
AVAILABLE = "available"
OTHERWISE = ("on_loan", "set_aside")  # states that a loan or a reservation gives an item
PARTS = ("patrons", "items", "loans", "reservations", "staff")


@dataclass(frozen=True, slots=True)
class World:
    """What steps refer to by name.

    Attributes:
        loans: name of a loan -> item.
        reservations: name of a reservation -> id.
        patrons: id -> barcode of the card.
    """

    loans: dict[str, str] = field(default_factory=dict)
    reservations: dict[str, str] = field(default_factory=dict)
    patrons: dict[str, str] = field(default_factory=dict)


def empty(db: Connection) -> None:
    """Take everything out of a database that only ever held cases.

    Raises:
        CaseError: there is something else in it.
    """
    libraries = set(db.execute(select(t.installation.c.library)).scalars())
    if libraries - {LIBRARY}:
        raise CaseError("this database holds a library: name an empty one")
    for table in reversed(t.metadata.sorted_tables):
        db.execute(delete(table))


def fill(service: Service, file: CaseFile, case: Case, at: datetime, settings: Facts) -> World:
    """Fill an empty database with the world of a case.

    Args:
        service: over that database.
        file: where the case is from.
        case: the case.
        at: time of the first step.
        settings: of a variant, for the organisation at the top.
    """
    world = World()
    with service.database.writing() as db:
        empty(db)
        _house(db, file, case, settings)
        parts = {name: rows(f"{case.id}.{name}", case.world.get(name, ())) for name in PARTS}
        for number, of in enumerate(parts["patrons"], 1):
            barcode = f"2{number:013}"
            world.patrons[patrons.fill(service, db, of, barcode, at, file.timezone)] = barcode
        for of in parts["items"]:
            _item(db, of)
        _publish(db, case, at)
        for of in parts["loans"]:
            _loan(db, world, of, file.timezone)
        for number, of in enumerate(parts["reservations"]):
            name, id_ = holding.fill(db, case, of, number, file.timezone)
            world.reservations[name] = id_
        for of in parts["staff"]:
            _staff(service, db, of, at)
        house.changed(db)
    return world


def _house(db: Connection, file: CaseFile, case: Case, settings: Facts) -> None:
    own = {"library": LIBRARY, "isils": ["DE-Mus1"], "currency": "EUR", "time_zone": file.timezone}
    db.execute(insert(t.installation).values(id=1, generation=str(uuid4()), **own))
    made = case.world.get("org_settings", {})
    branches = list(case.world.get("branches", ()))
    for branch in branches:
        of = Taking(f"{case.id}.branches", branch)
        code = of.get("code", "id")
        top = of.left.get("parent") is None
        codes = [b.get("code", b.get("id")) for b in branches]
        values = {
            **settling.of(f"{case.id}.org_settings", made, code, codes, top=top),
            **settling.of(f"{case.id}.settings", settings, code, codes, top=top),
        }
        db.execute(
            insert(t.organisation).values(
                id=code,
                name=of.get("name", default=code),
                parent=of.get("parent"),
                kind=of.get("type", "kind", default="branch"),
                settings=values,
            )
        )
        of.done()
    for code, raw in case.world.get("calendar", {}).items():
        calendars.fill(db, code, Taking(f"{case.id}.calendar.{code}", raw))
    for code in dict.fromkeys((*file.media_types, *case.world.get("media_types", ()))):
        db.execute(insert(t.media_type).values(code=code, names={"en": code, "de": code}))
    for code in dict.fromkeys((*file.patron_categories, *case.world.get("patron_categories", ()))):
        db.execute(insert(t.patron_category).values(code=code))
    for code, (least, most) in file.age_groups.items():
        db.execute(insert(t.age_group).values(code=code, least=least, most=most))


def settle(service: Service, case: Case, settings: Facts) -> None:
    """Change settings while a case is played."""
    codes = [branch.get("code", branch.get("id")) for branch in case.world.get("branches", ())]
    with service.database.writing() as db:
        for row in db.execute(select(t.organisation)).all():
            made = settling.of(f"{case.id}.settings", settings, row.id, codes, top=row.parent is None)
            values = {**row.settings, **made}
            db.execute(t.organisation.update().where(t.organisation.c.id == row.id).values(settings=values))
        house.changed(db)


def _item(db: Connection, of: Taking) -> None:
    id_ = of.get("id")
    state = word(of.get("state", "status", default=AVAILABLE))
    state = AVAILABLE if state in OTHERWISE else state
    if state not in STATES:
        raise of.wrong("state", state)
    title = of.get("title", default=id_)
    values = {
        "id": id_,
        "title": title,
        "title_id": title,
        "author": "",
        "media_type": of.get("media_type", default="BOOK"),
        "material_type": of.get("material_type"),
        "department": of.get("department"),
        "audience": of.get("audience"),
        "fiction": of.get("fiction"),
        "branch": of.get("branch"),
        "parts": 1,
        "state": state,
        "set_aside_for": of.get("set_aside_for"),
    }
    price = of.get("price", "replacement_price")
    of.done()
    db.execute(insert(t.item).values(**values, price=minor(price) if price is not None else None))


def _loan(db: Connection, world: World, of: Taking, zone: str) -> None:
    name, item = of.get("id"), of.get("item")
    out = of.get("checked_out", "out")
    world.loans[name or item] = item
    level = _level(of.like("level", default=of.like("remind", default=0)))
    warned = of.like("warn")
    values = {
        "item_id": item,
        "patron_id": of.get("patron"),
        "branch": of.get("checkout_branch", "branch"),
        "out_at": instant(out, zone),
        "period": of.get("period_days", "period"),
        "due": of.get("due"),
        "renewals": of.get("renewals", "renewed", default=0),
        "reminded": level,
        "channel": of.get("channel", default="desk"),
        "rule_set": of.get("ruleset", default=1),
        "rules": {},
    }
    of.done()
    made = insert(t.loan).values(**{**values, "unadjusted": values["due"]}).returning(t.loan.c.id)
    id_ = db.execute(made).scalar_one()
    if warned:
        _warned(db, id_, values, instant(warned if isinstance(warned, date) else out, zone))


def _warned(db: Connection, loan: int, values: Facts, at: datetime) -> None:
    """Somebody was warned of a loan before the first step."""
    both = {"kind": DUE_WARNING, "level": "", "state": SENT, "fee": 0, "patron_id": values["patron_id"]}
    way = {
        "key": f"before-{loan}",
        "channel": EMAIL,
        "language": "en",
        "branch": values["branch"],
        "run": 0,
        "tries": 1,
    }
    sent = {**both, **way, "created_at": at, "ended_at": at, "fees": [], "rule_set": 1}
    id_ = db.execute(insert(message).values(**sent).returning(message.c.id)).scalar_one()
    about = {"loan_id": loan, "loan_period": values["renewals"] + 1, "due": values["due"], "at": at}
    db.execute(insert(notice).values(**both, **about, message=id_, invoiced=0, winners={}))


def _level(raw: Any) -> int:
    """The highest reminder level of a loan."""
    if isinstance(raw, Mapping):
        return _level(raw["level"])
    if isinstance(raw, list):
        return max((_level(one) for one in raw), default=0)
    return LEVELS.get(str(raw), 0) or int(raw or 0)


_MAY_OVERRIDE = ("may_override", "can_override", "override", "overrides", "allowed_to_override")


def _staff(service: Service, db: Connection, of: Taking, at: datetime) -> None:
    name = of.get("id", "name", "user")
    permissions = of.get("permissions", "permission", "rights", "may", "", default=())
    said = permissions if isinstance(permissions, str) else " ".join(map(str, permissions or ()))
    may = bool(of.get(*_MAY_OVERRIDE, default=permissions is True or "override" in said))
    of.get("role", "roles", "branch")
    of.done()
    add_staff(service, db, name, may, at)


def add_staff(service: Service, db: Connection, name: str, may_override: bool, at: datetime) -> None:
    """A member of staff with every role."""
    values = {
        "name": name,
        "password_hash": "none",
        "roles": ["desk", "rules", "machines", "admin"],
        "may_override": may_override,
        "active": True,
    }
    db.execute(insert(t.staff).values(**values, created_at=at))


def _publish(db: Connection, case: Case, at: datetime) -> None:
    """Rules are set live as they are, without the check before publishing."""
    house.publish(db, parse(db, case, "rules"), at)


def parse(db: Connection, case: Case, name: str) -> Any:
    """The rules of a document of the case.

    Raises:
        CaseError: there is none, or a rule in it is wrong in itself.
    """
    if name not in case.documents:
        raise CaseError(f"{case.id}: there is no document {name!r}")
    try:
        return rule_files.read(case.documents[name], house.known_codes(db))
    except RuleFileError as error:
        said = "; ".join(str(problem) for problem in error.problems)
        raise CaseError(f"{case.id}.{name}: {said}") from None
