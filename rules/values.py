"""What a rule can say: yes or no, a number, days, an amount, a minimum age, a fee; and how each is written.

Responsible for the values and their notation (requirements, section L), the same in TOML and JSON. Not responsible for
which kind takes which (kinds). Amounts are whole minor units of the installation's currency, written with two decimals.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

MOST_DAYS = 36_500
MOST_NUMBER = 1_000_000
MOST_AGE = 199
MOST_MINOR = 10**11 - 1
MOST_STEPS = 100

_AMOUNT = re.compile(r"([0-9]{1,9})(?:\.([0-9]{2}))?")


def _within(value: object, most: int, what: str) -> None:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{what} must be a whole number from 0 to {most}")


@dataclass(frozen=True, slots=True)
class Days:
    """A number of days, 0 to ``MOST_DAYS``."""

    days: int

    def __post_init__(self) -> None:
        _within(self.days, MOST_DAYS, "days")


@dataclass(frozen=True, slots=True, order=True)
class Amount:
    """An amount of money in minor units (cents), never negative."""

    minor: int

    def __post_init__(self) -> None:
        _within(self.minor, MOST_MINOR, "an amount in minor units")


@dataclass(frozen=True, slots=True)
class MinAge:
    """Allowed from this age on (R11)."""

    age: int

    def __post_init__(self) -> None:
        _within(self.age, MOST_AGE, "an age")


class FeeBasis(StrEnum):
    """What a fee's amount is for."""

    PER_DAY = "per_day"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class FeeStep:
    """One period of a fee. ``up_to_days``: last day of delay it is for, None = any delay."""

    up_to_days: int | None
    amount: Amount

    def __post_init__(self) -> None:
        if self.up_to_days is not None:
            _within(self.up_to_days, MOST_DAYS, "up_to_days")


@dataclass(frozen=True, slots=True)
class Fee:
    """An overdue fee (R33): one step for any delay, or steps with increasing ``up_to_days``."""

    basis: FeeBasis
    steps: tuple[FeeStep, ...]

    def __post_init__(self) -> None:
        limits = [step.up_to_days for step in self.steps]
        if limits == [None]:
            return
        known = [limit for limit in limits if limit is not None]
        if not known or len(known) != len(limits) or len(known) > MOST_STEPS:
            raise ValueError(f"a fee has one amount, or 1 to {MOST_STEPS} periods that each say up_to_days")
        if any(later <= earlier for earlier, later in itertools.pairwise(known)):
            raise ValueError("up_to_days must increase from period to period")


Value = bool | int | Days | Amount | MinAge | Fee


def amount_to_text(amount: Amount) -> str:
    """The notation "10.00"."""
    return minor_to_text(amount.minor)


def minor_to_text(minor: int) -> str:
    """The same for minor units that may be more than an amount holds, where they are only shown."""
    return f"{minor // 100}.{minor % 100:02d}"


def amount_from_text(raw: object) -> Amount:
    """Read "10.00" or "10".

    Raises:
        ValueError: it is something else.
    """
    found = _AMOUNT.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise ValueError('an amount is written as text such as "10.00"')
    return Amount(int(found[1]) * 100 + int(found[2] or 0))


def _fee_step(raw: object) -> FeeStep:
    if not isinstance(raw, Mapping) or set(raw) != {"up_to_days", "amount"}:
        raise ValueError('a fee period is written as { up_to_days = 7, amount = "1.00" }')
    _within(raw["up_to_days"], MOST_DAYS, "up_to_days")
    return FeeStep(raw["up_to_days"], amount_from_text(raw["amount"]))


def _fee(basis: FeeBasis, raw: object) -> Fee:
    if isinstance(raw, (list, tuple)):
        return Fee(basis, tuple(_fee_step(step) for step in raw))
    return Fee(basis, (FeeStep(None, amount_from_text(raw)),))


def _days(raw: object) -> Days:
    return Days(raw)  # type: ignore[arg-type]  # the constructor is what checks the type


def _min_age(raw: object) -> MinAge:
    return MinAge(raw)  # type: ignore[arg-type]  # as above


_READ: Mapping[str, Callable[[object], Value]] = {
    "days": _days,
    "amount": amount_from_text,
    "min_age": _min_age,
    "per_day": lambda raw: _fee(FeeBasis.PER_DAY, raw),
    "fixed": lambda raw: _fee(FeeBasis.FIXED, raw),
}


def value_from_plain(raw: object) -> Value:
    """Read a value from its plain notation.

    Raises:
        ValueError: with what is wrong, in English.
    """
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int):
        _within(raw, MOST_NUMBER, "a number")
        return raw
    if not isinstance(raw, Mapping) or len(raw) != 1:
        raise ValueError("true, false, a whole number or a table with one key is expected")
    key, inner = next(iter(raw.items()))
    if key not in _READ:
        raise ValueError(f"the key must be one of {', '.join(_READ)}")
    return _READ[key](inner)


def value_to_plain(value: Value) -> bool | int | dict[str, object]:
    """Write a value in its plain notation; ``value_from_plain`` reads it back."""
    match value:
        case Days(days):
            return {"days": days}
        case Amount():
            return {"amount": amount_to_text(value)}
        case MinAge(age):
            return {"min_age": age}
        case Fee(basis, steps):
            return {basis.value: _steps_to_plain(steps)}
        case _:
            return value


def _steps_to_plain(steps: tuple[FeeStep, ...]) -> str | list[dict[str, object]]:
    if steps[0].up_to_days is None:
        return amount_to_text(steps[0].amount)
    return [{"up_to_days": step.up_to_days, "amount": amount_to_text(step.amount)} for step in steps]
