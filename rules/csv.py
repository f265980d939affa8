"""Rule documents for spreadsheets: CSV, one rule in a row (requirements, section L and R79).

Responsible for cells: reading what German and English spreadsheets write, and writing what they open, without loss. Not
responsible for what is wrong with a rule (plain, check) or for TOML, which holds the same rules.

Written are UTF-8 with a mark, semicolons, a decimal comma for amounts and ISO dates. In fee periods the point stays:
``7:1,00`` alone in a cell is a time of day to a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rules.check import KnownCodes, all_faults
from rules.kinds import KINDS, Catalogue
from rules.order import document_order
from rules.organisation import OrganisationTree
from rules.plain import Fields, fields_from_plain, fields_of, rule_of
from rules.problems import Fault, Problem, RuleFileError
from rules.rule import CODE_FIELDS, CONDITION_KEYS, Rule
from rules.values import Amount, Days, Fee, MinAge, Value, amount_to_text

COLUMNS = (
    *("id", "kind", "level", "name", "org"),
    *("patron_category", "age_group", "age_min", "age_max"),
    *("media_type", "material_type", "department", "audience", "fiction"),
    *("value", "unit", "valid_from", "valid_until", "position", "active", "message_de", "message_en", "comment"),
)
UNITS = ("days", "amount", "per_day", "fixed", "min_age")

_NEEDED = ("id", "kind", "org", "value")
_NUMBERS = ("age_min", "age_max", "position")
_DAYS = ("valid_from", "valid_until")
_FLAGS = ("fiction", "active")
_TEXTS = ("name", "comment")  # kept as they are, with their outer spaces
_MESSAGE = "message_"
_FORMULA = ("=", "+", "-", "@")
# What spreadsheets make of true and false in English and German.
_YES_NO = {"true": True, "wahr": True, "false": False, "falsch": False}
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_AMOUNT = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,2}))?")
_STEP = re.compile(r"\s*([0-9]{1,9})\s*:\s*([0-9.,]+)\s*")
_GERMAN_DAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


# --- cells ------------------------------------------------------------------------------------------------------------


def guarded(cell: str) -> str:
    """A cell no spreadsheet takes for a formula: an apostrophe before = + - @, and one more before an apostrophe."""
    return "'" + cell if cell.startswith((*_FORMULA, "'")) else cell


def unguarded(cell: str) -> str:
    """The cell before ``guarded``. An apostrophe typed by hand before an ordinary letter stays."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")) else cell


def _flag(cell: str) -> object:
    return _YES_NO.get(cell.lower(), cell)


def _number(cell: str) -> object:
    return int(cell) if _NUMBER.fullmatch(cell) else cell


def _amount(cell: str) -> str:
    """An amount as documents write it; a spreadsheet makes "0,2" of "0,20"."""
    found = _AMOUNT.fullmatch(cell)
    return f"{found[1]}.{(found[2] or ''):0<2}" if found else cell


def _fee(cell: str) -> object:
    if ":" not in cell:
        return _amount(cell)
    steps = [(_STEP.fullmatch(step), step) for step in cell.split("|")]
    return [
        {"up_to_days": int(found[1]), "amount": _amount(found[2])} if found else {"amount": step}
        for found, step in steps
    ]


def _day(cell: str) -> object:
    """A date, or the cell where it is none; what reads it then says so."""
    german = _GERMAN_DAY.fullmatch(cell)
    try:
        if german:
            return date(int(german[3]), int(german[2]), int(german[1]))
        return date.fromisoformat(cell) if _ISO_DAY.fullmatch(cell) else cell
    except ValueError:
        return cell


_VALUE = {"days": _number, "amount": _amount, "per_day": _fee, "fixed": _fee, "min_age": _number}


def _plain_cell(column: str, cell: str) -> object:
    if column in _TEXTS:
        return cell
    cell = cell.strip()
    if column in CODE_FIELDS:
        return [code.strip() for code in cell.split("|")]
    if column in _NUMBERS:
        return _number(cell)
    if column in _FLAGS:
        return _flag(cell)
    return _day(cell) if column in _DAYS else cell


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """One row with something in it: its number as a spreadsheet counts, and its filled cells by column."""

    number: int
    cells: Mapping[str, str]
    surplus: bool


def _decoded(document: str | bytes) -> str:
    if isinstance(document, str):
        return document.removeprefix("\ufeff")
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = document.count(b"\n", 0, error.start) + 1
        raise RuleFileError([Problem("document", "not_utf8", {"line": line}, line=line)]) from None


def _records(text: str) -> list[list[str]]:
    """Every row; a cell with line breaks belongs to one row, and an empty line is a row too."""
    header = re.split(r"[\r\n]", text, maxsplit=1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    records: list[list[str]] = []
    try:
        records.extend(reader)
    except csv.Error as error:
        row = len(records) + 1
        raise RuleFileError([Problem(f"row {row}", "not_csv", {"why": str(error)}, line=row)]) from None
    return records


def _cell(raw: str) -> str:
    return unguarded(raw.replace("\r\n", "\n").replace("\r", "\n"))


def _columns(header: Sequence[str]) -> tuple[str, ...]:
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _header_problems(columns: Sequence[str]) -> Iterator[Problem]:
    for name in dict.fromkeys(columns):
        told = ascii(name)[1:-1]
        if name not in COLUMNS and not name.startswith(_MESSAGE):
            yield Problem(f"row 1, column {told}", "unknown_column", {"name": told}, key=told, line=1)
        elif columns.count(name) > 1:
            yield Problem(f"row 1, column {told}", "column_twice", {"name": told}, key=told, line=1)
    for name in _NEEDED:
        if name not in columns:
            yield Problem("row 1", "column_missing", {"name": name}, key=name, line=1)


def _rows(records: Sequence[Sequence[str]], columns: Sequence[str]) -> Iterator[_Row]:
    for number, record in enumerate(records[1:], start=2):
        if not any(cell.strip() for cell in record):
            continue
        cells = {name: _cell(raw) for name, raw in zip(columns, record, strict=False) if raw != ""}
        yield _Row(number, cells, any(cell.strip() for cell in record[len(columns) :]))


def _value(cells: Mapping[str, str]) -> tuple[object, tuple[Fault, ...]]:
    """The value in the notation of documents, or what is wrong with its two cells."""
    value, unit = cells["value"].strip(), cells.get("unit", "").strip()
    if unit:
        if unit not in UNITS:
            return None, (Fault("unit", "unit_unknown", {"value": ascii(unit[:60])[1:-1], "wanted": ", ".join(UNITS)}),)
        return {unit: _VALUE[unit](value)}, ()
    plain = _number(_flag(value)) if isinstance(_flag(value), str) else _flag(value)  # type: ignore[arg-type]  # a str
    return (None, (Fault("value", "value_without_unit"),)) if isinstance(plain, str) else (plain, ())


def _fields(row: _Row) -> Fields:
    rule: dict[str, object] = {}
    when: dict[str, object] = {}
    message: dict[str, str] = {}
    for column, cell in row.cells.items():
        if column.startswith(_MESSAGE):
            message[column.removeprefix(_MESSAGE)] = cell
        elif column not in ("value", "unit") and (cell.strip() or column in _TEXTS):
            (when if column in CONDITION_KEYS else rule)[column] = _plain_cell(column, cell)
    faults: tuple[Fault, ...] = (Fault("", "cells_surplus"),) if row.surplus else ()
    wrong_value: tuple[Fault, ...] = ()
    if row.cells.get("value", "").strip():
        rule["value"], wrong_value = _value(row.cells)
    if message:
        rule["message"] = message
    read = fields_from_plain({**rule, "when": when})
    rest = tuple(fault for fault in read.faults if not (wrong_value and fault.key == "value"))
    return Fields(read.rule, read.when, (*faults, *wrong_value, *rest))


def _column_of(key: str) -> str:
    return key.removeprefix("when.").replace("message.", _MESSAGE)


def _problems(row: _Row, fields: Fields, faults: Iterable[Fault]) -> Iterator[Problem]:
    known = fields.rule.get("id")
    for fault in faults:
        column = _column_of(fault.key)
        place = f"row {row.number}" + (f", column {column}" if column else "")
        yield Problem(place, fault.code, fault.params, str(known) if known else None, fault.key, row.number)


def read(document: str | bytes, codes: KnownCodes, kinds: Catalogue = KINDS) -> tuple[Rule, ...]:
    """Read a CSV document: all or nothing.

    Semicolons or commas, UTF-8 with or without a mark, decimal comma or point, ISO or German dates.

    Raises:
        RuleFileError: with every problem; rows are counted as a spreadsheet does, the header is row 1.
    """
    records = _records(_decoded(document))
    columns = _columns(records[0] if records else ())
    problems = list(_header_problems(columns))
    if problems:  # without its columns no cell means anything
        raise RuleFileError(problems)
    rows = list(_rows(records, columns))
    found = [_fields(row) for row in rows]
    for row, fields, faults in zip(rows, found, all_faults(found, codes, kinds), strict=True):
        problems.extend(_problems(row, fields, faults))
    if problems:
        raise RuleFileError(problems)
    return tuple(rule_of(fields) for fields in found)


# --- writing ----------------------------------------------------------------------------------------------------------


def _fee_cell(fee: Fee) -> str:
    if fee.steps[0].up_to_days is None:
        return _comma(fee.steps[0].amount)
    return "|".join(f"{step.up_to_days}:{amount_to_text(step.amount)}" for step in fee.steps)


def _comma(amount: Amount) -> str:
    return amount_to_text(amount).replace(".", ",")


def _value_cells(value: Value) -> tuple[str, str]:
    match value:
        case Days(number):
            return str(number), "days"
        case MinAge(number):
            return str(number), "min_age"
        case Amount():
            return _comma(value), "amount"
        case Fee(basis, _):
            return _fee_cell(value), basis.value
        case _:
            return str(value).lower(), ""


def _text(value: object) -> str:
    match value:
        case tuple():
            return "|".join(value)
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _cells(rule: Rule) -> Mapping[str, str]:
    fields = fields_of(rule)
    said = {**fields.rule, **fields.when}
    value, unit = _value_cells(rule.value)
    messages = {_MESSAGE + language: text for language, text in rule.message.items()}
    texts = {key: _text(said[key]) for key in said if key not in ("value", "message")}
    return {key: guarded(text) for key, text in {**texts, **messages, "value": value, "unit": unit}.items()}


def write(rules: Iterable[Rule], organisations: OrganisationTree, kinds: Catalogue = KINDS) -> bytes:
    """The document of these rules in ``document_order``; ``read`` gives the same rules, ``write`` the same bytes again.

    A message in a language other than German and English has a column of its own, ``message_<language>``.
    """
    rows = [_cells(rule) for rule in document_order(rules, organisations, kinds)]
    more = sorted({name for row in rows for name in row} - set(COLUMNS))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, (*COLUMNS[:-1], *more, COLUMNS[-1]), restval="", delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()
