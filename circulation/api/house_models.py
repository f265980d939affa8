"""Documents of the house: organisations, their settings and calendars, media types, categories, age groups."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints

from circulation.api.models import Answer, Asked, Code, Words
from circulation.api.staff_values import Text
from rules.rule import is_code
from rules.values import MOST_AGE


def _new_code(code: str) -> str:
    if not is_code(code) or "/" in code or code.startswith("."):
        raise ValueError("a code has no outer spaces, no | or /, and does not begin with a point")
    return code


NewCode = Annotated[Code, AfterValidator(_new_code)]
OrganisationKind = Annotated[Code, StringConstraints(max_length=32)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Age = Annotated[int, Field(ge=0, le=MOST_AGE)]
Setting = StrictBool | StrictInt | Code


class Organisation(Answer):
    """An organisation: account, authority, branch."""

    id: str
    name: str
    parent: str | None
    kind: str


class Organisations(Answer):
    """All organisations."""

    organisations: list[Organisation]


class NewOrganisation(Asked):
    """A new organisation."""

    id: NewCode
    name: Words
    parent: Code | None
    kind: OrganisationKind


class OrganisationChange(Asked):
    """What to change of an organisation; what is left out stays. ``parent``: null = none above it."""

    name: Words | None = None
    parent: Code | None = None
    kind: OrganisationKind | None = None


class SettingsAsked(Asked):
    """What an organisation sets itself; what is left out it inherits."""

    settings: Annotated[dict[Code, Setting], Field(max_length=100)]


class SettingsAnswer(Answer):
    """What an organisation sets itself, and what holds there."""

    own: dict[str, bool | int | str]
    holds: dict[str, bool | int | str]


class Closing(Answer):
    """Days on which an organisation is exceptionally closed, or open."""

    id: int
    first: date
    last: date
    open: bool
    note: str


class NewClosing(Asked):
    """An exceptional closing, or opening; both days are inclusive."""

    first: date
    last: date
    open: StrictBool = False
    note: Text = ""


class OpenDays(Answer):
    """Closed weekdays (0 = Monday), closed and opened days, planned tour days of a mobile unit."""

    weekly_closed: list[int]
    closed: list[tuple[date, date]]
    opened: list[tuple[date, date]]
    tours: list[date] | None


class CalendarAnswer(Answer):
    """What an organisation says of its opening days, null = what the one above says; and what holds there."""

    weekly_closed: list[int] | None
    holidays: str | None
    tours: list[date] | None
    closings: list[Closing]
    holds: OpenDays


class CalendarChange(Asked):
    """What to change of a calendar; what is left out stays, null = as the organisation above says.

    ``holidays``: a region as DE or DE-NW, "" = open on public holidays.
    """

    weekly_closed: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(max_length=7)] | None = None
    holidays: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2,3}(-[A-Za-z0-9]{1,10})?)?$")] | None = None
    tours: Annotated[list[date], Field(max_length=1000)] | None = None


class MediaType(Answer):
    """A media type with its names in the plural by language."""

    code: str
    names: dict[str, str]


class MediaTypes(Answer):
    """All media types."""

    media_types: list[MediaType]


class NewMediaType(Asked):
    """A new media type."""

    code: NewCode
    names: Annotated[dict[LanguageTag, Words], Field(min_length=1, max_length=50)]


class Category(Answer):
    """A patron category."""

    code: str


class Categories(Answer):
    """All patron categories."""

    patron_categories: list[Category]


class NewCategory(Asked):
    """A new patron category."""

    code: NewCode


class AgeGroup(Answer):
    """An age group; both ages are inclusive."""

    code: str
    least: int
    most: int


class AgeGroups(Answer):
    """All age groups."""

    age_groups: list[AgeGroup]


class NewAgeGroup(Asked):
    """A new age group."""

    code: NewCode
    least: Age
    most: Age
