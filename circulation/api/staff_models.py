"""The staff API's documents. What is not named here is refused, as in ``models``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints

import wording
from circulation.api.models import Answer, Asked, Code, Problem, Whole, Words
from rules.kinds import OrganisationUsed, RuleType, Unit
from rules.overview import State
from rules.rule import MOST_TEXT, is_code, is_text
from rules.values import MOST_AGE

MOST_PASSWORD = 200
LANGUAGES = wording.languages(wording.STAFF)
Role = Literal["desk", "rules", "machines", "admin"]
RulePlain = dict[str, Any]  # section L; what is wrong in it is told with all its problems, not by its first


def _fit(text: str) -> str:
    if not is_text(text):
        raise ValueError(f"a text has at most {MOST_TEXT} characters, none of them control characters")
    return text


def _new_code(code: str) -> str:
    if not is_code(code) or "/" in code or code.startswith("."):
        raise ValueError("a code has no outer spaces, no | or /, and does not begin with a point")
    return code


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"there is no such language; there are {', '.join(LANGUAGES)}")
    return language


Text = Annotated[str, AfterValidator(_fit)]
NewCode = Annotated[Code, AfterValidator(_new_code)]
OrganisationKind = Annotated[Code, StringConstraints(max_length=32)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=MOST_PASSWORD)]
Language = Annotated[str, AfterValidator(_language)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Age = Annotated[int, Field(ge=0, le=MOST_AGE)]
Roles = Annotated[list[Role], Field(max_length=4)]


# --- problems ---------------------------------------------------------------------------------------------------------


class RuleProblem(Answer):
    """Something wrong in a rule itself.

    ``line``: of a document, in a spreadsheet the row; ``key``: as in the notation of rules, or the column.
    """

    place: str
    code: str
    text: str
    rule: str | None
    key: str
    line: int | None


class RulesProblem(Problem):
    """A problem; where rules are wrong in themselves, all that is wrong with them."""

    problems: list[RuleProblem] | None = None


class Finding(Answer):
    """A finding of the check before publishing (R80). ``rules``: ids, first the one to look at."""

    severity: Literal["error", "warning", "hint"]
    code: str
    text: str
    rules: list[str]
    kind: str | None
    level: str | None
    organisation: str | None


class PublishProblem(Problem):
    """A problem; where findings stop publishing, these. ``more_findings``: how many of them were left out."""

    findings: list[Finding] | None = None
    more_findings: int = 0


# --- staff ------------------------------------------------------------------------------------------------------------


class StaffSignIn(Asked):
    """Name, password, and where the session works."""

    name: Code
    password: Password
    branch: Code


class StaffSignedIn(Answer):
    """A staff session."""

    token: str
    roles: list[Role]
    may_override: bool


class Me(Answer):
    """Whoever is signed in."""

    name: str
    roles: list[Role]
    may_override: bool
    branch: str


class Member(Answer):
    """A member of staff."""

    name: str
    roles: list[Role]
    may_override: bool
    active: bool
    created_at: datetime


class Members(Answer):
    """All members of staff."""

    staff: list[Member]


class NewMember(Asked):
    """A new member of staff."""

    name: Code
    password: Password
    roles: Roles
    may_override: StrictBool = False


class MemberChange(Asked):
    """What to change of a member of staff; what is left out stays, and so does what is null."""

    password: Password | None = None
    roles: Roles | None = None
    may_override: StrictBool | None = None
    active: StrictBool | None = None


class Token(Answer):
    """A token with which a program acts for a member of staff."""

    id: str
    staff: str
    branch: str
    label: str
    used_at: datetime
    expires: datetime | None


class Tokens(Answer):
    """All tokens."""

    tokens: list[Token]


class NewToken(Asked):
    """A token to make. ``days``: how long it holds, null = until revoked."""

    staff: Code
    branch: Code
    label: Words
    days: Annotated[int, Field(ge=1, le=3650)] | None = None


class MadeToken(Answer):
    """A token, told this once."""

    id: str
    token: str


class AuditLine(Answer):
    """What somebody of the staff did."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    details: dict[str, Any]
    reason: str | None


class AuditLines(Answer):
    """Lines of the audit log, newest first; ``next`` is ``before`` of the next page, null = no more."""

    lines: list[AuditLine]
    next: int | None


# --- rules ------------------------------------------------------------------------------------------------------------


class KindTexts(Answer):
    """What a kind is called, and its help (R9)."""

    name: str
    help: str
    tip: str
    example: str


class RuleKind(Answer):
    """A rule kind. ``example``: the rule the example text tells of."""

    kind: str
    type: RuleType
    unit: Unit
    levels: list[str]
    fields: list[str]
    organisation: OrganisationUsed
    default: Any
    depends_on: list[str]
    example: RulePlain
    texts: dict[str, KindTexts]


class FlowStep(Answer):
    """A step of a worked flow (R10): its words by language and the rules it adds."""

    texts: dict[str, str]
    rules: list[RulePlain]


class Flow(Answer):
    """A worked flow of the help."""

    name: str
    texts: dict[str, str]
    steps: list[FlowStep]


class RuleKinds(Answer):
    """The catalogue of rule kinds. ``types``: rule type -> language -> name."""

    types: dict[RuleType, dict[str, str]]
    kinds: list[RuleKind]
    flows: list[Flow]


class ListedRule(Answer):
    """A line of the list that is walked (R4, R8). ``number``: its place, from 1."""

    number: int
    kind: str
    level: str | None
    state: State
    inherited: bool
    rule: RulePlain


class RuleList(Answer):
    """The lists walked at an organisation on a day. ``inactive``: rules that are kept but not walked."""

    ruleset: str
    organisation: str
    day: date
    rules: list[ListedRule]
    inactive: list[RulePlain]


class RuleSetHead(Answer):
    """A published set without its rules."""

    number: int
    live: bool
    count: int
    checksum: str
    published_at: datetime
    published_by: str | None
    note: str | None


class RuleSets(Answer):
    """All published sets, newest first."""

    sets: list[RuleSetHead]


class RuleSetWhole(RuleSetHead):
    """A published set."""

    rules: list[RulePlain]


class DraftHead(Answer):
    """A draft without its rules. ``outdated``: another set was published since it was begun."""

    id: str
    name: str
    based_on: int | None
    outdated: bool
    count: int
    changed_by: str
    changed_at: datetime


class Drafts(Answer):
    """All drafts."""

    drafts: list[DraftHead]


class Draft(DraftHead):
    """A draft."""

    rules: list[RulePlain]


class NewDraft(Asked):
    """A draft to begin. ``source``: "live", or the number of a set, or the id of a draft."""

    name: Words
    source: Code = "live"


class DraftName(Asked):
    """Another name of a draft."""

    name: Words


class RuleAnswer(Answer):
    """A rule as it is kept."""

    rule: RulePlain


class ChangedRule(Answer):
    """A rule of both sets that differs."""

    before: RulePlain
    after: RulePlain


class Differences(Answer):
    """Rules of a draft against those in force, by id."""

    added: list[RulePlain]
    removed: list[RulePlain]
    changed: list[ChangedRule]


class Result(Answer):
    """What is decided. ``rule``: id, null = the default; ``text``: the value in words, null = none."""

    value: Any
    text: str | None
    rule: str | None


class LoanChange(Answer):
    """A result that would differ, and for how many of the current loans."""

    kind: str
    level: str | None
    organisation: str
    loans: int
    before: Result
    after: Result


class DraftChecked(Answer):
    """What is to be known before publishing. ``stops``: there is an error among the findings.

    ``more_findings``: how many were left out, the least grave.
    """

    stops: bool
    findings: list[Finding]
    more_findings: int
    differences: Differences
    loans: list[LoanChange]


class Imported(Answer):
    """The draft an import made, and what is to be known about it."""

    draft: DraftHead
    check: DraftChecked


class PublishAsked(Asked):
    """Publish a draft. ``anyway``: also if another set was published since it was begun."""

    note: Text = ""
    anyway: StrictBool = False


class Published(Answer):
    """The new live set, and the findings that did not stop it."""

    number: int
    findings: list[Finding]
    more_findings: int


# --- house ------------------------------------------------------------------------------------------------------------


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


Setting = StrictBool | StrictInt | Code


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


# --- machines ---------------------------------------------------------------------------------------------------------


class StaffMachine(Answer):
    """A machine as it was last heard of. ``alarm_at``: when too many wrong PINs were tried there."""

    id: str
    name: str
    branch: str
    channel: str
    enrolled_at: datetime
    seen_at: datetime | None
    version: str | None
    rules: int | None
    devices: dict[str, str]
    clock_trusted: bool | None
    alarm_at: datetime | None
    doubts: Whole


class StaffMachines(Answer):
    """All machines."""

    machines: list[StaffMachine]


class CodeAsked(Asked):
    """A one-time code for a machine, or for a portal."""

    branch: Code
    channel: Literal["kiosk", "web"] = "kiosk"


class CodeAnswer(Answer):
    """A one-time enrolment code."""

    code: str
    expires: datetime


class StaffDoubt(Answer):
    """An item whose security bit may be wrong."""

    item: str
    title: str | None
    machine: str
    wanted: str
    last: str | None
    since: datetime
    cleared: bool


class StaffDoubts(Answer):
    """All items in doubt, oldest first."""

    doubts: list[StaffDoubt]


class DoubtCleared(Asked):
    """An item staff have looked at."""

    item: Code
