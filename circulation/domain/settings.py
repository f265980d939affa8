"""Settings an organisation may make for itself and those below it (the table of the requirements, and R35, R84, R89).

Responsible for their names, values and defaults. Not responsible for what they change (the modules that read them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from zoneinfo import available_timezones

MOST_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds at an organisation.

    Attributes:
        renewal_from: day from which a renewal counts: "today" or "due_date" (R13); of the first checkout's branch.
        count_scope: loans a limit counts: of the "account" or the session's "branch" (R20).
        fee_basis: a reminder fee is for a "message" or an "item" (R30, R31).
        overdue_counts_closed_days: closed days count in overdue fees (R33).
        min_days_between_levels: days between two reminder levels of a loan or a debt (R44, R47).
        backlog_limit: reminders a run may send unasked (R47).
        on_shelf_scope: a copy stands on the shelf at the "pickup_branch" or at "any" branch (R51).
        warn_once_per: one due warning per "loan_period" or per "loan" (R68).
        grouping: due warnings of one "patron" in one message, or one for each "loan" (R69).
        exclude_invoices_from_block: invoices do not count in the debt block (R35).
        floating: items of other branches stay where they are returned; else they are sent home (R84).
        history_days: days after a return with nothing owed until a loan loses its patron (R89).
        traces_days: days until refusal traces and notice addresses are forgotten (R89).
        time_zone: IANA name of the zone whose calendar days count there; "" = the library's.
    """

    renewal_from: str = "today"
    count_scope: str = "account"
    fee_basis: str = "message"
    overdue_counts_closed_days: bool = True
    min_days_between_levels: int = 0
    backlog_limit: int = 200
    on_shelf_scope: str = "pickup_branch"
    warn_once_per: str = "loan_period"
    grouping: str = "patron"
    exclude_invoices_from_block: bool = False
    floating: bool = True
    history_days: int = 30
    traces_days: int = 90
    time_zone: str = ""


CHOICES: Mapping[str, tuple[str, ...]] = {
    "renewal_from": ("today", "due_date"),
    "count_scope": ("account", "branch"),
    "fee_basis": ("message", "item"),
    "on_shelf_scope": ("pickup_branch", "any"),
    "warn_once_per": ("loan_period", "loan"),
    "grouping": ("patron", "loan"),
}
TEXTS = ("time_zone",)  # neither chosen from a few nor a number
DEFAULTS: Mapping[str, str | bool | int] = {item.name: getattr(Settings(), item.name) for item in fields(Settings)}


def wrong(name: str, value: object) -> str | None:
    """What is wrong with a setting, None if nothing is."""
    default = DEFAULTS.get(name)
    if default is None:
        return f"there is no setting {name}; there are {', '.join(DEFAULTS)}"
    if name in CHOICES:
        return None if value in CHOICES[name] else f"{name} is one of {', '.join(CHOICES[name])}"
    if name in TEXTS:
        return None if isinstance(value, str) and value in _zones() else f"{name} is such as Europe/Berlin"
    if isinstance(default, bool):
        return None if isinstance(value, bool) else f"{name} is true or false"
    fits = type(value) is int and 0 <= value <= MOST_NUMBER
    return None if fits else f"{name} is a whole number from 0 to {MOST_NUMBER}"


@cache
def _zones() -> set[str]:
    return available_timezones()


def settings(own: Iterable[Mapping[str, object]]) -> Settings:
    """Settings that hold where these were made.

    Args:
        own: what each organisation of a chain sets, deepest first; the deepest that says something decides.

    Raises:
        ValueError: a setting or its value does not exist.
    """
    found: dict[str, object] = {}
    for made in own:
        for name, value in made.items():
            why = wrong(name, value)
            if why is not None:
                raise ValueError(why)
            found.setdefault(name, value)
    return Settings(**found)  # type: ignore[arg-type]  # ``wrong`` has checked every type
