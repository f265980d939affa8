"""Checking a file against the house before anything of it is written.

Responsible for every problem of every line: its texts, what they mean together, what the file has twice, and what the
database has already. Rows without one are kept in scratch. Not responsible for telling problems or for writing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, select, tuple_

from circulation.clock import local_day
from circulation.importing.faults import Fault, FaultError, MappingFileError, Problem
from circulation.importing.fields import Field, Kind
from circulation.importing.mapping import FileMapping, Take
from circulation.importing.readers import House, check_signs
from circulation.importing.scratch import Checked, Scratch
from circulation.importing.sources import Raw, Source
from circulation.store import tables as t

MOST_FOUND = 60  # characters of what was found
TOGETHER = 500  # rows that are looked up, kept and written at once
BARCODE, UID = "barcode", "uid"


def check_constants(kind: Kind, mapping: FileMapping, section: str, here: House) -> None:
    """Refuse a mapping that says what the house does not know, once and not for every line.

    Raises:
        MappingFileError: with every such text.
    """
    problems = []
    for name, take in mapping.of(section).items():
        for text in take.constants:
            try:
                _value(kind.by_name[name], text, here)
            except FaultError as error:
                problems.append(mapping.problem(f"{section}.{name}", error.fault, _shown(text)))
    if problems:
        raise MappingFileError(problems)


def _value(field: Field, text: str, here: House) -> object:
    if not text:
        if field.needed:
            raise FaultError("missing")
        return field.empty
    check_signs(text)
    return field.read(text, here)


def _shown(text: str) -> str:
    cut = text if len(text) <= MOST_FOUND else text[: MOST_FOUND - 3] + "..."
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in cut)


class Checker:
    """Checks one file.

    Args:
        kind: what it holds.
        source: the file.
        mapping: the one the source reads by.
        here: what the house knows.
        update: what is there already may be changed.

    Attributes:
        new, updated: rows that may be written, so far.
    """

    def __init__(self, kind: Kind, source: Source, mapping: FileMapping, here: House, update: bool) -> None:
        self._kind, self._source, self._here, self._update = kind, source, here, update
        takes = mapping.of(source.section)
        self._takes: Mapping[str, tuple[Field, Take]] = {
            field.name: (field, takes[field.name]) for field in kind.fields if field.name in source.given
        }
        self.new = 0
        self.updated = 0

    def check(self, scratch: Scratch, reading: Callable[[], Any], moved: Callable[[], None]) -> Iterator[Problem]:
        """Every problem, in the order of the file but for those the database has; good rows are kept.

        Args:
            scratch: where.
            reading: begins a short transaction that reads, once for each ``TOGETHER`` rows.
            moved: is called now and then.
        """
        waiting: list[Checked] = []
        for raw in self._source:
            row, problems = self._row(raw, scratch)
            yield from problems
            if row is not None:
                waiting.append(row)
            if len(waiting) >= TOGETHER:
                yield from self._settle(waiting, scratch, reading)
                waiting.clear()
                moved()
        if waiting:
            yield from self._settle(waiting, scratch, reading)

    def _settle(self, rows: list[Checked], scratch: Scratch, reading: Callable[[], Any]) -> Iterator[Problem]:
        """Look rows up in the database and keep those that may be written."""
        good = []
        with reading() as db:
            found = list(_LOOK_UP[self._kind.name](db, rows, self._update, self._here))
        for row, faults in found:
            faults += self._again(row, scratch)
            for name, fault in faults:
                yield self._problem(row.number, name, fault, str(row.values[name]))
            if not faults:
                good.append(row)
        if good:
            scratch.keep(good)
        self.updated += sum(row.known is not None for row in good)
        self.new += sum(row.known is None for row in good)

    def _again(self, row: Checked, scratch: Scratch) -> list[tuple[str, Fault]]:
        """A patron has several cards: two lines may mean the same one by different cards."""
        first = scratch.first_seen(f"there:{row.id}", row.number) if row.known is not None else None
        name = next(iter(self._takes))
        return [] if first is None else [(name, Fault(f"twice_{self._source.unit}", {"first": str(first)}))]

    # --- one row ------------------------------------------------------------------------------------------------------

    def _row(self, raw: Raw, scratch: Scratch) -> tuple[Checked | None, list[Problem]]:
        if raw.problems:
            return None, list(raw.problems)
        values: dict[str, Any] = {}
        problems = []
        for name, (field, take) in self._takes.items():
            text = raw.cells.get(name, "")
            try:
                if isinstance(text, Fault):
                    raise FaultError(text.code, **text.params)
                values[name] = _value(field, take.of(text), self._here)
            except FaultError as error:
                shown = text if isinstance(text, str) else ""
                problems.append(self._problem(raw.number, name, error.fault, shown, raw.places))
        for name, fault in (*_together(self._kind.name, values, self._here), *self._twice(values, raw.number, scratch)):
            problems.append(self._problem(raw.number, name, fault, str(values[name]), raw.places))
        return (None if problems else Checked(raw.number, values)), problems

    def _twice(self, values: Mapping[str, Any], number: int, scratch: Scratch) -> Iterator[tuple[str, Fault]]:
        for name, key in _keys(self._kind.name, values):
            first = scratch.first_seen(key, number)
            if first is not None:
                yield name, Fault(f"twice_{self._source.unit}", {"first": str(first)})

    def _problem(
        self, number: int, name: str, fault: Fault, found: str, places: Mapping[str, str] | None = None
    ) -> Problem:
        field, take = self._takes[name]
        told = None if field.personal or not found else _shown(found)
        place = (places or {}).get(name) or take.place or name
        return Problem(number, fault, place, name, told, unit=self._source.unit)


# --- what fields mean together ----------------------------------------------------------------------------------------


def _together(kind: str, values: Mapping[str, Any], here: House) -> Iterator[tuple[str, Fault]]:
    if kind == "patrons":
        yield from _validity(values)
    elif kind == "loans" and "out" in values and "due" in values:
        out = local_day(values["out"], here.zone.key)
        if values["due"] < out:
            yield "due", Fault("due_before_out", {"out": out.isoformat()})


def _validity(values: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
    first: date | None = values.get("valid_from")
    until: date | None = values.get("valid_until")
    if first is not None and until is not None and until < first:
        yield "valid_until", Fault("dates_reversed", {"first": first.isoformat(), "until": until.isoformat()})


def _keys(kind: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What no two rows of a file may share, with the field it stands in."""
    if kind == "patrons":
        yield from (("card", f"{BARCODE}:{card}") for card in values.get("card", ()))
        yield from (("card_uid", f"{UID}:{card}") for card in values.get("card_uid", ()))
    else:
        name = "id" if kind == "items" else "item"
        if name in values:
            yield name, values[name]


# --- what the database has already ------------------------------------------------------------------------------------

Found = Iterator[tuple[Checked, list[tuple[str, Fault]]]]


def _items(db: Connection, rows: list[Checked], update: bool, _: House) -> Found:
    columns = (t.item.c.id, *(t.item.c[name] for name in t.TITLED))
    query = select(*columns).where(t.item.c.id.in_([row.values["id"] for row in rows]))
    there = {row.id: row._asdict() for row in db.execute(query)}
    for row in rows:
        known = there.get(row.values["id"])
        faults = [("id", Fault("there_already"))] if known is not None and not update else []
        yield Checked(row.number, row.values, row.values["id"], known), faults


_PATRON = ("valid_from", "valid_until", *t.NAMED)


def _patrons(db: Connection, rows: list[Checked], update: bool, _: House) -> Found:
    asked = [(BARCODE, card) for row in rows for card in row.values["card"]]
    asked += [(UID, card) for row in rows for card in row.values.get("card_uid", ())]
    query = select(t.card.c.kind, t.card.c.value, t.patron.c.id, *(t.patron.c[name] for name in _PATRON))
    query = query.join(t.patron, t.patron.c.id == t.card.c.patron_id)
    query = query.where(tuple_(t.card.c.kind, t.card.c.value).in_(asked))
    there = {(row.kind, row.value): row._asdict() for row in db.execute(query)}
    for row in rows:
        known = there.get((BARCODE, row.values["card"][0]))
        id_ = known["id"] if known is not None else str(uuid4())
        faults = list(_taken(row, id_, there))
        if known is not None:
            faults += _still_valid(row, known) if update else [("card", Fault("there_already"))]
        yield replace(row, id=id_, known=known), faults


def _still_valid(row: Checked, known: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
    """The file may have only one of the two days; the other is the one that is there."""
    for name, fault in _validity({**known, **row.values}):
        yield name if name in row.values else "valid_from", fault


def _taken(row: Checked, id_: str, there: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[tuple[str, Fault]]:
    cards = [("card", BARCODE, card) for card in row.values["card"]]
    cards += [("card_uid", UID, card) for card in row.values.get("card_uid", ())]
    for name, kind, card in cards:
        holder = there.get((kind, card))
        if holder is not None and holder["id"] != id_:
            yield name, Fault("card_taken")


def _loans(db: Connection, rows: list[Checked], update: bool, _: House) -> Found:
    wanted = [row.values["item"] for row in rows]
    items = set(db.execute(select(t.item.c.id).where(t.item.c.id.in_(wanted))).scalars())
    query = select(t.loan.c.item_id, t.loan.c.id, t.loan.c.patron_id)
    query = query.where(t.loan.c.item_id.in_(wanted), t.loan.c.returned_at.is_(None))
    there = {row.item_id: row._asdict() for row in db.execute(query)}
    cards = select(t.card.c.value, t.card.c.patron_id).where(
        t.card.c.kind == BARCODE, t.card.c.value.in_([row.values["card"] for row in rows])
    )
    patrons = {row.value: row.patron_id for row in db.execute(cards)}
    for row in rows:
        known, patron = there.get(row.values["item"]), patrons.get(row.values["card"])
        made = replace(row, id=patron if known is None else known["id"], known=known)
        yield made, list(_loan_faults(row, items, known, patron, update))


def _loan_faults(
    row: Checked, items: Iterable[str], known: Mapping[str, Any] | None, patron: str | None, update: bool
) -> Iterator[tuple[str, Fault]]:
    if row.values["item"] not in items:
        yield "item", Fault("unknown_item")
    if patron is None:
        yield "card", Fault("unknown_card")
    if known is not None and not update:
        yield "item", Fault("on_loan")
    elif known is not None and patron is not None and known["patron_id"] != patron:
        yield "item", Fault("on_loan_to_another")


_LOOK_UP: Mapping[str, Callable[[Connection, list[Checked], bool, House], Found]] = {
    "items": _items,
    "patrons": _patrons,
    "loans": _loans,
}
