"""Steps of the editor of rules: what limits come to (R22), and one rule looked at (R33). Nothing is stored by them."""

from __future__ import annotations

from tests.cases import documents
from tests.cases.playing import LANGUAGES, Out, Playing, money
from tests.cases.reading import CaseError, Step


def advice(play: Playing, step: Step) -> Out:
    """The smallest and largest total the live rules of a kind come to, and what is recommended."""
    branch = play.first_branch()
    asked = {"kind": step.inputs["kind"], "organisation": branch}
    told = [play.staff(branch).told("GET", "/rules/advice", language=one, **asked)["totals"] for one in LANGUAGES]
    totals = told[0]
    smallest = [one["smallest"] for one in totals]
    largest = [one["largest"] for one in totals]
    texts = [one["text"] for by_language in told for one in by_language if one["text"] is not None]
    said = " | ".join(texts)
    return {
        "smallest_total": min(smallest) if totals and None not in smallest else None,
        "largest_total": max(largest) if totals and None not in largest else None,
        "recommends": said or None,
        "says": said,
    }


def edit_rule_view(play: Playing, step: Step) -> Out:
    """A rule of the live set as the editor shows it: where its fee jumps."""
    staff = play.staff(play.first_branch())
    rules = staff.told("GET", f"/rule-sets/{documents.live(play)}")["rules"]
    rule = next((one for one in rules if one["id"] == step.inputs["rule"]), None)
    if rule is None:
        raise CaseError(f"{step.id}: there is no rule {step.inputs['rule']!r}")
    jumps = staff.told("POST", "/rules/look", rule)["jumps"]
    return {
        "jumps": [
            {
                "days": jump["days"],
                "amount": money(jump["amount"]),
                "later_days": jump["later_days"],
                "later_amount": money(jump["later_amount"]),
            }
            for jump in jumps
        ]
    }
