"""How old somebody is on a day, and which age group that is. Not responsible for what may be done at an age."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from rules.values import MOST_AGE

AgeGroups = Mapping[str, tuple[int, int]]


def age_on(born: date | None, day: date) -> int | None:
    """Full years on a day; the birthday counts as reached (R11).

    Born on 29 February: reached on 1 March in common years (section L). None if the date of birth is unknown or cannot
    be right, so that a wrong record reaches no minimum age.
    """
    if born is None:
        return None
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return years if 0 <= years <= MOST_AGE else None


def age_group(age: int | None, groups: AgeGroups) -> str | None:
    """The group whose range (both ends inclusive) holds the age; None if it is unknown or in no group."""
    if age is None:
        return None
    return next((name for name, (least, most) in groups.items() if least <= age <= most), None)
