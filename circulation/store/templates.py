"""Texts of notices and letterheads: statements. Not responsible for what may be written (notices.templates)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, func, insert, select

from circulation.store.template_tables import PLACE, letterhead, template_in_use, template_version

Place = Mapping[str, str]  # a value for each of ``PLACE``


def _at(table: Table, place: Place) -> ColumnElement[bool]:
    return and_(*(table.c[name] == place[name] for name in PLACE))


def versions(db: Connection, place: Place) -> list[Row[Any]]:
    """All there have been, newest first."""
    query = select(template_version).where(_at(template_version, place))
    return list(db.execute(query.order_by(template_version.c.number.desc())))


def version(db: Connection, place: Place, number: int) -> Row[Any] | None:
    """One of them."""
    query = select(template_version).where(_at(template_version, place), template_version.c.number == number)
    return db.execute(query).one_or_none()


def add_version(db: Connection, place: Place, values: Mapping[str, Any]) -> int:
    """A new one; its number."""
    last = db.execute(select(func.max(template_version.c.number)).where(_at(template_version, place))).scalar()
    number = int(last or 0) + 1
    db.execute(insert(template_version).values(**place, **values, number=number))
    return number


def in_use(db: Connection) -> list[Row[Any]]:
    """Every text in use, with its words."""
    same = and_(*(template_version.c[name] == template_in_use.c[name] for name in (*PLACE, "number")))
    query = select(template_version, template_in_use.c.used_by, template_in_use.c.used_at)
    joined = query.select_from(template_in_use.join(template_version, same))
    return list(db.execute(joined.order_by(*(template_in_use.c[name] for name in PLACE))))


def used(db: Connection, place: Place) -> Row[Any] | None:
    """Which version is in use."""
    return db.execute(select(template_in_use).where(_at(template_in_use, place))).one_or_none()


def use(db: Connection, place: Place, values: Mapping[str, Any] | None) -> None:
    """Use a version from now on; None = none."""
    db.execute(delete(template_in_use).where(_at(template_in_use, place)))
    if values is not None:
        db.execute(insert(template_in_use).values(**place, **values))


def letterheads(db: Connection) -> dict[str, dict[str, Any]]:
    """What each organisation says itself."""
    rows = db.execute(select(letterhead.c.organisation, letterhead.c.said))
    return {row.organisation: dict(row.said) for row in rows}


def set_letterhead(db: Connection, organisation: str, values: Mapping[str, Any]) -> None:
    """Replace what an organisation says itself."""
    db.execute(delete(letterhead).where(letterhead.c.organisation == organisation))
    db.execute(insert(letterhead).values(organisation=organisation, **values))
