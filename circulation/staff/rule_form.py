"""The fields of the rule editor: a rule's document as texts to be changed, and back again without loss (R2, R79).

Responsible for that every rule that exists can be opened, sent unchanged, and is the same afterwards. Not responsible
for whether what was entered is right (rules.check) or for the page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from circulation.errors import CirculationError
from circulation.staff.forms import Form
from rules.ids import free_id
from rules.kinds import Kind, Unit
from rules.values import Amount, FeeBasis, amount_to_text, value_from_plain

Plain = Mapping[str, Any]
Fields = dict[str, tuple[str, ...]]

CHOSEN = ("patron_category", "age_group", "media_type")  # codes of the house: boxes to tick
FREE = ("material_type", "department", "audience")  # any codes, separated by SEPARATOR
AGES = ("age_min", "age_max")
LINES, AREAS = ("id", "name", "org", "level"), ("comment",)
DAYS = ("valid_from", "valid_until")
MESSAGE = "message_"
LANGUAGES = ("de", "en")  # of messages there is always a field for
SEPARATOR = "|"
MIN_AGE = "min_age"
FEE_ROWS = 8  # periods there is room for; a fee that has more shows them all
_YES_NO = {"yes": True, "no": False}


@dataclass
class Entered:
    """What was entered.

    Attributes:
        rule: the document as far as it could be read.
        errors: fields that could not be, by their ``place``.
    """

    rule: dict[str, Any] = field(default_factory=dict)
    errors: list[CirculationError] = field(default_factory=list)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Whatever cannot be read in here is noted; the rest is read all the same."""
        try:
            yield
        except CirculationError as error:
            self.errors.append(error)


# --- from a rule to fields --------------------------------------------------------------------------------------------


def fields_of(rule: Plain) -> Fields:
    """The fields that show a rule; what it does not say has none."""
    when = rule.get("when", {})
    found: Fields = {name: (str(rule[name]),) for name in (*LINES, *AREAS, *DAYS, "position") if name in rule}
    found |= {MESSAGE + language: (text,) for language, text in rule.get("message", {}).items()}
    found |= {name: tuple(when[name]) for name in CHOSEN if name in when}
    found |= {name: (SEPARATOR.join(when[name]),) for name in FREE if name in when}
    found |= {name: (str(when[name]),) for name in AGES if name in when}
    if "fiction" in when:
        found["fiction"] = (_yes_no(when["fiction"]),)
    if rule.get("active", True):
        found["active"] = ("1",)
    return {**found, **_value_fields(rule["value"])} if "value" in rule else found


def _yes_no(flag: bool) -> str:
    return "yes" if flag else "no"


def _value_fields(value: Any) -> Fields:
    if isinstance(value, bool):
        return {"value": (_yes_no(value),)}
    if isinstance(value, int):
        return {"number": (str(value),)}
    unit, told = next(iter(value.items()))
    if unit in list(FeeBasis):
        return {"basis": (unit,), **_fee_fields(told)}
    chosen: Fields = {"value": (MIN_AGE,)} if unit == MIN_AGE else {}
    return {**chosen, unit: (str(told),)}


def _fee_fields(told: Any) -> Fields:
    steps = told if isinstance(told, list) else [{"amount": told}]
    found: Fields = {}
    for row, step in enumerate(steps, start=1):
        found[f"up_to_{row}"] = (str(step.get("up_to_days", "")),)
        found[f"amount_{row}"] = (step["amount"],)
    return found


def fee_rows(form: Form) -> int:
    """How many rows for periods the page of a form has."""
    used = [int(found[1]) for name in form.fields if (found := re.fullmatch("amount_([0-9]{1,3})", name))]
    return max(FEE_ROWS, *used) if used else FEE_ROWS


# --- from fields to a rule --------------------------------------------------------------------------------------------


def read(form: Form, kind: Kind, before: Plain | None = None) -> Entered:
    """The rule that was entered.

    Args:
        form: the fields.
        kind: of the rule.
        before: the rule the page showed. What a browser does to a text on its way (line ends, outer spaces) and the
            order in which boxes stand are no changes of it.
    """
    entered, old = Entered({"kind": kind.key}), before or {}
    for name in (*LINES, *AREAS):
        _put(entered.rule, name, _text(form, name, old.get(name, ""), area=name in AREAS))
    _put(entered.rule, "message", _messages(form, old.get("message", {})))
    _put(entered.rule, "when", _conditions(form, entered, old.get("when", {})))
    for name in DAYS:
        with entered.noting():
            day = form.day(name)
            _put(entered.rule, name, day.isoformat() if day is not None else None)
    with entered.noting():
        _put(entered.rule, "position", form.number("position"))
    with entered.noting():
        entered.rule["value"] = _possible(_VALUES[kind.unit](form), kind.unit)
    if not form.ticked("active"):
        entered.rule["active"] = False
    return entered


def _put(rule: dict[str, Any], key: str, value: Any) -> None:
    if value is not None and value not in ("", [], {}):
        rule[key] = value


def _text(form: Form, name: str, old: str, *, area: bool) -> str:
    text = _lines(form.text(name)) if area else form.text(name)
    return old if text == sent_as(old, area=area) else text


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def sent_as(text: str, *, area: bool) -> str:
    """What comes back of a text that nobody changed: one line cannot hold line breaks, and outer spaces go."""
    return _lines(text).strip() if area else text.replace("\n", "").strip()


def _messages(form: Form, old: Mapping[str, str]) -> dict[str, str]:
    names = [name for name in form.fields if name.startswith(MESSAGE) and form.text(name)]
    languages = [name.removeprefix(MESSAGE) for name in names]
    return {one: _text(form, MESSAGE + one, old.get(one, ""), area=True) for one in languages}


def _conditions(form: Form, entered: Entered, old: Plain) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in CHOSEN:
        _put(found, name, _same_order(form.every(name), old.get(name, [])))
    for name in FREE:
        codes = [code.strip() for code in form.text(name).split(SEPARATOR)]
        _put(found, name, [code for code in codes if code])
    for name in AGES:
        with entered.noting():
            _put(found, name, form.number(name))
    if form.text("fiction") in _YES_NO:
        found["fiction"] = _YES_NO[form.text("fiction")]
    return found


def _same_order(chosen: Collection[str], old: Collection[str]) -> list[str]:
    return list(old if set(chosen) == set(old) else chosen)


# --- values -----------------------------------------------------------------------------------------------------------


def _given(value: int | None, name: str) -> int:
    if value is None:
        raise CirculationError("field_missing", f"{name} must be filled in", place=name)
    return value


def _flag(form: Form) -> Any:
    chosen = form.needed("value")
    if chosen == MIN_AGE:
        return {MIN_AGE: _given(form.number(MIN_AGE), MIN_AGE)}
    return _YES_NO.get(chosen, chosen)


def _amount(form: Form, name: str = "amount") -> str:
    return amount_to_text(Amount(_given(form.amount(name), name)))


def _fee(form: Form) -> Any:
    rows = range(1, fee_rows(form) + 1)
    used = [row for row in rows if form.text(f"amount_{row}") or form.text(f"up_to_{row}")]
    basis = form.text("basis", FeeBasis.FIXED)
    if used[1:] or (used and form.text(f"up_to_{used[0]}")):
        return {basis: _steps(form, used)}
    return {basis: _amount(form, f"amount_{used[0] if used else 1}")}


def _steps(form: Form, rows: Collection[int]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for row in rows:
        days = _given(form.number(f"up_to_{row}"), f"up_to_{row}")
        if steps and days <= steps[-1]["up_to_days"]:
            raise CirculationError("fee_steps", "periods must become longer", place=f"up_to_{row}")
        steps.append({"up_to_days": days, "amount": _amount(form, f"amount_{row}")})
    return steps


_VALUES: Mapping[Unit, Callable[[Form], Any]] = {
    Unit.YES_NO: _flag,
    Unit.YES_NO_OR_MIN_AGE: _flag,
    Unit.NUMBER: lambda form: _given(form.number("number"), "number"),
    Unit.DAYS: lambda form: {"days": _given(form.number("days"), "days")},
    Unit.AMOUNT: lambda form: {"amount": _amount(form)},
    Unit.FEE: _fee,
}
_PLACES = {Unit.NUMBER: "number", Unit.DAYS: "days", Unit.AMOUNT: "amount", Unit.FEE: "up_to_1"}


def value_field(unit: Unit) -> str:
    """The field a fault of the value is shown at."""
    return _PLACES.get(unit, "value")


def _possible(value: Any, unit: Unit) -> Any:
    try:
        value_from_plain(value)
    except ValueError:
        raise CirculationError("value_range", "this value is not possible", place=value_field(unit)) from None
    return value


def field_of(key: str, unit: Unit) -> str:
    """The field where a key of a rule's document is entered: "when.media_type" -> "media_type"."""
    if key == "value":
        return value_field(unit)
    return key.removeprefix("when.").replace("message.", MESSAGE)


# --- a readable id ----------------------------------------------------------------------------------------------------

_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def suggested_id(name: str, kind: str, level: str | None, taken: Collection[str]) -> str:
    """An id made of a rule's name, or of its kind and level, that no other rule has."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_SPELLED)).encode("ascii", "ignore").decode()
    readable = "-".join(re.findall("[a-z0-9]+", plain))
    of_kind = "-".join(part for part in (kind.partition(".")[2].replace("_", "-"), level) if part)
    return free_id(readable or of_kind, taken)
