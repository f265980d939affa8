"""Documents of machine settings. The machine's own has every bound in it: what passes it, a machine can use."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from circulation.api.models import Answer, Asked, Code, Problem
from circulation.domain import policy
from circulation.domain.policy import SETTINGS, SourceKind, Type

MOST_SETTINGS = 100


def _bounds(name: str) -> Any:
    return Field(ge=SETTINGS[name].least, le=SETTINGS[name].most)


Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Opening = Annotated[list[Clock], Field(min_length=2, max_length=2)]
Openings = Annotated[list[Opening], Field(max_length=policy.MOST_OPENINGS)]
Weekday = Literal["0", "1", "2", "3", "4", "5", "6"]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-F]{6}$")]
SiteWords = Annotated[str, StringConstraints(min_length=1, max_length=policy.MOST_WORDS)]
Languages = Annotated[list[str], Field(min_length=1)]


class AccentColour(Answer):
    """The colour of buttons and lines in the light and the dark theme; high contrast has its own."""

    light: Colour
    dark: Colour


class MachineSettings(Answer):
    """What a machine is to be like. No machine asks for it yet; until then its file says it.

    ``version``: of the content, the same for the same settings; ``languages``: offered, the first is the machine's own;
    ``texts``: code of a sentence -> language -> the library's own words; ``offline_loans``: items of one visit that are
    lent without the centre, 0 = none, while returns are always taken; ``opening_hours``: weekday (0 = Monday) -> from
    and until, a day that is missing is closed, null = always open.
    """

    version: str
    library_name: str
    idle_seconds: Annotated[int, _bounds("idle_seconds")]
    warn_seconds: Annotated[int, _bounds("warn_seconds")]
    goodbye_seconds: Annotated[int, _bounds("goodbye_seconds")]
    asking_seconds: Annotated[int, _bounds("asking_seconds")]
    pad_grace_seconds: Annotated[int, _bounds("pad_grace_seconds")]
    languages: Languages
    texts: dict[str, dict[str, SiteWords]]
    offline_loans: Annotated[int, _bounds("offline_loans")]
    receipts: Literal["ask", "never", "always"]
    sounds: bool
    opening_hours: dict[Weekday, Openings] | None
    accent: AccentColour


class SettingKind(Answer):
    """One setting: its type, default, bounds or choices, and by language what it is called and means."""

    name: str
    type: Type
    default: Any
    least: int | None
    most: int | None
    choices: list[str]
    names: dict[str, str]
    meanings: dict[str, str]


class SettingKinds(Answer):
    """Every setting of machines. ``accents``: the colours of each choice of ``accent``."""

    settings: list[SettingKind]
    languages: list[str]
    accents: dict[str, AccentColour]


class Source(Answer):
    """Where a value comes from. ``id``: of the machine or organisation, null for a default."""

    kind: SourceKind
    id: str | None


class HeldValue(Answer):
    """A value and where it comes from."""

    value: Any
    source: Source


class Held(Answer):
    """Settings and where each comes from; ``texts`` sentence by sentence and language by language."""

    values: dict[str, HeldValue]
    texts: dict[str, dict[str, HeldValue]]


class MachineSettingsShown(Answer):
    """What a place says itself, what would hold if it said nothing, and what holds."""

    own: dict[str, Any]
    inherited: Held
    holds: Held


class MachineSettingsAsked(Asked):
    """What a place says itself; what is left out it inherits."""

    settings: Annotated[dict[Code, Any], Field(max_length=MOST_SETTINGS)]


class SettingMistake(Answer):
    """Something a machine could not use: ``place`` is the setting and where in it, e.g. languages.1."""

    place: str
    code: str
    text: str


class SettingsProblem(Problem):
    """A problem; where settings are wrong, all that is wrong with them."""

    mistakes: list[SettingMistake] | None = None
