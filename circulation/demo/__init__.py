"""The demo library: an invented catalogue, patrons and rules for an empty database."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from circulation.clock import local_day
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import house
from circulation.store import tables as t
from rules import toml as rule_files
from rules.compiled import CompiledRules, compile_rules
from rules.duedate import BranchCalendar, due_date
from rules.evaluate import decide
from rules.rule import Facts
from rules.values import Days

FOLDER = Path(__file__).parent
COLLECT_DAYS = 7
ITEM_FACTS = ("audience", "fiction", "department", "material_type")


def read_catalogue() -> dict[str, Any]:
    """The catalogue as it is shipped."""
    return tomllib.loads((FOLDER / "catalogue.toml").read_text("utf-8"))


def fill(service: Service, machine_branch: str | None = None) -> dict[str, Any]:
    """Fill an empty database; the catalogue, so that it can be shown.

    Args:
        service: the empty one.
        machine_branch: a branch that is to be there; None = any.

    Raises:
        CirculationError: there is something in the database already, or no such branch in the catalogue.
    """
    data = read_catalogue()
    branches = [organisation["id"] for organisation in data["organisation"]]
    if machine_branch is not None and machine_branch not in branches:
        raise CirculationError("branch_unknown", f"there is no branch {machine_branch!r} in the demo library")
    now = service.clock()
    with service.database.writing() as db:
        if db.execute(select(t.installation.c.id)).one_or_none() is not None:
            raise CirculationError("not_empty", "this database is not empty; demo data goes into an empty one only")
        _house(db, data)
        patrons = {patron["key"]: str(uuid4()) for patron in data["patron"]}
        for patron in data["patron"]:
            _patron(service, db, patron, patrons[patron["key"]], now, data["time_zone"])
        rules = rule_files.read((FOLDER / "rules.toml").read_text("utf-8"), house.known_codes(db))
        compiled = compile_rules(house.rule_set(db, house.publish(db, rules, now)))
        for item in data["item"]:
            _item(db, item, patrons, (local_day(now, data["time_zone"]), data["time_zone"], compiled))
    return data


def _house(db: Connection, data: Mapping[str, Any]) -> None:
    values = {key: data[key] for key in ("library", "currency", "time_zone")}
    db.execute(insert(t.installation).values(id=1, generation=str(uuid4()), isils=[data["isil"]], **values))
    for organisation in data["organisation"]:
        db.execute(insert(t.organisation).values(**{"parent": None, **organisation}))
    for media_type in data["media_type"]:
        db.execute(insert(t.media_type).values(**media_type))
    for code in data["patron_categories"]:
        db.execute(insert(t.patron_category).values(code=code))
    for code, (least, most) in data["age_groups"].items():
        db.execute(insert(t.age_group).values(code=code, least=least, most=most))


def _patron(
    service: Service, db: Connection, patron: Mapping[str, Any], patron_id: str, now: datetime, zone: str
) -> None:
    today = local_day(now, zone)
    days = {key: today + timedelta(days=patron[key]) for key in ("valid_from", "valid_until") if key in patron}
    values = {
        **{key: patron[key] for key in ("first_name", "last_name", "category", "born")},
        **{key: patron.get(key, False) for key in ("blocked", "card_lost")},
        "language": patron.get("language"),
        "pin_hash": service.secrets.hash_pin(patron["pin"], patron_id),
        **days,
    }
    db.execute(insert(t.patron).values(id=patron_id, **values))
    for kind, value in (("uid", patron["card_uid"]), ("barcode", patron["barcode"])):
        db.execute(insert(t.card).values(kind=kind, value=value, patron_id=patron_id))
    if "debt" in patron:
        fee = {"reason": "overdue", "title": "Ulysses", "amount": patron["debt"], "open": True}
        db.execute(insert(t.fee).values(patron_id=patron_id, at=now, **fee))


def _item(
    db: Connection, item: Mapping[str, Any], patrons: Mapping[str, str], given: tuple[date, str, CompiledRules]
) -> None:
    today, zone, rules = given
    aside = patrons[item["set_aside"]] if "set_aside" in item else None
    values = {
        **{key: item[key] for key in ("id", "title", "author", "media_type", "branch")},
        **{key: item.get(key) for key in ITEM_FACTS},
        "parts": len(item["tags"]),
        "state": item.get("state", "available"),
        "set_aside_for": aside,
        "collect_by": today + timedelta(days=COLLECT_DAYS) if aside else None,
        "shelf": "A 12" if aside else None,
    }
    db.execute(insert(t.item).values(**values))
    if aside is not None:
        reservation = {
            "id": str(uuid4()),
            "title_id": item["id"],
            "patron_id": aside,
            "pickup": item["branch"],
            "made_at": datetime.combine(today - timedelta(days=COLLECT_DAYS), time(10), ZoneInfo(zone)),
            "channel": "web",
            "state": "on_shelf",
            "suspended": False,
            "copy_id": item["id"],
            "shelved_on": today,
            "collect_by": values["collect_by"],
            "rule_set": rules.number,
            "rules": {},
        }
        db.execute(insert(t.reservation).values(**reservation))
    if "loan" in item:
        day = today - timedelta(days=item["loan"]["days_ago"])
        facts = Facts(media_type=item["media_type"], **{key: item.get(key) for key in ITEM_FACTS})
        period = decide(rules, "periods.loan", item["branch"], facts, day)
        if not isinstance(period.value, Days) or period.rule is None:
            raise ValueError(f"the demo rules have no loan period for {item['media_type']}")
        due = due_date(day, period.value.days, BranchCalendar.always_open())
        if due is None:
            raise ValueError("a branch that is always open has an open day")
        db.execute(
            insert(t.loan).values(
                item_id=item["id"],
                patron_id=patrons[item["loan"]["patron"]],
                branch=item["branch"],
                out_at=datetime.combine(day, time(10), ZoneInfo(zone)),
                due=due.day,
                renewals=0,
                rule_set=rules.number,
                rules={period.kind: period.rule.id},
            )
        )
