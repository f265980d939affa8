"""Documents of rules: their kinds, the list that is walked, published sets, drafts and what publishing would change."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import StrictBool

from circulation.api.finding_models import Finding
from circulation.api.models import Answer, Asked, Code, Words
from circulation.api.staff_values import Text
from rules.kinds import OrganisationUsed, RuleType, Unit
from rules.overview import State

RulePlain = dict[str, Any]  # section L; what is wrong in it is told with all its problems, not by its first


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
