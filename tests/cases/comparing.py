"""Comparing expected facts with what came out. Codes compare as sets, lists of "at least" as part of what there is.

Cases are written for people: where they name a loan, a rule or a number of things, that is looked for in what came out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.dates import format_date

from tests.cases import schedules

ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FREE = frozenset({"about", "comment", "because", "why", "note"})  # describes, is not compared
BY_KIND = "_by_kind"
SO_FAR = "_so_far"  # of a list to which steps add: what is new in the step may be expected, or all there is
LISTED = "_listed"  # of a number: what was counted


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    return value


def equal(expected: Any, actual: Any) -> bool:
    """Whether a value is the expected one.

    Amounts are numbers, codes in any order, tables hold the keys expected. A single value is looked for in a table,
    a number may count a list, and a single text stand for a list of one.
    """
    if isinstance(expected, Mapping):
        return isinstance(actual, Mapping) and all(
            equal(value, actual.get(key)) for key, value in expected.items() if key not in FREE
        )
    if isinstance(expected, list):
        return isinstance(actual, list) and len(expected) == len(actual) and _all_in(expected, actual)
    if isinstance(actual, Mapping):
        return any(equal(expected, value) for value in actual.values())
    return _same_value(expected, actual)


def _same_value(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool) or expected is None or actual is None or isinstance(actual, bool):
        return expected is actual or (
            isinstance(expected, bool) and isinstance(actual, list) and expected == bool(actual)
        )
    if isinstance(expected, int) and isinstance(actual, list):
        return expected == len(actual)
    if isinstance(actual, list):
        return len(actual) == 1 and equal(expected, actual[0])
    return str(expected) == str(actual) or _as_number(expected) == _as_number(actual) is not None


def _as_number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _all_in(expected: Sequence[Any], actual: Sequence[Any], fits: Callable[[Any, Any], bool] = equal) -> bool:
    """Whether each of these is another one of those."""
    left = list(actual)
    for wanted in expected:
        found = next((index for index, there in enumerate(left) if fits(wanted, there)), None)
        if found is None:
            return False
        del left[found]
    return True


def _part(expected: Any, actual: Any) -> bool:
    return isinstance(actual, list) and _all_in(expected if isinstance(expected, list) else [expected], actual)


def _codes(expected: Any, actual: Any) -> bool:
    """Refusals: an expected code may name a family of ours, as "patron_state" does."""
    codes = [expected] if isinstance(expected, str) else expected
    return (
        isinstance(actual, list)
        and len(codes) == len(actual)
        and all(any(code == wanted or code.startswith(f"{wanted}.") for code in actual) for wanted in codes)
    )


def _none_in(expected: Any, actual: Any) -> bool:
    unwanted = expected if isinstance(expected, list) else [expected]
    return isinstance(actual, list) and not any(equal(one, there) for one in unwanted for there in actual)


def _in_order(expected: Any, actual: Any) -> bool:
    if not isinstance(actual, list):
        return False
    places = [actual.index(wanted) if wanted in actual else -1 for wanted in expected]
    return -1 not in places and places == sorted(places)


def _said(expected: Any, actual: Any) -> bool:
    words = [expected] if isinstance(expected, (str, int, float, date)) else list(expected)
    return isinstance(actual, str) and all(_says(str(word), actual) for word in words)


def _says(word: str, text: str) -> bool:
    """A word, or a date in whatever form people read it."""
    forms = [word]
    if ISO_DAY.fullmatch(word):
        day = date.fromisoformat(word)
        forms += [format_date(day, "d MMMM", "en"), format_date(day, "d. MMMM", "de"), format_date(day, "d MMM", "en")]
    return any(form.lower() in text.lower() for form in forms)


def _exact_order(expected: Any, actual: Any) -> bool:
    return isinstance(actual, list) and list(expected) == actual


def _charged(expected: Any, actual: Any) -> bool:
    """Complete list of fees; a kind may be named by its last part, "overdue" for "fees.overdue"."""
    if not isinstance(expected, list):
        return equal(expected, actual)
    if not isinstance(actual, list) or len(expected) != len(actual):
        return False
    short = [{**fee, "kind": fee["kind"].rpartition(".")[2], "fee": fee["fee"].rpartition(".")[2]} for fee in actual]
    pairs = list(zip(actual, short, strict=True))
    left = list(range(len(pairs)))
    for wanted in expected:
        found = next((n for n in left if any(equal(wanted, form) for form in pairs[n])), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _findings(expected: Any, actual: Any) -> bool:
    """At least these: rules named are among the finding's, everything else is its own or stands in its text."""
    return isinstance(actual, list) and all(any(_finding(wanted, there) for there in actual) for wanted in expected)


def _no_findings(expected: Any, actual: Any) -> bool:
    return isinstance(actual, list) and not any(_finding(wanted, there) for wanted in expected for there in actual)


def _finding(expected: Any, actual: Mapping[str, Any]) -> bool:
    if not isinstance(expected, Mapping):
        return _says(str(expected), str(actual))
    return all(_finding_has(key, value, actual) for key, value in expected.items() if key not in FREE)


def _finding_has(key: str, value: Any, actual: Mapping[str, Any]) -> bool:
    if key in ("rule", "rules"):
        return set(value if isinstance(value, list) else [value]) <= set(actual["rules"])
    if key in ("says", "names"):
        return _said(value, str(actual.get("text", "")))
    return equal(value, actual[key]) if key in actual else _said(value, str(actual))


def _desk(expected: Any, actual: Any) -> bool:
    if isinstance(expected, str) and isinstance(actual, Mapping):
        return bool(actual["allowed"]) == expected.startswith("allow")
    if isinstance(expected, bool) and isinstance(actual, Mapping):
        return bool(actual["allowed"]) == expected
    return equal(expected, actual)


def _recommends(expected: Any, actual: Any) -> bool:
    """Words of a recommendation, or only whether there is one."""
    return bool(actual) == expected if isinstance(expected, bool) else _said(expected, actual)


def _jumps(expected: Any, actual: Any) -> bool:
    """At least these jumps of a fee, whatever the keys: each table has values of one jump, or of one side of it.

    None expected means none at all.
    """
    told = [list(jump.values()) for jump in actual]
    wanted = [list(one.values()) for one in expected]
    return all(any(_part(one, jump) for jump in told) for one in wanted) if wanted else not told


def _due(expected: Any, actual: Any) -> bool:
    """A date; of several loans by name, or the one that all of them have."""
    if isinstance(actual, Mapping) and not isinstance(expected, Mapping):
        return bool(actual) and all(_same_value(expected, due) for due in actual.values())
    return equal(expected, actual)


# How else cases may write what we call so.
_CHANNELS = {"e-mail": "email", "mail": "email", "text": "sms", "post": "letter", "paper": "letter", "print": "letter"}
_REASONS = {
    "no_address": re.compile("address|e-?mail|sms"),
    "missed": re.compile("missed|overdue|late"),
    "off": re.compile("off|rule|no$|exclu|disabled|enable"),
    "address_refused": re.compile("perman|refus|reject|unknown|address|5"),
    "gave_up": re.compile("gave|given|temporar|late|4"),
}


def _notices(expected: Any, actual: Any) -> bool:
    """Complete list; channel, kind and reason may be called otherwise."""
    if not isinstance(expected, list):
        return equal(expected, actual)
    return isinstance(actual, list) and len(expected) == len(actual) and _all_in(expected, actual, _notice)


def _notice(expected: Any, actual: Mapping[str, Any]) -> bool:
    if not isinstance(expected, Mapping):
        return equal(expected, actual)
    wanted = dict(expected)
    if "channel" in wanted:
        channel = str(wanted["channel"]).lower()
        wanted["channel"] = _CHANNELS.get(channel, channel)
    if wanted.get("kind") == "invoice":
        wanted |= {"kind": actual["kind"], "level": "invoice"}
    elif "kind" in wanted:
        wanted["kind"] = re.sub("_(reminder|notice)$", "", str(wanted["kind"]).rpartition(".")[2].rstrip("s"))
    if "reason" in wanted and _reason(str(wanted["reason"]), str(actual["reason"])):
        del wanted["reason"]
    return equal(wanted, actual)


def _reason(said: str, code: str) -> bool:
    return said == code or (code in _REASONS and _REASONS[code].search(said.lower()) is not None)


def _not_warned(expected: Any, actual: Any) -> bool:
    """Complete list; or a table of how many for a reason, or of the reason of each loan or patron."""
    if not isinstance(expected, Mapping):
        return _notices(expected, actual)
    if all(type(value) is int for value in expected.values()):
        counted = {key: sum(_reason(key, one["reason"]) for one in actual) for key in expected}
        return counted == expected and sum(counted.values()) == len(actual)
    return len(expected) == len(actual) and _all_in(list(expected.items()), actual, _named_with_reason)


def _named_with_reason(expected: tuple[str, str], actual: Mapping[str, Any]) -> bool:
    name, reason = expected
    return equal(name, actual) and _reason(reason, actual["reason"])


def _flagged(expected: Any, actual: Any) -> bool:
    """Addresses that do not work; or a table of whose do and whose do not."""
    if not isinstance(expected, Mapping):
        return equal(expected, actual)
    return all(any(equal(name, one) for one in actual) == flagged for name, flagged in expected.items())


def _weekdays(expected: Any, actual: Any) -> bool:
    """Weekdays by name, in short, or as a span."""
    return isinstance(actual, list) and (schedules.days(expected) if expected else set()) == schedules.days(actual)


def _by_month(expected: Any, actual: Any) -> bool:
    """Numbers by month, or in the order of the months asked for; a single one for a single month."""
    numbers = list(actual.values())
    if isinstance(expected, Mapping):
        return len(expected) == len(actual) and all(actual.get(key[:7]) == one for key, one in expected.items())
    return (expected if isinstance(expected, list) else [expected]) == numbers


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "refusals": _codes,
    "due": _due,
    "jumps": _jumps,
    "recommends": _recommends,
    "default_used": _part,
    "not_default_used": _none_in,
    "not_consulted": _none_in,
    "candidates": _part,
    "facts": _part,
    "identical_to": _part,
    "findings": _findings,
    "no_cell_starts_with": _none_in,
    "no_findings": _no_findings,
    "kinds_in_order": _in_order,
    "says": _said,
    "patron_text": _said,
    "comment": lambda _expected, _actual: True,
    "rules_in_order": _exact_order,
    "reports": _said,
    "charged": _charged,
    "notices": _notices,
    "printed": _notices,
    "failed": _notices,
    "would_send": _notices,
    "address_flagged": _flagged,
    "not_warned": _not_warned,
    "would_be_missed_due_weekdays": _weekdays,
    "due_warnings_sent": _by_month,
    "overdue_reminders": _by_month,
    "at_desk": _desk,
    "staff_at_desk_view": _desk,
}


def same(fact: str, expected: Any, facts: Mapping[str, Any]) -> bool:
    """Whether a fact is as expected; a table by rule kind is compared with what came out for each kind."""
    by_kind = f"{fact}{BY_KIND}"
    actual = facts[by_kind] if isinstance(expected, Mapping) and by_kind in facts else facts.get(fact)
    compare = _COMPARE.get(fact, equal)
    ways = (actual, facts.get(f"{fact}{SO_FAR}", actual), facts.get(f"{fact}{LISTED}", actual))
    return any(compare(plain(expected), plain(one)) for one in ways)
