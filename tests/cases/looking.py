"""Steps that only look: a loan, an explanation, a what-if question. They leave nothing behind."""

from __future__ import annotations

from sqlalchemy import func, select

from circulation.store import tables as t
from tests.cases import documents
from tests.cases.playing import LANGUAGES, PERIODS, Out, Playing, defaults, desk_view, organisation_of
from tests.cases.reading import CaseError, Step


def show_loan(play: Playing, step: Step) -> Out:
    """A loan with the rule that gave its period (R78)."""
    item = play.item_of(step.inputs["loan"])
    row = play.row(select(t.loan).where(t.loan.c.item_id == item).order_by(t.loan.c.id.desc()))
    loan = play.staff(str(row.branch)).get(f"/loans/{row.id}").json()
    kind = next((kind for kind in PERIODS if loan["rules"].get(kind)), None)
    return {
        "due": loan["due"],
        "ruleset": loan["rule_set"],
        "rule": loan["rules"].get(kind) if kind else None,
        "rule_value_days": loan["period"],
    }


def explain(play: Playing, step: Step) -> Out:
    """Why an earlier step came out as it did (R76)."""
    of = step.inputs["of"]
    if of not in play.operations:
        raise CaseError(f"{step.id}: step {of!r} has no operation that could be explained")
    branch = play.first_branch()
    told = {language: play.explained(play.operations[of], branch, language) for language in LANGUAGES}
    found = told["en"]
    steps = found["steps"]
    reasons = [reason["code"] for reason in found["reasons"]]
    deciding = next((s for s in steps if s["kind"] in reasons), None) or next(
        (s for kind in PERIODS for s in steps if s["kind"] == kind and s["winner"]), steps[-1] if steps else None
    )
    period = next((s for kind in PERIODS for s in steps if s["kind"] == kind and s["value"]), None)
    patron = step.inputs.get("audience") == "patron"
    texts = [told[language]["told"] or "" for language in LANGUAGES] if patron else []
    texts = texts or [line for language in LANGUAGES for line in told[language]["text"]]
    winner = next((look for look in deciding["looked_at"] if look["result"] == "matched"), None) if deciding else None
    kinds = [s["kind"] for s in steps]
    return {
        "says": " | ".join(texts),
        "kinds_in_order": kinds,
        "not_checked_further": found["stopped"],
        "organisation": organisation_of(steps, reasons, found["details"]["organisation"]),
        "organisation_by_kind": {s["kind"]: s["organisation"] for s in steps},
        "rule_number": winner["number"] if winner is not None else None,
        "rule_number_by_kind": {
            s["kind"]: look["number"] for s in steps for look in s["looked_at"] if look["result"] == "matched"
        },
        "ruleset": found["ruleset"],
        "value_days": period["value"]["days"] if period is not None else None,
        "value_days_by_kind": {
            s["kind"]: s["value"]["days"] for s in steps if isinstance(s["value"], dict) and "days" in s["value"]
        },
        "default_used": defaults(steps),
        "not_default_used": defaults(steps),
        "candidates": [documents.candidate(s, look) for s in steps for look in s["looked_at"]],
        "at_desk": desk_view(found["at_desk"]),
    }


def what_if(play: Playing, step: Step) -> Out:
    """What would happen; nothing does (R77)."""
    inputs = step.inputs
    branch = play.branch_of(step, None, inputs["patron"])
    staff = play.staff(branch)
    action = {"renew": "renewal"}.get(inputs["do"], inputs["do"])
    rules = documents.named_rules(play, inputs.get("rules"))
    body = {"action": action, "item": play.item_of(inputs["item"]), "patron": inputs["patron"], "branch": branch}
    more = {"channel": inputs.get("channel", "desk"), "on": str(inputs.get("date", step.at.date())), "rules": rules}
    before = _everything(play)
    answer = staff.post("/what-if", {**body, **more})
    if answer.status_code != 200:
        raise CaseError(f"{step.id}: {answer.text}")
    found = answer.json()
    untouched = before == _everything(play)
    return {
        "allowed": found["allowed"],
        "refusals": [reason["code"] for reason in found["reasons"]],
        "due": found["due"],
        "winners": {kind: rule for kind, rule in found["winners"].items() if rule is not None},
        "differs_from_live": [{"kind": kind, "rule": found["winners"][kind]} for kind in found["differs_from_live"]],
        "loans_after": sum(play.open_loans(inputs["patron"]).values()),
        "no_side_effects": untouched,
        "statistics_unchanged": untouched,
    }


def _everything(play: Playing) -> list[int]:
    """How many rows there are of everything a transaction could leave behind."""
    tables = (t.loan, t.fee, t.reservation, t.operation, t.audit, t.payment, t.breach)
    with play.service.database.reading() as db:
        return [int(db.execute(select(func.count()).select_from(table)).scalar_one()) for table in tables]
