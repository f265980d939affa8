"""Playing the steps of a case over the API: machine, desk and portal each with their own key, as in a library.

What a step answers is every fact it can tell; which of them are expected is compared elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import func, insert, select

from circulation import machines, staffing
from circulation.service import Service
from circulation.store import tables as t
from circulation.tidying import tidy
from rules.duedate import due_date
from rules.evaluate import decide
from rules.published import read as read_published
from rules.refusals import REFUSALS
from rules.rule import Facts as RuleFacts
from rules.values import Days
from tests.cases import documents
from tests.cases.filling import World, add_staff, minor
from tests.cases.reading import Case, CaseError, Step
from tests.circulation.running import Central, Machine, Staff, TestClock

STAFF = "staff"  # who acts at the desk unless a step names somebody
LANGUAGES = ("de", "en")
PERIODS = ("periods.loan_reserved", "periods.renewal_reserved", "periods.renewal", "periods.loan")
Out = dict[str, Any]


def money(minor: int) -> str:
    """Minor units as they are written in cases."""
    return f"{minor // 100}.{minor % 100:02d}"


@dataclass
class Playing:
    """One world and everything that was done in it so far.

    Attributes:
        operations: step -> operation id, reserve step -> the answer.
        offline: what a branch's machine did without the centre and has not told yet.
        kept: documents that steps have exported.
        held: rules a branch's machine holds while it is off-line.
    """

    case: Case
    service: Service
    central: Central
    clock: TestClock
    world: World
    kept: dict[str, str]
    operations: dict[str, str] = field(default_factory=dict)
    offline: dict[str, list[Out]] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    _machines: dict[tuple[str, str], Machine] = field(default_factory=dict)
    _staff: dict[tuple[str, str], Staff] = field(default_factory=dict)

    def play(self, step: Step) -> Out:
        """Play one step; its facts."""
        return ACTIONS[step.action](self, step)

    # --- who asks -----------------------------------------------------------------------------------------------------

    def machine(self, branch: str, channel: str = "kiosk") -> Machine:
        """The machine or portal of a branch, enrolled when it is first needed."""
        if (channel, branch) not in self._machines:
            code = machines.new_code(self.service, branch, channel)
            key = machines.enrol(self.service, code, f"{channel} {branch}", "1.0")["key"]
            self._machines[(channel, branch)] = self.central.known(key, branch)
        return self._machines[(channel, branch)]

    def staff(self, branch: str, user: str | None = None) -> Staff:
        """A member of staff at a branch; with every role unless the world says who is who."""
        name = user or STAFF
        if (name, branch) not in self._staff:
            with self.service.database.writing() as db:
                if db.execute(select(t.staff.c.name).where(t.staff.c.name == name)).first() is None:
                    # The world names who may override; where it names nobody, everybody may.
                    may = not self.case.world.get("staff") or name == STAFF
                    add_staff(self.service, db, name, may, self.clock())
            token = staffing.create_token(self.service, name, name, branch, "cases")["token"]
            self._staff[(name, branch)] = self.central.stranger(name, token)
        return self._staff[(name, branch)]

    def session(self, machine: Machine, patron: str) -> str:
        """A session of a patron."""
        return machine.token(self.world.patrons[patron])

    # --- what there is ------------------------------------------------------------------------------------------------

    def row(self, query: Any) -> Any:
        """One row of the database, None if there is none."""
        with self.service.database.reading() as db:
            return db.execute(query).first()

    def loan_of(self, item: str) -> Any:
        """The open loan of an item."""
        return self.row(select(t.loan).where(t.loan.c.item_id == item, t.loan.c.returned_at.is_(None)))

    def branch_of(self, step: Step, item: str | None = None, patron: str | None = None) -> str:
        """The branch a step names, else of the loan, of the patron's home, or the first one."""
        if "branch" in step.inputs:
            return str(step.inputs["branch"])
        loan = self.loan_of(item) if item is not None else None
        if loan is not None:
            return str(loan.branch)
        who = self.row(select(t.patron.c.home).where(t.patron.c.id == patron)) if patron is not None else None
        if who is not None and who.home is not None:
            return str(who.home)
        return next(str(b["code"]) for b in self.case.world["branches"] if b.get("type", "branch") == "branch")

    def item_of(self, loan: str) -> str:
        """The item of a named loan; an item may be named itself."""
        return self.world.loans.get(loan, loan)

    def sums(self, patron: str, branch: str) -> Out:
        """What a patron owes."""
        found: Out = self.staff(branch).get(f"/patrons/{patron}").json()["sums"]
        return found

    def open_loans(self, patron: str) -> dict[str, int]:
        """How many loans of each media type a patron has."""
        query = (
            select(t.item.c.media_type, func.count())
            .join(t.loan, t.loan.c.item_id == t.item.c.id)
            .where(t.loan.c.patron_id == patron, t.loan.c.returned_at.is_(None))
            .group_by(t.item.c.media_type)
        )
        with self.service.database.reading() as db:
            return {str(media_type): int(count) for media_type, count in db.execute(query)}

    def patron_of_reservation(self, reservation: str | None) -> str | None:
        """Whose reservation it is."""
        row = self.row(select(t.reservation.c.patron_id).where(t.reservation.c.id == reservation))
        return row.patron_id if row is not None else None

    # --- transactions -------------------------------------------------------------------------------------------------

    def transact(self, step: Step, action: str, item: str, patron: str | None, user: str | None = None) -> Out:
        """One checkout, return or renewal; every fact of it."""
        channel = step.inputs.get("channel", "desk")
        branch = self.branch_of(step, item, patron)
        before = self.loan_of(item)
        operation = str(uuid4())
        self.operations[step.id] = operation
        body: Out = {"id": operation, "action": action, "item": item}
        if channel == "desk":
            asked: Out = {"patron": patron, "operations": [body]}
            if "reason" in step.inputs:
                asked["override"] = {"reason": step.inputs["reason"]}
            (answer,) = self.staff(branch, user).post("/operations", asked).json()["lines"]
            line = answer["line"]
        else:
            machine = self.machine(branch, channel)
            token = self.session(machine, patron) if patron is not None and action != "return" else None
            line = machine.do(action, item, token, operation)
        whose = patron or (before.patron_id if before is not None else None)
        return self.facts(line, operation, branch, whose)

    def facts(self, line: Out, operation: str, branch: str, patron: str | None) -> Out:
        """The facts of an operation, from its line and its explanation."""
        told = {language: self.explained(operation, branch, language) for language in LANGUAGES}
        found = told["en"]
        details, steps = found["details"], found["steps"]
        reasons = [reason["code"] for reason in details["reasons"]]
        refused = line["outcome"] == "refused"
        loan = self.loan_of(line["item"])
        facts: Out = {
            "allowed": not refused,
            "refusals": reasons,
            "refusals_in_order": True,
            "due": line.get("due") if not refused else details["due_now"],
            "no_due_date_invented": refused and details["due_now"] is None,
            "winners": {kind: rule for kind, rule in details["winners"].items() if rule is not None},
            "default_used": details["default_used"],
            "not_default_used": details["default_used"],
            "not_consulted": list(details["winners"]),
            "organisation": _organisation(steps, reasons, details["organisation"]),
            "organisation_by_kind": {one["kind"]: one["organisation"] for one in steps},
            "unadjusted": details["unadjusted"],
            "steps_taken": details["moves"],
            "ruleset": found["ruleset"],
            "counted": details["numbers"].get("counted"),
            "limit": details["numbers"].get("limit"),
            "active_reservations": details["numbers"].get("active_reservations", 0),
            "charged": [self.charged(charge) for charge in details["charged"]],
            "days_late": details["days_late"],
            "uncapped": money(details["uncapped"]) if details["uncapped"] is not None else None,
            "overridable": refused and all(REFUSALS[code].overridable for code in reasons),
            "patron_text": " | ".join(told[language]["told"] or "" for language in LANGUAGES),
            "patron_text_about": line["reason"]["code"] if refused else None,
            "patron_text_sentences": 1 if refused else 0,
            "still_on_loan_to": loan.patron_id if loan is not None else None,
            "reservations_open": self.reservations_open(line["item"]),
            "on_hold_shelf_for": self.shelved_for(details["shelf"]),
            "reports": " | ".join(text for language in LANGUAGES for text in told[language]["text"]),
            "staff_at_desk_view": _desk_view(found["at_desk"]),
        }
        if patron is not None:
            facts["debt"] = money(self.sums(patron, branch)["owed"])
            facts["total"] = sum(self.open_loans(patron).values())
        return facts

    def explained(self, operation: str, branch: str, language: str) -> Out:
        """The explanation of an operation."""
        answer = self.staff(branch).get(f"/operations/{operation}/explanation", language=language)
        if answer.status_code != 200:
            raise CaseError(f"no explanation: {answer.text}")
        found: Out = answer.json()
        return found

    def charged(self, charge: Out) -> Out:
        """A fee as cases write it."""
        row = self.row(select(t.fee).where(t.fee.c.id == charge["fee"]))
        names = {item: name for name, item in self.world.loans.items()}
        loan = self.row(select(t.loan.c.item_id).where(t.loan.c.id == charge["loan"])) if charge["loan"] else None
        item = loan.item_id if loan is not None else charge["item"]
        return {
            "fee": charge["kind"],
            "kind": charge["kind"],
            "reason": row.reason,
            "amount": money(charge["amount"]),
            "patron": row.patron_id,
            "item": item,
            "loan": names.get(item),
            "rule": charge["rules"].get(charge["kind"]),
            "organisation": charge["branch"],
            "days_late": charge["days_late"],
            "uncapped": money(charge["uncapped"]) if charge["uncapped"] is not None else None,
        }

    def reservations_open(self, item: str) -> int:
        """Open reservations of the title of an item."""
        title = select(t.item.c.title_id).where(t.item.c.id == item).scalar_subquery()
        of = (t.reservation.c.title_id == title, t.reservation.c.ended_at.is_(None))
        return int(self.row(select(func.count()).select_from(t.reservation).where(*of))[0])

    def shelved_for(self, shelf: Out | None) -> str | None:
        """For whom a copy that came back stands on the hold shelf."""
        if shelf is None or shelf["state"] != "on_shelf":
            return None
        return self.patron_of_reservation(shelf["reservation"])


def _organisation(steps: list[Out], reasons: list[str], otherwise: str) -> str:
    """Whose rules decided: of the kind that refused, else of the last kind."""
    refusing = [step["organisation"] for step in steps if step["kind"] in reasons]
    return refusing[0] if refusing else otherwise


def _desk_view(at_desk: Out | None) -> Out | None:
    if at_desk is None:
        return None
    codes = [reason["code"] for reason in at_desk["reasons"]]
    return {"allowed": at_desk["allowed"], "refusals": codes, "due": at_desk["due"], "winners": at_desk["winners"]}


# --- actions ----------------------------------------------------------------------------------------------------------


def _checkout(play: Playing, step: Step) -> Out:
    inputs = step.inputs
    if inputs.get("offline"):
        return _offline_checkout(play, step)
    facts = play.transact(step, "checkout", inputs["item"], inputs["patron"], inputs.get("user"))
    if facts["allowed"]:
        play.world.loans[inputs.get("loan", inputs["item"])] = inputs["item"]
    return facts


def _renew(play: Playing, step: Step) -> Out:
    item = play.item_of(step.inputs["loan"])
    loan = play.loan_of(item)
    if loan is None:
        raise CaseError(f"{step.id}: {step.inputs['loan']} is not on loan")
    return play.transact(step, "renewal", item, loan.patron_id)


def _return(play: Playing, step: Step) -> Out:
    return play.transact(step, "return", play.item_of(step.inputs["loan"]), None)


def _override(play: Playing, step: Step) -> Out:
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


def _return_then_borrow(play: Playing, step: Step) -> Out:
    inputs = step.inputs
    returns = inputs["returns"]
    for loan in [returns] if isinstance(returns, str) else returns:
        play.transact(step, "return", play.item_of(loan), None)
    return play.transact(step, "checkout", inputs["borrow"], inputs["patron"])


def _borrow_until_refused(play: Playing, step: Step) -> Out:
    inputs = step.inputs
    for wanted in inputs["sequence"]:
        if isinstance(wanted, str) and play.row(select(t.item.c.id).where(t.item.c.id == wanted)) is not None:
            play.transact(step, "checkout", wanted, inputs["patron"])
            continue
        media_type = wanted["media_type"] if isinstance(wanted, Mapping) else wanted
        most = wanted.get("count", 1000) if isinstance(wanted, Mapping) else 1000
        for number in range(most):
            item = _free_item(play, media_type, number, step)
            if not play.transact(step, "checkout", item, inputs["patron"])["allowed"]:
                break
    on_loan = play.open_loans(inputs["patron"])
    return {"on_loan": on_loan, "total": sum(on_loan.values())}


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


def _reconnect(play: Playing, step: Step) -> Out:
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
    kept = [item for item, loan in loans.items() if loan is not None]
    return {
        "recorded_loans": [{"item": item, "loan": names.get(item)} for item in kept],
        "listed_for_staff": [
            {
                "item": breach["item_id"],
                "loan": names.get(breach["item_id"]),
                "refusals": [reason["code"] for reason in breach["reasons"]],
                "would_have_been_refused_by": [reason["code"] for reason in breach["reasons"]],
                "ruleset": breach["rule_set"],
                "kiosk_ruleset": breach["machine_rules"],
            }
            for breach in listed
        ],
        "not_listed": [
            {"item": one["item"], "loan": names.get(one["item"])}
            for one in sent
            if one["item"] not in {breach["item_id"] for breach in listed}
        ],
        "due_unchanged": all(
            loans[one["item"]] is not None and loans[one["item"]].due.isoformat() == one["due"] for one in sent
        ),
        "nothing_undone": len(kept) == len(sent),
    }


# --- reservations -----------------------------------------------------------------------------------------------------


def _reserve(play: Playing, step: Step) -> Out:
    inputs = step.inputs
    item = play.row(select(t.item.c.id).where(t.item.c.title_id == inputs["title"]))
    branch = inputs.get("branch") or inputs.get("pickup") or play.branch_of(step, None, inputs["patron"])
    body = {"title": inputs["title"], "pickup": inputs.get("pickup", branch)}
    channel = inputs.get("channel", "desk")
    if channel == "desk":
        answer = play.staff(branch).post("/reservations", {"patron": inputs["patron"], **body})
        if answer.status_code != 200:
            raise CaseError(f"{step.id}: {answer.text}")
        found = answer.json()
    else:
        asked = {"action": "reserve", "item": item.id if item else inputs["title"], "patron": inputs["patron"]}
        where = {"channel": channel, "branch": branch, "pickup": body["pickup"]}
        found = play.staff(branch).post("/what-if", {**asked, **where}).json()  # the reasons in the order of the checks
        machine = play.machine(branch, channel)
        token = play.session(machine, inputs["patron"])
        made = machine.post("/reservations", body, Library_Session=token).json()
        found = {**found, "reservation": made["reservation"], "default_used": _defaults(found["steps"])}
    if found["reservation"] is not None:
        play.world.reservations[step.id] = found["reservation"]
    reasons = [reason["code"] for reason in found["reasons"]]
    steps = found["steps"]
    return {
        "allowed": found["reservation"] is not None,
        "refusals": reasons,
        "winners": {kind: rule for kind, rule in found["winners"].items() if rule is not None},
        "default_used": found["default_used"],
        "limit": found["numbers"].get("limit"),
        "organisation": _organisation(steps, reasons, steps[-1]["organisation"] if steps else branch),
        "says": " | ".join(documents.reason_texts(found["reasons"], LANGUAGES)),
    }


def _defaults(steps: list[Out]) -> list[str]:
    return [step["kind"] for step in steps if step["default_used"]]


def _cancel_reservation(play: Playing, step: Step) -> Out:
    name = step.inputs["reservation"]
    id_ = play.world.reservations.get(name, name)
    row = play.row(select(t.reservation).where(t.reservation.c.id == id_))
    if row is None:
        raise CaseError(f"{step.id}: there is no reservation {name!r}")
    branch = str(row.pickup)
    if step.inputs.get("by") == "patron":
        machine = play.machine(branch, "web")
        token = play.session(machine, row.patron_id)
        answer = machine.post(f"/reservations/{id_}/cancel", Library_Session=token)
    else:
        answer = play.staff(branch).post(f"/reservations/{id_}/cancel")
    after = play.row(select(t.reservation.c.state).where(t.reservation.c.id == id_))
    fees = _fees_since(play, row.patron_id)
    return {
        "done": answer.status_code == 200 and after.state == "cancelled",
        "charged": fees,
        "winners": {fee["kind"]: fee["rule"] for fee in fees},
    }


def _fees_since(play: Playing, patron: str) -> list[Out]:
    """Fees booked for a patron at this moment."""
    query = select(t.fee).where(t.fee.c.patron_id == patron, t.fee.c.at == play.clock())
    with play.service.database.reading() as db:
        rows = db.execute(query).all()
    return [
        {
            "fee": "fees.uncollected_reservation",
            "kind": "fees.uncollected_reservation",
            "amount": money(row.amount),
            "patron": row.patron_id,
            "item": row.item_id,
            "rule": (row.rules or {}).get("fees.uncollected_reservation"),
            "organisation": row.branch,
        }
        for row in rows
        if row.reason == "uncollected"
    ]


def _scan_in(play: Playing, step: Step) -> Out:
    item = step.inputs["item"]
    before = play.row(
        select(t.reservation.c.id).where(t.reservation.c.copy_id == item, t.reservation.c.ended_at.is_(None))
    )
    facts = play.transact(step, "return", item, None)
    state = None
    if before is not None:
        state = play.row(select(t.reservation.c.state).where(t.reservation.c.id == before.id)).state
    return {**facts, "reservation_state": {"on_shelf": "on_hold_shelf"}.get(state, state) if state else None}


def _put_on_hold_shelf(play: Playing, step: Step) -> Out:
    branch = step.inputs["branch"]
    for item in step.inputs["items"]:
        play.transact(step, "return", item, None)
    shelf = play.staff(branch).get("/hold-shelf", branch=branch).json()["reservations"]
    names = {id_: name for name, id_ in play.world.reservations.items()}
    there = [
        {
            "item": one["copy_id"],
            "patron": one["patron"],
            "reservation": names.get(one["id"]),
            "until": one["collect_by"],
        }
        for one in shelf
        if one["state"] == "on_shelf"
    ]
    return {"on_hold_shelf": there, "on_pick_list": there}


def _nightly_jobs(play: Playing, step: Step) -> Out:
    tidy(play.service)
    with play.service.database.reading() as db:
        patrons = db.execute(select(t.patron.c.id)).scalars().all()
    return {"charged": [fee for patron in patrons for fee in _fees_since(play, patron)]}


# --- money ------------------------------------------------------------------------------------------------------------


def _where(play: Playing, step: Step) -> str:
    return play.branch_of(step, None, step.inputs["patron"])


def _account(play: Playing, patron: str, branch: str) -> Out:
    sums = play.sums(patron, branch)
    return {
        "debt": money(sums["owed"]),
        "sums": {"fees": money(sums["fees"]), "invoices": money(sums["invoices"]), "total": money(sums["owed"])},
        "sums_shown_separately": sums["apart"],
        "blocked": sums["blocked"],
        "series_running": sums["series_since"] is not None,
        "counted_from": sums["series_since"],
    }


def _pay(play: Playing, step: Step) -> Out:
    inputs, branch = step.inputs, _where(play, step)
    body: Out = {"amount": minor(inputs["amount"])}
    if "towards" in inputs:
        fees = play.staff(branch).get(f"/patrons/{inputs['patron']}").json()["fees"]
        invoice = "invoice" in str(inputs["towards"])
        body["fees"] = [fee["id"] for fee in fees if fee["invoice"] == invoice]
    answer = play.staff(branch).post(f"/patrons/{inputs['patron']}/payments", body)
    if answer.status_code != 200:
        raise CaseError(f"{step.id}: {answer.text}")
    return _account(play, inputs["patron"], branch)


def _charge(play: Playing, step: Step) -> Out:
    inputs, branch = step.inputs, _where(play, step)
    what = str(inputs.get("fee", "other"))
    body = {"amount": minor(inputs["amount"]), "reason": what[:64], "invoice": "invoice" in what}
    answer = play.staff(branch).post(f"/patrons/{inputs['patron']}/fees", body)
    if answer.status_code != 200:
        raise CaseError(f"{step.id}: {answer.text}")
    return _account(play, inputs["patron"], branch)


def _show_account(play: Playing, step: Step) -> Out:
    return _account(play, step.inputs["patron"], _where(play, step))


# --- looking ----------------------------------------------------------------------------------------------------------


def _show_loan(play: Playing, step: Step) -> Out:
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


def _explain(play: Playing, step: Step) -> Out:
    of = step.inputs["of"]
    if of not in play.operations:
        raise CaseError(f"{step.id}: step {of!r} has no operation that could be explained")
    branch = next(str(b["code"]) for b in play.case.world["branches"] if b.get("type", "branch") == "branch")
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
        "organisation": _organisation(steps, reasons, found["details"]["organisation"]),
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
        "default_used": _defaults(steps),
        "not_default_used": _defaults(steps),
        "candidates": [documents.candidate(s, look) for s in steps for look in s["looked_at"]],
        "at_desk": _desk_view(found["at_desk"]),
    }


def _what_if(play: Playing, step: Step) -> Out:
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


ACTIONS: Mapping[str, Callable[[Playing, Step], Out]] = {
    "checkout": _checkout,
    "renew": _renew,
    "return": _return,
    "override": _override,
    "return_then_borrow": _return_then_borrow,
    "borrow_until_refused": _borrow_until_refused,
    "reconnect": _reconnect,
    "reserve": _reserve,
    "cancel_reservation": _cancel_reservation,
    "scan_in": _scan_in,
    "nightly_jobs": _nightly_jobs,
    "put_on_hold_shelf": _put_on_hold_shelf,
    "pay": _pay,
    "charge": _charge,
    "show_account": _show_account,
    "show_loan": _show_loan,
    "explain": _explain,
    "what_if": _what_if,
    "list_rules": documents.list_rules,
    "publish": documents.publish,
    "publish_check": documents.publish_check,
    "checkout_with_draft": documents.checkout_with_draft,
    "import_toml": documents.import_toml,
    "import_csv": documents.import_csv,
    "export_toml": documents.export_toml,
    "export_csv": documents.export_csv,
}
