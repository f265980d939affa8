"""Steps that lend, take back and renew: at the desk, at a machine, and at a machine without the centre."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select

from circulation.store import tables as t
from rules.duedate import due_date
from rules.evaluate import decide
from rules.published import read as read_published
from rules.rule import Facts as RuleFacts
from rules.values import Days
from tests.cases.playing import Out, Playing
from tests.cases.reading import CaseError, Step
from tests.cases.words import listed


def checkout(play: Playing, step: Step) -> Out:
    """A checkout, at a machine that may be off-line."""
    inputs = step.inputs
    if inputs.get("offline"):
        return _offline_checkout(play, step)
    facts = play.transact(step, "checkout", inputs["item"], inputs["patron"], inputs.get("user"))
    if facts["allowed"]:
        play.world.loans[inputs.get("loan", inputs["item"])] = inputs["item"]
    return facts


def renew(play: Playing, step: Step) -> Out:
    """A renewal of a named loan."""
    item = play.item_of(step.inputs["loan"])
    loan = play.loan_of(item)
    if loan is None:
        raise CaseError(f"{step.id}: {step.inputs['loan']} is not on loan")
    return play.transact(step, "renewal", item, loan.patron_id)


def return_(play: Playing, step: Step) -> Out:
    """A return of a named loan."""
    return play.transact(step, "return", play.item_of(step.inputs["loan"]), None)


def override(play: Playing, step: Step) -> Out:
    """A checkout in spite of refusals, and what the audit log says of it (R83)."""
    inputs = step.inputs
    facts = play.transact(step, "checkout", inputs["item"], inputs["patron"], inputs["user"])
    operation = play.operations[step.id]
    lines = play.staff(play.branch_of(step)).get("/audit", subject=f"operation {operation}").json()["lines"]
    logged = None
    if lines:
        rules = lines[0]["details"]["rules"]
        named = [rule for rule in rules.values() if rule is not None]
        logged = {
            "user": lines[0]["who"],
            "reason": lines[0]["reason"],
            "rule": named[0] if named else None,
            "rules": named,
            "codes": lines[0]["details"]["codes"],
            "kind": lines[0]["details"]["codes"][0],
        }
    if facts["allowed"]:
        play.world.loans[inputs["item"]] = inputs["item"]
    return {**facts, "logged": logged}


def return_then_borrow(play: Playing, step: Step) -> Out:
    """Returns, then a checkout."""
    inputs = step.inputs
    returns = inputs["returns"]
    for loan in [returns] if isinstance(returns, str) else returns:
        play.transact(step, "return", play.item_of(loan), None)
    return play.transact(step, "checkout", inputs["borrow"], inputs["patron"])


def borrow_until_refused(play: Playing, step: Step) -> Out:
    """As many checkouts of each media type as are allowed, or as many as the step wants."""
    patron = step.inputs["patron"]
    for wanted in _sequence(step.inputs["sequence"]):
        what, most = _wanted(play, step, wanted)
        for number in range(most):
            item = what if _is_item(play, what) else _free_item(play, what, number, step)
            if not play.transact(step, "checkout", item, patron)["allowed"]:
                break
    on_loan = {**dict.fromkeys(play.media_types(), 0), **play.open_loans(patron)}
    return {"on_loan": on_loan, "total": sum(on_loan.values())}


_THEN = re.compile(r"[,;>]|\bthen\b")
_PARTS = re.compile(r"[\s:=*]+")
_COUNT = re.compile(r"(\d+)x?")
# What else a table or text of a sequence may say of how many there are to be.
_AS_MANY = frozenset(
    {
        *("media_type", "type", "of", "kind", "item", "items", "count", "max", "maximum", "n", "number", "times"),
        *("at", "most", "at_most", "up", "to", "up_to", "until", "refused", "until_refused"),
        *("all", "any", "as", "many", "possible", "allowed", "true"),
    }
)
UNTIL_REFUSED = 1000


def _sequence(said: Any) -> list[Any]:
    """Its entries: of a list, a text such as "CD, then DVD", or a table of how many of what."""
    if isinstance(said, Mapping):
        return [{key: value} for key, value in said.items()]
    return [one.strip() for one in _THEN.split(said) if one.strip()] if isinstance(said, str) else list(said)


def _wanted(play: Playing, step: Step, said: Any) -> tuple[str, int]:
    """A media type or an item, and how many at most: "CD", "5 CD", {media_type = "CD", count = 5}, {CD = 5}.

    Raises:
        CaseError: a word is neither, or there is no or more than one of each.
    """
    if isinstance(said, str) and _is_item(play, said):
        return said, 1
    values = [one for pair in said.items() for one in pair] if isinstance(said, Mapping) else listed(said)
    words = [word for one in values for word in _PARTS.split(str(one)) if word]
    codes = {form: code for code in play.media_types() for form in (code.lower(), f"{code.lower()}s")}
    named = [one for one in words if one.lower() in codes or _is_item(play, one)]
    whats = [codes.get(one.lower(), one) for one in named]
    counts = [int(found[1]) for one in words if (found := _COUNT.fullmatch(one))]
    strange = [one for one in words if one not in named and not _COUNT.fullmatch(one) and one.lower() not in _AS_MANY]
    if strange or len(whats) != 1 or len(counts) > 1:
        raise CaseError(f"{step.id}: the sequence is not known at {said!r}")
    return whats[0], counts[0] if counts else 1 if _is_item(play, whats[0]) else UNTIL_REFUSED


def _is_item(play: Playing, name: str) -> bool:
    return play.row(select(t.item.c.id).where(t.item.c.id == name)) is not None


def _free_item(play: Playing, media_type: str, number: int, step: Step) -> str:
    """An item nobody has; cases of limits do not list every item."""
    lent = select(t.loan.c.item_id).where(t.loan.c.returned_at.is_(None))
    query = select(t.item.c.id).where(t.item.c.media_type == media_type, t.item.c.id.not_in(lent))
    row = play.row(query.order_by(t.item.c.id).limit(1))
    if row is not None:
        return str(row.id)
    values = {"title": media_type, "author": "", "branch": play.branch_of(step), "parts": 1, "state": "available"}
    id_ = f"{step.id}-{media_type}-{number}-{uuid4()}"[:64]
    with play.service.database.writing() as db:
        db.execute(insert(t.item).values(id=id_, media_type=media_type, **values))
    return id_


def _offline_checkout(play: Playing, step: Step) -> Out:
    """A machine without the centre: it decides with the set it holds, and tells the patron a date."""
    inputs = step.inputs
    branch = inputs["branch"]
    if branch not in play.held:  # as long as it is off-line a machine keeps the set it had
        play.held[branch] = play.machine(branch).get("/rules").json()
    held = read_published(play.held[branch])
    item = play.row(select(t.item).where(t.item.c.id == inputs["item"]))
    facts = RuleFacts(media_type=item.media_type, department=item.department)
    day = step.at.date()
    allowed = decide(held.compiled, "self_service.checkout", branch, facts, day).value is True
    period = decide(held.compiled, "periods.loan", branch, facts, day)
    step_days = decide(held.compiled, "periods.closing_adjustment", branch, facts, day).value
    if not allowed or not isinstance(period.value, Days):
        refusal = "self_service.checkout" if not allowed else "no_loan_period"
        return {"allowed": False, "refusals": [refusal], "due": None}
    due = due_date(day, period.value.days, held.calendar, step_days.days if isinstance(step_days, Days) else 0)
    if due is None:
        return {"allowed": False, "refusals": ["calendar"], "due": None}
    operation = {"id": str(uuid4()), "action": "checkout", "item": inputs["item"], "patron": inputs["patron"]}
    told = {**operation, "at": play.clock().isoformat(), "due": due.day.isoformat()}
    play.offline.setdefault(branch, []).append({**told, "ruleset": held.number})
    play.operations[step.id] = operation["id"]
    play.world.loans[inputs.get("loan", inputs["item"])] = inputs["item"]
    return {"allowed": True, "refusals": [], "due": due.day.isoformat(), "ruleset": held.number}


def reconnect(play: Playing, step: Step) -> Out:
    """A machine that was off-line tells what it did (R82)."""
    branch = step.inputs["branch"]
    sent = play.offline.pop(branch, [])
    play.held.pop(branch, None)
    machine = play.machine(branch)
    for one in sent:
        body = {key: value for key, value in one.items() if key != "ruleset"}
        answer = machine.post("/operations/offline", {"rules": one["ruleset"], "operations": [body]})
        if answer.status_code != 200:
            raise CaseError(f"{step.id}: {answer.text}")
    listed = play.staff(branch).get("/breaches").json()["breaches"]
    names = {item: name for name, item in play.world.loans.items()}
    loans = {one["item"]: play.loan_of(one["item"]) for one in sent}
    steps = {operation: step for step, operation in play.operations.items()}
    step_of = {one["item"]: steps.get(one["id"]) for one in sent}
    kept = [item for item, loan in loans.items() if loan is not None]
    return {
        "recorded_loans": [{"item": item, "loan": names.get(item), "step": step_of[item]} for item in kept],
        "listed_for_staff": [
            {
                "item": breach["item_id"],
                "loan": names.get(breach["item_id"]),
                "step": step_of.get(breach["item_id"]),
                "refusals": [reason["code"] for reason in breach["reasons"]],
                "would_have_been_refused_by": [reason["code"] for reason in breach["reasons"]],
                "ruleset": breach["rule_set"],
                "kiosk_ruleset": breach["machine_rules"],
            }
            for breach in listed
        ],
        "not_listed": [
            {"item": one["item"], "loan": names.get(one["item"]), "step": step_of[one["item"]]}
            for one in sent
            if one["item"] not in {breach["item_id"] for breach in listed}
        ],
        "due_unchanged": all(
            loans[one["item"]] is not None and loans[one["item"]].due.isoformat() == one["due"] for one in sent
        ),
        "nothing_undone": len(kept) == len(sent),
    }
