"""Why a transaction came out as it did, in words for staff, from what was recorded with it (R76).

Not responsible for deciding; the part "at the desk" asks whatif.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import wording
from circulation import whatif
from circulation.clock import local_day
from circulation.desk import details
from circulation.domain.records import Verdict
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import house
from circulation.store import operations as store
from circulation.whatif import Answer, Question
from rules.finding import Words, value_words
from rules.refusals import Reason, choose, patron_sentence
from rules.trace import Step
from rules.values import value_from_plain
from wording import WordingError

Plain = Mapping[str, Any]
LOAN_PERIODS = ("periods.loan_reserved", "periods.loan", "periods.renewal_reserved", "periods.renewal")


def explain(service: Service, operation: str, language: str) -> dict[str, Any]:
    """The explanation of a recorded operation.

    Raises:
        CirculationError: no such operation, or its trace has had its time.
    """
    with service.database.reading() as db:
        row = store.by_id(db, operation)
        here = house.installation(db)
    if row is None or row.trace is None or row.outcome is None:
        raise CirculationError("operation_unknown", "there is no record of this operation", 404)
    trace, outcome = row.trace, row.outcome
    steps = [{**step, "text": step_text(step, language)} for step in trace.get("steps", ())]
    reasons = [_reason(raw, language) for raw in trace.get("reasons", ())]
    stopped = any(raw["code"].startswith("self_service.") for raw in reasons)
    at_desk = _at_desk(service, trace, outcome, local_day(row.at, here.time_zone)) if stopped else None
    charged = [_charged(charge, here.currency, language) for charge in trace.get("charged", ())]
    told = _told(trace, language)
    head = _head(trace, outcome, language)
    lines = [head, *(line for step in steps for line in step["text"]), *(raw["text"] for raw in reasons)]
    lines += [charge["text"] for charge in charged]
    if "found" in trace:
        lines.append(_say("explain.found", {"state": _state(trace["found"], language)}, language))
    lines += [_say("explain.stopped", {}, language)] if stopped else []
    lines += desk_texts(at_desk.verdict, language) if at_desk is not None else []
    return {
        "operation": operation,
        "action": outcome["action"],
        "item": outcome["item"],
        "allowed": outcome["outcome"] == "done",
        "due": outcome.get("due"),
        "channel": trace["channel"],
        "organisation": trace["branch"],
        "ruleset": trace["ruleset"],
        "at": row.at,
        "staff": row.staff,
        "steps": steps,
        "reasons": reasons,
        "overridden": [_reason(raw, language) for raw in trace.get("overridden", ())],
        "charged": charged,
        "details": details(trace),
        "told": told,
        "stopped": stopped,
        "at_desk": whatif.plain(at_desk) if at_desk is not None else None,
        "text": lines,
    }


def step_text(step: Plain, language: str) -> list[str]:
    """One kind decided, in sentences: what did not match, and what decided."""
    kind = _say(f"kind.{step['kind']}", {}, language)
    if step["level"] is not None:
        kind = f"{kind} ({step['level']})"
    value = value_text(step["value"], language)
    lines = [skipped_text(looked, language) for looked in step["looked_at"] if looked["result"] == "skipped"]
    winner = next((looked for looked in step["looked_at"] if looked["result"] == "matched"), None)
    if winner is None:
        given = {"kind": kind, "organisation": step["organisation"], "value": value}
        return [*lines, _say("explain.default", given, language)]
    count = len(step["looked_at"]) + step["not_looked_at"]
    given = {
        "kind": kind,
        "number": winner["number"],
        "count": count,
        "name": winner["name"],
        "organisation": ", ".join((winner["org"], *asked_texts(winner, language))),
        "value": value,
    }
    return [*lines, _say("explain.rule", given, language)]


def asked_texts(looked: Plain, language: str) -> list[str]:
    """What the rule that decided asks for; nothing of one that was recorded before this was."""
    return [
        _say("explain.asked", {"field": _say(f"field.{field}", {}, language), "wanted": wanted}, language)
        for field, wanted in looked.get("asked", ())
    ]


def skipped_text(looked: Plain, language: str) -> str:
    """Why a rule that was looked at did not match."""
    given = {
        "number": looked["number"],
        "name": looked["name"],
        "organisation": looked["org"],
        "field": _say(f"field.{looked['field']}", {}, language),
        "wanted": looked["wanted"],
        "was": looked["was"] or _say("explain.none", {}, language),
    }
    # What the patron was is not kept with the record, so only what the rule asked for can be said of it.
    return _say("explain.skipped" if looked["was"] is not None else "explain.skipped_patron", given, language)


def value_text(plain: object, language: str) -> str:
    """A value of a rule in words, from its plain form; None is "none"."""
    if plain is None:
        return _say("explain.none", {}, language)
    return _words(value_words(value_from_plain(plain)), language)


def _words(words: Words, language: str) -> str:
    given = {
        name: _words(value, language) if isinstance(value, Words) else value for name, value in words.params.items()
    }
    return _say(words.code, given, language)


def reason_text(reason: Reason, language: str) -> str:
    """A reason in words for staff; where they have none of their own, in the patron's."""
    given: dict[str, Any] = {name: _typed(value) for name, value in reason.params.items()}
    if "state" in given:
        given["state"] = _state(str(given["state"]), language)
    if isinstance(given.get("amount"), int):
        given["amount"] = (given["amount"], given.get("currency"))
    try:
        return _say(f"refusal.{reason.code}", given, language)
    except WordingError:
        return patron_text(reason, language)


def _state(state: str, language: str) -> str:
    try:
        return _say(f"state.item.{state}", {}, language)
    except WordingError:  # of a newer service, after a restore
        return state


def patron_text(reason: Reason, language: str) -> str:
    """The sentence the patron is told."""
    told = patron_sentence(reason.code, reason.params)
    params = dict(told.params)
    if "media_type" in params:
        params["kind"] = params.pop("media_type")
    return wording.say(told.code, params, language, dict(reason.site_text))


def _typed(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _reason(raw: Plain, language: str) -> dict[str, Any]:
    reason = Reason(raw["code"], raw["params"], raw["site_text"])
    return {**raw, "text": reason_text(reason, language)}


def _told(trace: Plain, language: str) -> str | None:
    reasons = [Reason(raw["code"], raw["params"], raw["site_text"]) for raw in trace.get("reasons", ())]
    return patron_text(choose(reasons), language) if reasons else None


def _head(trace: Plain, outcome: Plain, language: str) -> str:
    given: dict[str, Any] = {
        "action": _say(f"action.{outcome['action']}", {}, language),
        "item": outcome["item"],
        "channel": _say(f"channel.{trace['channel']}", {}, language),
        "branch": trace["branch"],
    }
    if outcome["outcome"] != "done":
        return _say("explain.head.refused", given, language)
    if outcome.get("due") is None:
        return _say("explain.head.allowed", given, language)
    return _say("explain.head.due", {**given, "date": date.fromisoformat(outcome["due"])}, language)


def _charged(charge: Plain, currency: str, language: str) -> Plain:
    given = {"kind": _say(f"kind.{charge['kind']}", {}, language), "amount": (charge["amount"], currency)}
    if "charged_days" not in charge:
        return {"fee": charge["fee"], "text": _say("explain.charged", given, language)}
    days = {"late": charge["days_late"], "charged": charge["charged_days"]}
    return {"fee": charge["fee"], "text": _say("explain.charged_late", {**given, **days}, language)}


def patron_of(service: Service, operation: str) -> str | None:
    """For whom a recorded operation was, as far as it or the loan it made still says so."""
    with service.database.reading() as db:
        row = store.by_id(db, operation)
        if row is None or row.outcome is None:
            return None
        named: str | None = (row.trace or {}).get("patron")
        return named or store.borrower(db, row.outcome.get("item"), row.at)


def override_of(service: Service, operation: str) -> dict[str, str] | None:
    """Who of the staff set reasons aside in a recorded operation, and why (R83)."""
    with service.database.reading() as db:
        row = store.by_id(db, operation)
    found: dict[str, str] | None = row.trace.get("override") if row is not None and row.trace else None
    return found


def _at_desk(service: Service, trace: Plain, outcome: Plain, on: date) -> Answer | None:
    """The same at the desk, by the same rules, on the same day, for whom and what there is now."""
    patron = trace.get("patron")
    if patron is None and outcome["action"] != "return":
        return None
    question = Question(outcome["action"], patron, outcome["item"], "desk", trace["branch"], on, trace["ruleset"])
    return whatif.ask(service, question)


def deciding_period(verdict: Verdict) -> Step | None:
    """The kind that gave the loan period; None = none did."""
    decided = {step.kind: step for step in verdict.steps if step.value is not None}
    return next((decided[kind] for kind in LOAN_PERIODS if kind in decided), None)


def desk_texts(verdict: Verdict, language: str) -> list[str]:
    """What would happen at the desk, and by which rule so long."""
    if verdict.reasons:
        why = " ".join(reason_text(reason, language) for reason in verdict.reasons)
        return [_say("explain.desk.refused", {"why": why}, language)]
    if verdict.due is None:
        return [_say("explain.desk.allowed", {}, language)]
    by = deciding_period(verdict)
    said = step_text(by.to_plain(), language)[-1:] if by is not None else []
    return [_say("explain.desk.due", {"date": verdict.due.day}, language), *said]


def _say(code: str, params: Mapping[str, object], language: str) -> str:
    return wording.say_staff(code, params, language)
