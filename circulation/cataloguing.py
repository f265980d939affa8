"""Items entered and changed by hand at the desk, and the copies of a title (R84, R87).

Responsible for that an item is one that rules, machines and every page can use. Not responsible for its state (people)
or for many items at once (importing).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from circulation import audit
from circulation.domain.item_states import shown_state
from circulation.domain.records import Item
from circulation.errors import CirculationError, no_item
from circulation.service import Service
from circulation.store import cataloguing as store
from circulation.store import circulating, house, people
from circulation.store import tables as t
from rules.rule import is_code, is_text
from rules.survey import branches

MOST_ID = 64
MOST_PARTS = 99
MOST_PRICE = 99_999_999  # minor units
OPTIONAL = ("material_type", "department", "audience")


@dataclass(frozen=True, slots=True)
class Record:
    """What staff say of an item.

    Attributes:
        parts: how many tags it has, from 1.
        title_id: of which title it is a copy; None = of its own.
        price: what it costs to replace, in minor units; None = not known (R48).
    """

    title: str
    author: str
    media_type: str
    branch: str
    parts: int = 1
    material_type: str | None = None
    department: str | None = None
    audience: str | None = None
    fiction: bool | None = None
    title_id: str | None = None
    price: int | None = None


def create(service: Service, by: str, item: str, record: Record) -> None:
    """A new item, available at its branch.

    Args:
        service: the service.
        by: who enters it.
        item: its id, as on its label.
        record: what is said of it.

    Raises:
        CirculationError: there is such an item already, or something in the record is wrong.
    """
    if not is_code(item) or len(item) > MOST_ID:
        raise CirculationError("item_id", f"an id is printable and has at most {MOST_ID} characters", place="id")
    with service.database.writing() as db:
        store.hold_item(db, item)
        if store.has_item(db, item):
            raise CirculationError("item_exists", "there is an item of this id already", 409, place="id")
        values = _checked(db, item, record)
        store.add(db, {"id": item, **values, "state": "available"})
        audit.note(db, service.clock(), by, "item.create", f"item {item}", {"media_type": record.media_type})


def change(service: Service, by: str, item: str, record: Record) -> None:
    """Say something else of an item.

    Raises:
        CirculationError: there is no such item, something is wrong, or it is reserved and would change its title.
    """
    with service.database.writing() as db:
        if circulating.item(db, item) is None:
            raise no_item()
        row = people.item(db, item)
        values = _checked(db, item, record)
        changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
        if "title_id" in changed and store.is_reserved(db, item):
            raise CirculationError("item_reserved", "a reservation is for this copy", 409, place="title_id")
        if changed:
            people.change(db, t.item, item, {name: values[name] for name in changed})
            audit.note(db, service.clock(), by, "item.change", f"item {item}", {"fields": changed})


def _checked(db: Connection, item: str, record: Record) -> dict[str, Any]:
    wrong = _wrong(db, item, record)
    if wrong is not None:
        raise CirculationError(*wrong[:2], place=wrong[2])
    return {**asdict(record), "title_id": record.title_id or item}


def _wrong(db: Connection, item: str, record: Record) -> tuple[str, str, str] | None:
    """Code, detail and field of the first thing that is wrong."""
    texts = {"title": record.title, "author": record.author}
    unfit = next((name for name, text in texts.items() if not is_text(text)), None)
    codes = next((name for name in OPTIONAL if not _fits(getattr(record, name))), None)
    checks = (
        (not record.title, "field_missing", "an item has a title", "title"),
        (unfit is not None, "field_text", "this text cannot be stored", unfit or ""),
        (record.media_type not in house.media_types(db), "media_type_unknown", "no such media type", "media_type"),
        (record.branch not in branches(house.organisations(db)), "branch_unknown", "no such branch", "branch"),
        (not 1 <= record.parts <= MOST_PARTS, "item_parts", f"an item has 1 to {MOST_PARTS} parts", "parts"),
        (not _can_cost(record.price), "item_price", "a price is from 0.00 to 999999.99", "price"),
        (codes is not None, "field_code", "this cannot be a code", codes or ""),
        (not _known_title(db, item, record), "title_unknown", "no item is a copy of this title", "title_id"),
    )
    return next(((code, detail, place) for failed, code, detail, place in checks if failed), None)


def _fits(code: str | None) -> bool:
    return code is None or (is_code(code) and len(code) <= MOST_ID)


def _can_cost(price: int | None) -> bool:
    return price is None or 0 <= price <= MOST_PRICE


def _known_title(db: Connection, item: str, record: Record) -> bool:
    """A copy of its own title, or of one there is."""
    title = record.title_id
    return title in (None, item) or (_fits(title) and store.has_title(db, str(title)))


def copies(service: Service, title: str) -> list[Mapping[str, Any]]:
    """Every copy of a title with its "shown" state."""
    with service.database.reading() as db:
        rows = [dict(row._mapping) for row in store.copies(db, title)]  # noqa: SLF001
    return [{**row, "shown": shown(row)} for row in rows]


def shown(row: Mapping[str, Any]) -> str:
    """The state of an item as people are told it, of its columns and its open "loan"."""
    nothing = (row["media_type"], None, None, None, None)
    item = Item(row["id"], *nothing, row["state"], row["set_aside_for"], row["branch"], "")
    return shown_state(item, row["loan"] is not None)
