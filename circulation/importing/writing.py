"""Writing checked rows, in batches, in a transaction of the caller.

Responsible for what a row becomes in the database. An imported loan was taken over from the former system: it names
rule set 0 and no rules (R78), the channel "desk", and its reminders begin anew. Not responsible for what may be so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, update

from circulation.importing.checking import BARCODE, UID
from circulation.importing.fields import Kind
from circulation.importing.scratch import Checked, Scratch
from circulation.secrets import HASHES_AT_A_TIME, Secrets, new_token
from circulation.store import tables as t
from circulation.store.folding import sought

TAKEN_OVER: Mapping[str, Any] = {"rule_set": 0, "rules": {}, "channel": "desk"}
PIN_HASH = "pin_hash"


def hash_pins(scratch: Scratch, secrets: Secrets, hashed: Callable[[int], None]) -> None:
    """Put hashes in the place of PINs, as many at a time as the server does; each takes a fifth of a processor second.

    Args:
        scratch: the rows of patrons.
        secrets: of the service.
        hashed: is told how many PINs were hashed.
    """

    def row_of(row: Checked) -> Checked:
        values = dict(row.values)
        pin = values.pop("pin")
        return replace(row, values={**values, PIN_HASH: secrets.hash_pin(pin, row.id) if pin is not None else None})

    with ThreadPoolExecutor(HASHES_AT_A_TIME) as pool:
        for place, rows in scratch.kept():
            scratch.change(place, list(pool.map(row_of, rows)))
            hashed(sum(row.values["pin"] is not None for row in rows))


class Writer:
    """Writes the rows of one file.

    Args:
        db: the transaction, the only one of an import.
        kind: what they are.
        given: the fields the file has: a new row gets the standard in the others, one that is there keeps them.
        nobody: hash of a PIN that nobody has.
    """

    def __init__(self, db: Connection, kind: Kind, given: frozenset[str], nobody: str) -> None:
        self._db, self._kind, self._nobody = db, kind, nobody
        self._empties = kind.empties(given)
        self.new = 0
        self.updated = 0

    def write(self, rows: Sequence[Checked]) -> None:
        """Write rows."""
        new = [row for row in rows if row.known is None]
        there = [row for row in rows if row.known is not None]
        made, changed = _WRITE[self._kind.name]
        if new:
            full = [replace(row, values={**self._empties, **row.values}) for row in new]
            made(self._db, full, self._nobody)
        if there:
            changed(self._db, there)
        self.new += len(new)
        self.updated += len(there)


def _add_items(db: Connection, rows: Sequence[Checked], _: str) -> None:
    db.execute(insert(t.item), [{**row.values, "title_id": row.values["title_id"] or row.id} for row in rows])


def _change_items(db: Connection, rows: Sequence[Checked]) -> None:
    def changes(row: Checked) -> dict[str, Any]:
        values = {name: value for name, value in row.values.items() if name != "id"}
        if "title_id" in values:
            values["title_id"] = values["title_id"] or row.id
        return {**values, **_searched(row, t.TITLED)}

    _change(db, t.item, [(row.id, changes(row)) for row in rows])


def _searched(row: Checked, parts: Sequence[str]) -> dict[str, str]:
    """What is searched of a row that is there already, made of what it has and what changes."""
    merged = {**(row.known or {}), **row.values}
    return {"sought": sought(*(merged[part] for part in parts))}


def _add_patrons(db: Connection, rows: Sequence[Checked], nobody: str) -> None:
    def patron(row: Checked) -> dict[str, Any]:
        values = {name: value for name, value in row.values.items() if name not in ("card", "card_uid", "pin")}
        return {**values, "id": row.id, PIN_HASH: row.values.get(PIN_HASH) or nobody}

    db.execute(insert(t.patron), [patron(row) for row in rows])
    db.execute(insert(t.card), list(_cards(rows)))


def _cards(rows: Sequence[Checked]) -> Iterator[dict[str, str]]:
    for row in rows:
        for kind, field in ((BARCODE, "card"), (UID, "card_uid")):
            for value in row.values.get(field, ()):
                yield {"kind": kind, "value": value, "patron_id": row.id}


def _change_patrons(db: Connection, rows: Sequence[Checked]) -> None:
    """Cards become those of the file; a PIN stays where the file has none."""

    def changes(row: Checked) -> dict[str, Any]:
        own = ("card", "card_uid", "pin", *(() if row.values.get(PIN_HASH) else (PIN_HASH,)))
        values = {name: value for name, value in row.values.items() if name not in own}
        return {**values, **_searched(row, t.NAMED)}

    kinds = [BARCODE, *([UID] if "card_uid" in rows[0].values else [])]
    db.execute(delete(t.card).where(t.card.c.patron_id.in_([row.id for row in rows]), t.card.c.kind.in_(kinds)))
    db.execute(insert(t.card), list(_cards(rows)))
    for has_pin in (True, False):  # statements of a batch have the same columns
        _change(db, t.patron, [(row.id, changes(row)) for row in rows if bool(row.values.get(PIN_HASH)) is has_pin])


def _loan(row: Checked) -> dict[str, Any]:
    values = {name: value for name, value in row.values.items() if name not in ("item", "card", "out")}
    return {**values, "out_at": row.values["out"]}


def _add_loans(db: Connection, rows: Sequence[Checked], _: str) -> None:
    loans = [{**_loan(row), **TAKEN_OVER, "item_id": row.values["item"], "patron_id": row.id} for row in rows]
    db.execute(insert(t.loan), loans)


def _change_loans(db: Connection, rows: Sequence[Checked]) -> None:
    _change(db, t.loan, [(row.id, _loan(row)) for row in rows])


def _change(db: Connection, table: Table, changes: Sequence[tuple[Any, dict[str, Any]]]) -> None:
    """Change rows by their ids; all change the same columns."""
    if not changes:
        return
    columns = changes[0][1]
    statement = update(table).where(table.c.id == bindparam("row_id"))
    statement = statement.values({name: bindparam(f"new_{name}") for name in columns})
    db.execute(
        statement, [{"row_id": id_, **{f"new_{name}": value for name, value in new.items()}} for id_, new in changes]
    )


_WRITE: Mapping[
    str, tuple[Callable[[Connection, Sequence[Checked], str], None], Callable[[Connection, Sequence[Checked]], None]]
] = {
    "items": (_add_items, _change_items),
    "patrons": (_add_patrons, _change_patrons),
    "loans": (_add_loans, _change_loans),
}


def nobodys_hash(secrets: Secrets) -> str:
    """A hash for patrons without a PIN: what it was made of is forgotten, and a try takes as long as any other."""
    return secrets.hash_pin(new_token(), "nobody")
