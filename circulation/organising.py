"""Organisations, their settings and calendars, and the codes of the house, as staff change them.

Responsible for what is allowed there: decisions and rules rely on it. Not responsible for what settings and calendars
mean (domain.settings, calendars) or for who may ask (api).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Table

from circulation import audit
from circulation.calendars import known_region
from circulation.clock import local_day
from circulation.domain import settings as known_settings
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import house
from circulation.store import organising as store
from circulation.store import tables as t
from rules.organisation import Organisation, OrganisationTree
from rules.rule import is_code

LONGEST_CLOSING = timedelta(days=3660)
MOST_CODE = 64  # letters, as the tables have them


@contextmanager
def _changing(service: Service) -> Iterator[Connection]:
    """A transaction that changes the house: one at a time, and every server process reads the house anew."""
    with service.database.writing() as db:
        store.hold_house(db)
        house.installation(db)
        yield db
        house.changed(db)


def _must_fit(code: str, place: str) -> None:
    if not is_code(code) or len(code) > MOST_CODE:
        detail = f"a code is a short text of at most {MOST_CODE} letters, without | and outer spaces"
        raise CirculationError("code_unfit", detail, place=place)


def _organisation(db: Connection, id_: str) -> Any:
    row = store.organisation(db, id_)
    if row is None:
        raise CirculationError("not_found", "there is no such organisation", 404)
    return row


# --- organisations ----------------------------------------------------------------------------------------------------


def organisations(service: Service) -> list[dict[str, Any]]:
    """Every organisation: id, name, parent, kind."""
    with service.database.reading() as db:
        return [_told(node) for _, node in sorted(house.organisations(db).nodes.items())]


def _told(node: Organisation) -> dict[str, Any]:
    return {"id": node.id, "name": node.name, "parent": node.parent, "kind": node.kind}


def create_organisation(
    service: Service, by: str, id_: str, name: str, parent: str | None, kind: str
) -> dict[str, Any]:
    """A new organisation.

    Raises:
        CirculationError: its id is taken, or the one above it is not there.
    """
    _must_fit(id_, "id")
    made = Organisation(id_, name, parent, kind)
    with _changing(service) as db:
        if store.organisation(db, id_) is not None:
            raise CirculationError("organisation_exists", f"there is an organisation {id_} already", 409)
        _tree_with(db, made)
        store.add_organisation(db, _told(made))
        audit.note(db, service.clock(), by, "organisation.create", id_, _told(made))
    return _told(made)


def change_organisation(service: Service, by: str, id_: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change "name", "parent" or "kind" of an organisation.

    Raises:
        CirculationError: it or the one above it is not there, or it would stand above itself.
    """
    with _changing(service) as db:
        row = _organisation(db, id_)
        made = Organisation(**{**{key: getattr(row, key) for key in ("id", "name", "parent", "kind")}, **changes})
        _tree_with(db, made)
        store.change_organisation(db, id_, changes)
        audit.note(db, service.clock(), by, "organisation.change", id_, changes)
    return _told(made)


def _tree_with(db: Connection, made: Organisation) -> None:
    nodes = house.organisations(db).nodes
    if made.parent is not None and made.parent not in nodes:
        raise CirculationError("organisation_unknown", f"there is no organisation {made.parent}", place="parent")
    try:
        OrganisationTree({**nodes, made.id: made})
    except ValueError:
        raise CirculationError("organisation_circle", f"{made.id} would stand above itself", 409) from None


# --- settings ---------------------------------------------------------------------------------------------------------


def settings(service: Service, id_: str) -> dict[str, Any]:
    """What an organisation sets itself ("own"), and what holds there ("holds")."""
    with service.database.reading() as db:
        return _settings(db, id_)


def _settings(db: Connection, id_: str) -> dict[str, Any]:
    own = _organisation(db, id_).settings or {}
    return {"own": own, "holds": asdict(house.settings(db, house.organisations(db))[id_])}


def set_settings(service: Service, by: str, id_: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Replace what an organisation sets itself; what it leaves out it inherits.

    Raises:
        CirculationError: no such organisation, setting or value.
    """
    wrong = [(name, why) for name, value in own.items() if (why := known_settings.wrong(name, value)) is not None]
    if wrong:
        place = f"settings.{wrong[0][0]}"
        raise CirculationError("setting_wrong", "; ".join(why for _, why in wrong), place=place)
    with _changing(service) as db:
        before = _organisation(db, id_).settings or {}
        store.change_organisation(db, id_, {"settings": dict(own)})
        audit.note(db, service.clock(), by, "settings.change", id_, {"before": before, "after": dict(own)})
        return _settings(db, id_)


# --- calendars --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Closing:
    """Days on which an organisation is exceptionally closed, or open; both inclusive (R39)."""

    first: date
    last: date
    open: bool
    note: str = ""

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise CirculationError("dates_reversed", "the last day lies before the first day", place="last")
        if self.last - self.first > LONGEST_CLOSING:
            detail = f"a closing has at most {LONGEST_CLOSING.days} days"
            raise CirculationError("closing_too_long", detail, place="last")


def calendar(service: Service, id_: str) -> dict[str, Any]:
    """What an organisation says of its opening days itself (None = what the one above says), and what holds there."""
    with service.database.reading() as db:
        return _calendar(service, db, id_)


def _calendar(service: Service, db: Connection, id_: str) -> dict[str, Any]:
    row = _organisation(db, id_)
    year = local_day(service.clock(), house.installation(db).time_zone).year
    keys = ("id", "first", "last", "open", "note")
    return {
        **{key: getattr(row, key) for key in ("weekly_closed", "holidays", "tours")},
        "closings": [{key: getattr(one, key) for key in keys} for one in store.closings(db, id_)],
        "holds": house.calendars(db, house.organisations(db), year)[id_].to_plain(),
    }


def change_calendar(service: Service, by: str, id_: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change "weekly_closed" (weekdays, 0 = Monday), "holidays" (a region, "" = open on them) or "tours" (days).

    None = as the organisation above says.

    Raises:
        CirculationError: no such organisation, or no holidays are known of that region.
    """
    region = changes.get("holidays")
    if region and not known_region(region):
        detail = f"the public holidays of {region} are not known; write a country as DE, or a part of it as DE-NW"
        raise CirculationError("region_unknown", detail, place="holidays")
    values = dict(changes)
    if values.get("weekly_closed") is not None:
        values["weekly_closed"] = sorted(set(values["weekly_closed"]))
    if values.get("tours") is not None:
        values["tours"] = [day.isoformat() for day in sorted(set(values["tours"]))]
    with _changing(service) as db:
        _organisation(db, id_)
        store.change_organisation(db, id_, values)
        audit.note(db, service.clock(), by, "calendar.change", id_, values)
        return _calendar(service, db, id_)


def add_closing(service: Service, by: str, id_: str, closing: Closing) -> dict[str, Any]:
    """An exceptional closing or opening of an organisation and those below it.

    Raises:
        CirculationError: there is no such organisation.
    """
    with _changing(service) as db:
        _organisation(db, id_)
        values = asdict(closing)
        number = store.add_closing(db, {"organisation": id_, **values})
        audit.note(db, service.clock(), by, "closing.create", id_, _closing_told(number, closing))
    return {"id": number, **values}


def _closing_told(number: int, closing: Any) -> dict[str, Any]:
    days = {"first": closing.first.isoformat(), "last": closing.last.isoformat()}
    return {"id": number, **days, "open": closing.open, "note": closing.note}


def delete_closing(service: Service, by: str, id_: str, number: int) -> None:
    """Take an exceptional closing or opening back.

    Raises:
        CirculationError: this organisation has none of this id.
    """
    with _changing(service) as db:
        _organisation(db, id_)
        row = next((one for one in store.closings(db, id_) if one.id == number), None)
        if row is None:
            raise CirculationError("not_found", "there is no such closing", 404)
        store.delete_closing(db, number)
        audit.note(db, service.clock(), by, "closing.delete", id_, _closing_told(number, row))


# --- codes ------------------------------------------------------------------------------------------------------------


def codes(service: Service, table: Table) -> list[dict[str, Any]]:
    """Every media type, patron category or age group."""
    with service.database.reading() as db:
        return [dict(row._mapping) for row in store.coded(db, table)]  # noqa: SLF001


def add_media_type(service: Service, by: str, code: str, names: Mapping[str, str]) -> dict[str, Any]:
    """A new media type with its names in the plural by language."""
    return _add(service, by, t.media_type, {"code": code, "names": dict(names)})


def add_category(service: Service, by: str, code: str) -> dict[str, Any]:
    """A new patron category."""
    return _add(service, by, t.patron_category, {"code": code})


def add_age_group(service: Service, by: str, code: str, least: int, most: int) -> dict[str, Any]:
    """A new age group; both ages are inclusive.

    Raises:
        CirculationError: the ages are reversed, or an age would belong to two groups.
    """
    if most < least:
        raise CirculationError("ages_reversed", "the highest age is lower than the lowest age", place="most")
    return _add(service, by, t.age_group, {"code": code, "least": least, "most": most})


def _add(service: Service, by: str, table: Table, values: dict[str, Any]) -> dict[str, Any]:
    _must_fit(values["code"], "code")
    with _changing(service) as db:
        present = store.coded(db, table)
        if any(row.code == values["code"] for row in present):
            raise CirculationError("code_exists", f"{values['code']} is there already", 409)
        shared = [row.code for row in present if "least" in values and _overlap(row, values)]
        if shared:
            raise CirculationError("ages_overlap", f"some of these ages belong to {shared[0]}", 409)
        store.add_code(db, table, values)
        audit.note(db, service.clock(), by, f"{table.name}.create", values["code"], values)
    return values


# What names a code: table of codes -> the column of it, and the condition of rules.
_NAMED_BY: Mapping[str, tuple[str, Column[Any] | None, str]] = {
    t.media_type.name: ("items", t.item.c.media_type, "media_type"),
    t.patron_category.name: ("patrons", t.patron.c.category, "patron_category"),
    t.age_group.name: ("patrons", None, "age_group"),  # whoever has the age belongs to it, nobody names it
}


def change_names(service: Service, by: str, code: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Replace the names of a media type. Machines show them with the next rules they fetch.

    Raises:
        CirculationError: there is no such media type.
    """
    with _changing(service) as db:
        if not store.change_code(db, t.media_type, code, {"names": dict(names)}):
            raise CirculationError("not_found", "there is no such media type", 404)
        audit.note(db, service.clock(), by, "media_type.change", code, {"names": dict(names)})
    return {"code": code, "names": dict(names)}


def uses(service: Service, table: Table, code: str) -> dict[str, int]:
    """How often a code is named: "items" or "patrons", "rules" of the published set, "drafts"; none = 0 times."""
    with service.database.reading() as db:
        return _uses(db, table, code)


def _uses(db: Connection, table: Table, code: str) -> dict[str, int]:
    what, column, condition = _NAMED_BY[table.name]
    live = house.installation(db).live
    rules = house.rule_set(db, live).rules if live is not None else ()
    found = {
        what: store.count_rows(db, column, code) if column is not None else 0,
        "rules": sum(code in getattr(rule.when, condition) for rule in rules),
        "drafts": sum(_names(row.rules, condition, code) for row in store.draft_rules(db)),
    }
    return {place: number for place, number in found.items() if number}


def _names(rules: Sequence[Mapping[str, Any]], condition: str, code: str) -> bool:
    return any(code in rule.get("when", {}).get(condition, ()) for rule in rules)


def delete_code(service: Service, by: str, table: Table, code: str) -> None:
    """Take away a media type, patron category or age group that nothing names any more.

    Raises:
        CirculationError: there is no such code, or something names it.
    """
    with _changing(service) as db:
        found = _uses(db, table, code)
        if found:
            where = ", ".join(f"{number} {place}" for place, number in found.items())
            raise CirculationError("code_used", f"{code} is used by {where}", 409)
        if not store.delete_code(db, table, code):
            raise CirculationError("not_found", "there is no such code", 404)
        audit.note(db, service.clock(), by, f"{table.name}.delete", code)


def _overlap(row: Any, values: Mapping[str, Any]) -> bool:
    return bool(row.least <= values["most"] and values["least"] <= row.most)
