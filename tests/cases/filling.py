"""Filling a database with the world of a case, as it is before the first step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select

from circulation.notices.content import DUE_WARNING
from circulation.notices.types import EMAIL
from circulation.service import Service
from circulation.store import house
from circulation.store import tables as t
from circulation.store.notice_tables import message, notice
from circulation.store.notices import SENT
from rules import toml as rule_files
from rules.problems import RuleFileError
from tests.cases.reading import Case, CaseError, CaseFile, Facts

LIBRARY = "Acceptance cases"
PIN = "1234"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LEVELS = {"invoice": 7}


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


class Taking:
    """One table of a world, whose every key must be asked for."""

    def __init__(self, place: str, raw: Facts) -> None:
        self.place, self.left = place, dict(raw)

    def get(self, *names: str, default: Any = None) -> Any:
        """The value of the first of these names that is there."""
        found = [self.left.pop(name) for name in names if name in self.left]
        return found[0] if found else default

    def like(self, part: str, default: Any = None) -> Any:
        """The value of the first name that holds a part."""
        return self.get(*[name for name in self.left if part in name], default=default)

    def done(self) -> None:
        """Nothing may be left.

        Raises:
            CaseError: a key is not known.
        """
        if self.left:
            raise CaseError(f"{self.place}: unknown {', '.join(sorted(self.left))}")


def minor(amount: object) -> int:
    """An amount such as "8.00" in minor units."""
    return int(Decimal(str(amount)) * 100)


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
        for raw in case.world.get("patrons", ()):
            _patron(service, db, world, Taking(f"{case.id}.patrons", raw), at, file.timezone)
        for raw in case.world.get("items", ()):
            _item(db, Taking(f"{case.id}.items", raw))
        _publish(db, case, at)
        for raw in case.world.get("loans", ()):
            _loan(db, world, Taking(f"{case.id}.loans", raw), file.timezone)
        for number, raw in enumerate(case.world.get("reservations", ())):
            _reservation(db, world, Taking(f"{case.id}.reservations", raw), file.timezone, number)
        for raw in case.world.get("staff", ()):
            _staff(service, db, Taking(f"{case.id}.staff", {"id": raw} if isinstance(raw, str) else raw), at)
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
        values = {**_settings(made, code, codes, top), **_settings(settings, code, codes, top)}
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
        _calendar(db, code, Taking(f"{case.id}.calendar.{code}", raw))
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
            values = {**row.settings, **_settings(settings, row.id, codes, row.parent is None)}
            db.execute(t.organisation.update().where(t.organisation.c.id == row.id).values(settings=values))
        house.changed(db)


def _settings(made: Any, code: str, codes: list[str], top: bool) -> dict[str, Any]:
    """Settings of an organisation: by its code, in a list that names it, or for all, then at the top."""
    if not isinstance(made, Mapping):
        named = [one for one in made if code in (one.get("org"), one.get("organisation"), one.get("branch"))]
        keys = ("org", "organisation", "branch")
        return {_setting(name): value for one in named for name, value in one.items() if name not in keys}
    by_code = made.get(code, {}) if isinstance(made.get(code), Mapping) else {}
    for_all = {name: value for name, value in made.items() if name not in codes} if top else {}
    return {_setting(name): value for name, value in {**for_all, **by_code}.items()}


def _setting(name: str) -> str:
    return "exclude_invoices_from_block" if "invoice" in name else name


def _calendar(db: Connection, code: str, of: Taking) -> None:
    weekly = [WEEKDAYS.index(day.lower()) for day in of.get("weekly_closed", default=())]
    tours = of.like("tour")
    values = {
        "weekly_closed": weekly,
        "holidays": of.get("holidays", "public_holidays"),
        "tours": [day.isoformat() for day in tours] if tours is not None else None,
    }
    db.execute(t.organisation.update().where(t.organisation.c.id == code).values(**values))
    closed = of.get("closed", default=())
    opened = of.like("open", default=())
    for spans, is_open in ((closed, False), (opened, True)):
        for span in spans:
            first, last = _span(span)
            db.execute(
                insert(t.closing).values(organisation=code, first=first, last=last, open=is_open, note="of the case")
            )
    of.done()


def _span(raw: Any) -> tuple[date, date]:
    if isinstance(raw, Mapping):
        return raw["from"], raw.get("until", raw["from"])
    return raw, raw


def _patron(service: Service, db: Connection, world: World, of: Taking, at: datetime, zone: str) -> None:
    id_ = of.get("id")
    barcode = f"2{len(world.patrons) + 1:013}"
    world.patrons[id_] = barcode
    values = {
        "id": id_,
        "category": of.get("category", "patron_category", default="normal"),
        "born": of.get("born", "birth_date", "date_of_birth"),
        "first_name": of.get("name", default=id_),
        "last_name": "",
        "blocked": bool(of.get("blocked", default=False)),
        "card_lost": bool(of.get("card_lost", default=False)),
        "valid_from": of.get("valid_from", "card_valid_from"),
        "valid_until": of.get("valid_until", "card_valid_until", "expires", "card_expires", "expired"),
        "home": of.get("home", "home_branch"),
        "email": of.get("email"),
        "phone": of.like("sms", default=of.like("phone", default=of.like("mobile"))),
        "language": of.get("language"),
        "postal": of.get("postal", "postal_address", "address"),
        "prefers": of.get("prefers", "preferred_channel", "channel"),
        "pin_hash": service.secrets.hash_pin(PIN, id_),
    }
    since = of.like("since", default=at)
    owed = [
        (of.like(part), invoice)
        for part, invoice in (("invoice", True), ("debt", False), ("fee", False), ("owe", False))
    ]
    of.done()
    db.execute(insert(t.patron).values(**values))
    db.execute(insert(t.card).values(kind="barcode", value=barcode, patron_id=id_))
    for raw, invoice in owed:
        for fee in _fees(of.place, raw, invoice, since):
            booked = {**fee, "at": _instant(fee["at"], zone)}
            db.execute(insert(t.fee).values(patron_id=id_, open=True, **booked))


def _fees(place: str, raw: Any, invoice: bool, at: Any) -> Iterator[dict[str, Any]]:
    """What is owed: an amount, several, a table of amounts by kind, or of one amount with its kind, day and branch."""
    if isinstance(raw, Mapping) and "amount" in raw:
        yield from _fee(Taking(place, raw), invoice, at)
    elif isinstance(raw, Mapping):
        for kind, amount in raw.items():
            yield from _fees(place, amount, invoice or "invoice" in kind, at)
    elif isinstance(raw, list):
        for one in raw:
            yield from _fees(place, one, invoice, at)
    elif raw is not None:
        yield from _fee(Taking(place, {"amount": raw}), invoice, at)


def _fee(of: Taking, invoice: bool, at: Any) -> Iterator[dict[str, Any]]:
    amount = minor(of.get("amount"))
    kind = of.get("kind", "reason", "fee", "type", "of", default="")
    is_invoice = bool(of.get("invoice", default=invoice)) or "invoice" in kind
    since = of.get("since", "on", "date", "at", "charged", "booked", "reached", default=at)
    branch = of.get("branch", "organisation", "org")
    of.done()
    if amount:
        reason = "invoice" if is_invoice else "other"
        yield {"reason": reason, "amount": amount, "invoice": is_invoice, "at": since, "branch": branch}


def _item(db: Connection, of: Taking) -> None:
    id_ = of.get("id")
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
        "state": of.get("state", "status", default="available"),
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
        "out_at": _instant(out, zone),
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
        _warned(db, id_, values, _instant(warned if isinstance(warned, date) else out, zone))


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


def _instant(day: Any, zone: str) -> datetime:
    at = day if isinstance(day, datetime) else datetime.combine(day, time(9))
    return at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))


def _reservation(db: Connection, world: World, of: Taking, zone: str, number: int) -> None:
    name = of.get("id", default=f"reservation {number}")
    id_ = str(uuid5(NAMESPACE_OID, name))
    world.reservations[name] = id_
    item = of.get("item", "copy", "copy_id")
    title = of.get("title")
    if title is None:
        title = db.execute(select(t.item.c.title_id).where(t.item.c.id == item)).scalar_one()
    made = of.get("since", "made", "created", "reserved", "placed", "made_at", "date", default=date(2020, 1, 1))
    until = of.get("on_shelf_until", "collect_by", "shelf_until", "until")
    state = of.get("state", "status", default="on_shelf" if until is not None else "waiting")
    shelved = state in ("on_shelf", "on_hold_shelf", "set_aside", "assigned", "ready")
    over = state in ("cancelled", "expired", "fulfilled", "collected")
    position = of.get("position", default=number)
    values = {
        "id": id_,
        "title_id": title,
        "patron_id": of.get("patron"),
        "pickup": of.get("pickup", "pickup_branch", "branch"),
        "made_at": _instant(made, zone) + timedelta(minutes=0 if isinstance(made, datetime) else position),
        "channel": of.get("channel", default="web"),
        "state": "on_shelf" if shelved else ("waiting" if state in ("suspended", "active", "queued") else state),
        "suspended": bool(of.get("suspended", default=state == "suspended")),
        "expires": of.get("expires", "expires_on", "valid_until"),
        "ended_at": _instant(made, zone) if over else None,
        "copy_id": item if shelved else None,
        "item_id": None if shelved else item,
        "shelved_on": of.get("on_shelf_since", "shelved", "shelf_day", "on_shelf", "shelved_on"),
        "collect_by": until,
        "rule_set": 1,
        "rules": {},
    }
    of.done()
    db.execute(insert(t.reservation).values(**values))
    if shelved:
        aside = {"set_aside_for": values["patron_id"], "collect_by": until}
        db.execute(t.item.update().where(t.item.c.id == item).values(**aside))


def _staff(service: Service, db: Connection, of: Taking, at: datetime) -> None:
    name = of.get("id", "name", "user")
    permissions = of.get("permissions", "permission", "rights", "may", default=())
    said = permissions if isinstance(permissions, str) else " ".join(map(str, permissions or ()))
    may = bool(of.get("may_override", "override", default="override" in said))
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
