"""Documents of what is wrong in rules, and of what the check before publishing finds (R80)."""

from __future__ import annotations

from typing import Literal

from circulation.api.models import Answer, Problem


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
