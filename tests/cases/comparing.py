"""Comparing expected facts with what came out. Codes compare as sets, lists of "at least" as part of what there is.

Cases are written for people: where they name a loan, a rule or a number of things, that is looked for in what came out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.cases import schedules, sent
from tests.cases.equality import FREE, complete, equal, none_in, part, plain, renamed, said, same_value, says
from tests.cases.words import ISO_DAY, listed, state

BY_KIND = "_by_kind"  # a table is compared with what came out for each kind, or patron
SO_FAR = "_so_far"  # of a list to which steps add: what is new in the step may be expected, or all there is
SEVERITIES = ("error", "warning", "hint")
OTHERS, TOTALS = ("other", "others", "rest"), ("total", "all", "sum")
_KIND = re.compile(r"[a-z_]+\.[a-z_]+")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_MOVED = {
    **dict.fromkeys(("to", "move_to", "moves_to", "moved_to", "would_be", "would_move_to", "new"), "new_due"),
    **dict.fromkeys(("from", "old_due", "was", "due_now"), "due"),
}
LISTED = "_listed"  # of a number: what was counted; of a fee for several loans: each for itself


def _codes(expected: Any, actual: Any) -> bool:
    """Refusals: an expected code may name a family of ours, as "patron_state" does."""
    codes = [expected] if isinstance(expected, str) else expected
    return (
        isinstance(actual, list)
        and len(codes) == len(actual)
        and all(any(code == wanted or code.startswith(f"{wanted}.") for code in actual) for wanted in codes)
    )


def _in_order(expected: Any, actual: Any) -> bool:
    if not isinstance(actual, list):
        return False
    places = [actual.index(wanted) if wanted in actual else -1 for wanted in expected]
    return -1 not in places and places == sorted(places)


def _exact_order(expected: Any, actual: Any) -> bool:
    return isinstance(actual, list) and list(expected) == actual


def _findings(expected: Any, actual: Any) -> bool:
    """At least these: rules named are among the finding's, everything else is its own or stands in its text."""
    if isinstance(expected, bool):
        return equal(expected, actual)
    return isinstance(actual, list) and all(any(_finding(one, there) for there in actual) for one in listed(expected))


def _no_findings(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool):
        return equal(not expected, actual)
    return isinstance(actual, list) and not any(_finding(one, there) for one in listed(expected) for there in actual)


def _finding(expected: Any, actual: Mapping[str, Any]) -> bool:
    if not isinstance(expected, Mapping):
        return says(str(expected), str(actual))
    return all(_finding_has(key, value, actual) for key, value in expected.items() if key not in FREE)


def _finding_has(key: str, value: Any, actual: Mapping[str, Any]) -> bool:
    if key in ("rule", "rules") and "rules" in actual:
        return set(listed(value)) <= set(actual["rules"])
    if key in ("says", "names"):
        return said(value, str(actual.get("text", "")))
    if value in SEVERITIES:
        return bool(value == actual.get("severity"))
    return equal(value, actual[key]) if key in actual else said(value, str(actual))


def _error(expected: Any, actual: Any) -> bool:
    """An error of an import: a table of what it has or says, words of it, or whether there is one."""
    if isinstance(expected, bool) or actual is None:
        return equal(expected, actual)
    return all(_finding(one, actual) for one in listed(expected))


def _desk(expected: Any, actual: Any) -> bool:
    """What the desk would do; in words, with the day and the kinds that refuse, or only whether it is allowed."""
    if not isinstance(actual, Mapping) or not isinstance(expected, (str, bool)):
        return equal(expected, actual)
    if isinstance(expected, bool):
        return bool(actual["allowed"]) == expected
    days, kinds = ISO_DAY.findall(expected), _KIND.findall(expected)
    allowed = bool(actual["allowed"]) == expected.startswith("allow")
    return allowed and all(day == actual["due"] for day in days) and {*kinds} <= {*actual["refusals"]}


def _unchecked(expected: Any, actual: Any) -> bool:
    """Whether a check ended before others; or kinds that are not among those that were looked at."""
    by_kind = not isinstance(expected, bool)
    return none_in(expected, actual) if by_kind else not isinstance(actual, list) and equal(expected, actual)


def _on_loan(expected: Any, actual: Any) -> bool:
    """How many by media type; "other" are those of all that are not named, "total" are all."""
    if not isinstance(expected, Mapping):
        return same_value(expected, sum(actual.values()))
    other = sum(count for code, count in actual.items() if code not in expected)
    return equal(expected, {**dict.fromkeys(OTHERS, other), **dict.fromkeys(TOTALS, sum(actual.values())), **actual})


def _pairs(expected: Any, actual: Any) -> bool:
    """Complete list; or a table of two things that stand together, such as a copy and for whom it is."""
    if not isinstance(expected, Mapping) or any(key in one for one in actual or () for key in expected):
        return equal(expected, actual)
    return isinstance(actual, list) and complete([list(pair) for pair in expected.items()], actual)


def _preview(expected: Any, actual: Any) -> bool:
    """Complete list of loans with the day they would move to; or a table of that by loan, or of all of them."""
    if not isinstance(actual, list):
        return equal(expected, actual)
    if not isinstance(expected, Mapping):
        entries = expected if isinstance(expected, list) else None
        return complete(entries, actual, _moved) if entries is not None else equal(expected, actual)
    wanted = renamed(_MOVED, expected)
    if not {"new_due", "due", "loan", "loans", "count"}.intersection(wanted):
        return complete([{"loan": name, "new_due": day} for name, day in wanted.items()], actual)
    names = [one["loan"] for one in actual]
    counted = all(equal(wanted.pop(key), names) for key in ("loan", "loans", "count") if key in wanted)
    return counted and all(_moved(wanted, one) for one in actual)


def _moved(expected: Any, actual: Any) -> bool:
    """A loan that would move; its new day may be called the day it is due."""
    if not isinstance(expected, Mapping):
        return equal(expected, actual)
    wanted = renamed(_MOVED, expected)
    later = {**actual, "due": actual["new_due"]}
    return equal(wanted, actual) or ("new_due" not in wanted and equal(wanted, later))


def _recommends(expected: Any, actual: Any) -> bool:
    """Words of a recommendation; or what it is for, which is said as a "general rule"; or whether there is one."""
    if isinstance(expected, bool):
        return bool(actual) == expected
    return said(expected, actual) or ("most general" in str(expected) and said("general", actual))


def _jumps(expected: Any, actual: Any) -> bool:
    """At least these jumps of a fee, whatever the keys: each table has values of one jump, or of one side of it.

    None expected means none at all.
    """
    if isinstance(expected, (bool, int)):
        return equal(expected, actual)
    told = [list(jump.values()) for jump in actual]
    jumps = listed(expected)
    wanted = [list(_side(one)) for one in (jumps if any(map(_several, jumps)) else [jumps] if jumps else [])]
    return all(any(one and part(one, jump) for jump in told) for one in wanted) if wanted else not told


def _several(said: Any) -> bool:
    return isinstance(said, (Mapping, list)) or len(_NUMBER.findall(str(said))) > 1


def _side(said: Any) -> Iterator[str]:
    """The numbers told of a jump."""
    if isinstance(said, Mapping):
        said = [*filter(str.isdecimal, said), *said.values()]
    if isinstance(said, list):
        for one in said:
            yield from _side(one)
    else:
        yield from _NUMBER.findall(str(said))


def _state(expected: Any, actual: Any) -> bool:
    """The state of a reservation; the hold shelf may be called otherwise."""
    if isinstance(expected, str) and isinstance(actual, str):
        return state(expected) == state(actual) is not None
    return equal(expected, actual)


def _due(expected: Any, actual: Any) -> bool:
    """A date; of several loans by name, or the one that all of them have."""
    if isinstance(actual, Mapping) and not isinstance(expected, Mapping):
        return bool(actual) and all(same_value(expected, due) for due in actual.values())
    return equal(expected, actual)


def _weekdays(expected: Any, actual: Any) -> bool:
    """Weekdays by name, in short, or as a span."""
    return isinstance(actual, list) and schedules.days("expected", expected) == schedules.days("found", actual)


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "refusals": _codes,
    "due": _due,
    "jumps": _jumps,
    "recommends": _recommends,
    "default_used": part,
    "not_default_used": none_in,
    "not_consulted": none_in,
    "candidates": part,
    "facts": part,
    "identical_to": part,
    "findings": _findings,
    "no_cell_starts_with": none_in,
    "no_findings": _no_findings,
    "kinds_in_order": _in_order,
    "says": said,
    "patron_text": said,
    "comment": lambda _expected, _actual: True,
    "rules_in_order": _exact_order,
    "reports": said,
    "charged": sent.charged,
    "notices": sent.notices,
    "printed": sent.notices,
    "failed": sent.notices,
    "would_send": sent.notices,
    "address_flagged": sent.flagged,
    "not_warned": sent.not_warned,
    "would_be_missed_due_weekdays": _weekdays,
    "due_warnings_sent": sent.by_month,
    "overdue_reminders": sent.by_month,
    "at_desk": _desk,
    "error": _error,
    "not_checked_further": _unchecked,
    "on_loan": _on_loan,
    "on_hold_shelf": _pairs,
    "on_pick_list": _pairs,
    "preview": _preview,
    "runs": sent.runs,
    "reservation_state": _state,
    "staff_at_desk_view": _desk,
}


def same(fact: str, expected: Any, facts: Mapping[str, Any]) -> bool:
    """Whether a fact is as expected; a table by rule kind is compared with what came out for each kind."""
    actual = facts.get(fact)
    others = (SO_FAR, LISTED, *((BY_KIND,) if isinstance(expected, Mapping) else ()))
    ways = [actual, *(facts[f"{fact}{end}"] for end in others if f"{fact}{end}" in facts)]
    compare = _COMPARE.get(fact, equal)
    return any(compare(plain(expected), plain(one)) for one in ways)
