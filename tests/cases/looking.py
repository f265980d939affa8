"""Steps that only look: a loan, an explanation, a what-if question. They leave nothing behind."""

from __future__ import annotations

from sqlalchemy import func, select

from circulation.explaining import step_text
from circulation.store import tables as t
from tests.cases import documents
from tests.cases.playing import (
    LANGUAGES,
    PERIODS,
    Out,
    Playing,
    by_kind,
    deciding,
    defaults,
    desk_view,
    organisation_of,
)
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
    told = {language: _told(play, step, language) for language in LANGUAGES}
    found = told["en"]
    steps = found["steps"]
    reasons = [reason["code"] for reason in found["reasons"]]
    desk_steps = found["at_desk"]["steps"] if found["at_desk"] is not None else []
    at_desk = desk_view(found["at_desk"])
    decided = deciding(steps, reasons)
    numbers, at_desk_numbers = by_kind(steps), by_kind(desk_steps)
    patron = step.inputs.get("audience") == "patron"
    texts = [told[language]["told"] or "" for language in LANGUAGES] if patron else []
    texts = texts or [line for language in LANGUAGES for line in told[language]["text"]]
    kinds = [s["kind"] for s in steps]
    return {
        "says": " | ".join(texts),
        "kinds_in_order": kinds,
        "not_checked_further": found["stopped"],
        "not_checked_further_listed": kinds if found["stopped"] else None,
        "organisation": organisation_of(steps, reasons, found["details"]["organisation"]),
        "organisation_by_kind": {s["kind"]: s["organisation"] for s in steps},
        "rule_number": decided["rule_number"],
        "rule_number_by_kind": {**at_desk_numbers["rule_number"], **numbers["rule_number"]},
        "ruleset": found["ruleset"],
        "value_days": decided["value_days"] or (at_desk["value_days"] if at_desk is not None else None),
        "value_days_by_kind": {**at_desk_numbers["value_days"], **numbers["value_days"]},
        "default_used": defaults(steps),
        "not_default_used": defaults(steps),
        "candidates": [documents.candidate(s, look) for s in steps for look in s["looked_at"]],
        "at_desk": at_desk,
    }


def _told(play: Playing, step: Step, language: str) -> Out:
    """The explanation of the operation of a step; of a reservation, which is none, what its answer told."""
    of = step.inputs["of"]
    if of in play.operations:
        return play.explained(play.operations[of], play.first_branch(), language)
    if of not in play.reserved:
        raise CaseError(f"{step.id}: step {of!r} has no operation that could be explained")
    found = play.reserved[of]
    lines = [line for one in found["steps"] for line in step_text(one, language)]
    reasons = documents.reason_texts(found["reasons"], [language])
    same = {"details": {"organisation": found["organisation"]}, "stopped": False, "at_desk": None}
    return {**found, **same, "told": " ".join(reasons), "text": [*lines, *reasons]}


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
    live = staff.post("/what-if", {**body, **more, "rules": None}).json()
    if answer.status_code != 200:
        raise CaseError(f"{step.id}: {answer.text}")
    found = answer.json()
    untouched = before == _everything(play)
    return {
        "allowed": found["allowed"],
        "refusals": [reason["code"] for reason in found["reasons"]],
        "due": found["due"],
        "winners": {kind: rule for kind, rule in found["winners"].items() if rule is not None},
        "differs_from_live": [
            {
                "kind": kind,
                "rule": found["winners"][kind],
                "draft": found["winners"][kind],
                "live": live["winners"][kind],
            }
            for kind in found["differs_from_live"]
        ],
        "differs_from_live_by_kind": {kind: found["winners"][kind] for kind in found["differs_from_live"]},
        "loans_after": sum(play.open_loans(inputs["patron"]).values()),
        "no_side_effects": untouched,
        "statistics_unchanged": untouched,
    }


def _everything(play: Playing) -> list[int]:
    """How many rows there are of everything a transaction could leave behind."""
    tables = (t.loan, t.fee, t.reservation, t.operation, t.audit, t.payment, t.breach)
    with play.service.database.reading() as db:
        return [int(db.execute(select(func.count()).select_from(table)).scalar_one()) for table in tables]
