"""Comparing what was sent, left out and charged; cases may call channels, kinds, fees and reasons otherwise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.cases import words
from tests.cases.equality import complete, equal, number, renamed

_NOTICE = {"type": "kind", "what": "kind", "notice": "kind", "address": "to", "channels": "channel", "on": "date"}
_FEE = {"what": "fee", "type": "fee", "winner": "rule", "winners": "rule", "decided_by": "rule", "on": "date"}
_FEE_WORDS = re.compile("_fees?$|^fees?_for_|s$")
_FEES = ("fee", "kind", "reason")  # keys of a fee that name what it is for
_RUN = {"name": "task", "start": "at", "started": "at", "ran_at": "at", "makeup": "made_up", "made_up_run": "made_up"}
_TIME = re.compile("[0-9]{2}:[0-9]{2}")
_REASONS = {
    "no_address": re.compile("address|e-?mail|sms"),
    "missed": re.compile("missed|overdue|late"),
    "off": re.compile("off|rule|no$|exclu|disabled|enable"),
    "address_refused": re.compile("perman|refus|reject|unknown|address|5"),
    "gave_up": re.compile("gave|given|temporar|late|4"),
}
_ENTRY = frozenset({"reason", "reason_rule", "loan", "loans", "patron"})


# --- notices ----------------------------------------------------------------------------------------------------------


def notices(expected: Any, actual: Any) -> bool:
    """Complete list; channel, kind and reason may be called otherwise."""
    if not isinstance(expected, list):
        return equal(expected, actual)
    return isinstance(actual, list) and complete(expected, actual, _notice)


def _notice(expected: Any, actual: Mapping[str, Any]) -> bool:
    if not isinstance(expected, Mapping):
        return equal(expected, actual)
    wanted = renamed(_NOTICE, expected)
    if "channel" in wanted:
        channels = words.listed(wanted["channel"])
        wanted["channel"] = [words.CHANNELS.get(words.word(one), one) for one in channels]
        actual = {**actual, "channel": [actual["channel"]]}
    if words.word(wanted.get("kind", "")).startswith("invoice"):
        wanted |= {"kind": actual["kind"], "level": "invoice"}
    elif "kind" in wanted:
        wanted["kind"] = words.kind(wanted["kind"]) or wanted["kind"]
    if "reason" in wanted and _reason(str(wanted["reason"]), str(actual.get("reason"))):
        del wanted["reason"]
    return equal(wanted, actual)


def _reason(said: str, code: str) -> bool:
    return said == code or (code in _REASONS and _REASONS[code].search(said.lower()) is not None)


# --- what was left out ------------------------------------------------------------------------------------------------


def not_warned(expected: Any, actual: Any) -> bool:
    """Complete list, each loan of an entry for itself; or a table by reason, or of reasons by loan or patron."""
    if isinstance(expected, Mapping):
        expected = list(_by_reason(expected))
    if not isinstance(expected, list):
        return equal(expected, actual)
    return isinstance(actual, list) and complete(list(_each_loan(expected)), actual, _left_out)


def _by_reason(expected: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The entries of a table: of one entry, by reason with how many or who, or by name with the reason."""
    if _ENTRY.intersection(expected):
        yield expected
        return
    for key, value in expected.items():
        if type(value) is int:
            yield {"reason": key, "count": value}
        elif isinstance(value, list):
            yield from ({"name": name, "reason": key} for name in value)
        else:
            yield {"name": key, "reason": value}


def _each_loan(expected: list[Any]) -> Iterator[Any]:
    for one in expected:
        if not isinstance(one, Mapping):
            yield one
            continue
        entry = {key: value for key, value in one.items() if key not in ("loans", "count")}
        loans = words.listed(one.get("loans"))
        yield from ({**entry, "loan": loan} for loan in loans)
        yield from [entry] * (0 if loans else one.get("count", 1))


def _left_out(expected: Any, actual: Mapping[str, Any]) -> bool:
    if not isinstance(expected, Mapping):
        return equal(expected, actual)
    wanted = renamed({"reason_says": "reason", "says": "reason", "why": "reason", "rule": "reason_rule"}, expected)
    name = wanted.pop("name", None)
    return (name is None or equal(name, actual)) and _notice(wanted, actual)


def flagged(expected: Any, actual: Any) -> bool:
    """Addresses that do not work; or a table of whose do and whose do not."""
    if not isinstance(expected, Mapping) or not all(isinstance(value, bool) for value in expected.values()):
        return notices(expected, actual)
    return all(any(equal(name, one) for one in actual) == does for name, does in expected.items())


# --- fees -------------------------------------------------------------------------------------------------------------


def charged(expected: Any, actual: Any) -> bool:
    """Complete list of fees; or their sum, or a table of sums by patron, loan or kind.

    A kind may be named by its last part, "overdue" or "overdue fee" for "fees.overdue".
    """
    if not isinstance(actual, list):
        return equal(expected, actual)
    if isinstance(expected, (str, float)) and number(expected) is not None:
        return _sum(actual) == number(expected)
    if isinstance(expected, Mapping) and not {"amount", *_FEE, *_FEES}.intersection(expected):
        return _by_name(expected, actual)
    if isinstance(expected, (Mapping, list)):
        return complete([expected] if isinstance(expected, Mapping) else expected, actual, _fee)
    return equal(expected, actual)


def _fee(expected: Any, actual: Mapping[str, Any]) -> bool:
    if not isinstance(expected, Mapping):
        return equal(expected, actual) or _of_what(expected) == _of_what(actual["fee"])
    wanted, there = ({**one, **_named(one)} for one in (renamed(_FEE, expected), actual))
    return equal(wanted, there)


def _named(fee: Mapping[str, Any]) -> dict[str, str]:
    return {key: _of_what(fee[key]) for key in _FEES if key in fee}


def _of_what(said: object) -> str:
    name = words.last(said)
    while (short := _FEE_WORDS.sub("", name)) != name:
        name = short
    return name


def _by_name(expected: Mapping[str, Any], actual: list[Any]) -> bool:
    left = actual
    for name, amount in expected.items():
        mine = [one for one in left if _fee(name, one)]
        left = [one for one in left if one not in mine]
        if _sum(mine) != number(amount):
            return False
    return not left


def _sum(fees: list[Any]) -> Decimal:
    return sum((Decimal(fee["amount"]) for fee in fees), Decimal(0))


# --- runs and months --------------------------------------------------------------------------------------------------


def runs(expected: Any, actual: Any) -> bool:
    """Complete list of runs; or a table of how many of each task, or one of them."""
    if isinstance(expected, Mapping) and all(type(value) is int for value in expected.values()):
        counts: dict[str, int] = Counter(one["task"] for one in actual)
        return counts == dict(expected)
    if isinstance(expected, (Mapping, list)):
        return complete([expected] if isinstance(expected, Mapping) else expected, actual, _run)
    return equal(expected, actual)


def _run(expected: Any, actual: Mapping[str, Any]) -> bool:
    if not isinstance(expected, Mapping):
        return equal(expected, actual)
    wanted = renamed(_RUN, expected)
    of_day = _TIME.fullmatch(str(wanted.get("at", "")))
    return equal(renamed({"at": "time"}, wanted) if of_day else wanted, actual)


def by_month(expected: Any, actual: Any) -> bool:
    """Numbers by month, or in the order of the months asked for; a single one for a single month."""
    if isinstance(expected, Mapping):
        named = {next((key for key in actual if _is_month(name, key)), name): one for name, one in expected.items()}
        return bool(named == actual)
    return words.listed(expected) == list(actual.values())


def _is_month(said: str, month: str) -> bool:
    """Whether a name, or a day, is of a month such as "2026-06"."""
    return said.startswith(month) or words.month(said) == int(month[5:])
