"""The world of a case while it is played: who asks over the API, what there is, and every fact of a transaction.

Machine, desk and portal each have their own key, as in a library. What each action does is in the modules that
``actions`` names; which facts are expected is compared elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from circulation import machines, staffing
from circulation.notices.types import EMAIL
from circulation.service import Service
from circulation.store import tables as t
from rules.refusals import REFUSALS
from tests.cases.answering import server
from tests.cases.filling import World, add_staff
from tests.cases.reading import Case, CaseError, Step
from tests.circulation.posting import Box, Post
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
        operations: step -> operation id.
        offline: what a branch's machine did without the centre and has not told yet.
        kept: documents that steps have exported.
        reserved: reserve step -> the answer.
        held: rules a branch's machine holds while it is off-line.
        tasks: name -> task that sends notices.
        post: what sends them, over the mail server of the world.
    """

    case: Case
    zone: str
    service: Service
    central: Central
    clock: TestClock
    world: World
    kept: dict[str, str]
    operations: dict[str, str] = field(default_factory=dict)
    offline: dict[str, list[Out]] = field(default_factory=dict)
    reserved: dict[str, Out] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    post: Post = field(init=False)
    _machines: dict[tuple[str, str], Machine] = field(default_factory=dict)
    _staff: dict[tuple[str, str], Staff] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.post = Post(self.service)
        self.post.boxes[EMAIL] = Box(server(self.case, self.zone, self.clock))

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

    def staff_named(self) -> list[str]:
        """Everybody of the staff."""
        with self.service.database.reading() as db:
            return list(db.execute(select(t.staff.c.name)).scalars())

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
        return self.first_branch()

    def first_branch(self) -> str:
        """The branch of steps that name none."""
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

    def media_types(self) -> list[str]:
        """Codes of all media types."""
        with self.service.database.reading() as db:
            return sorted(db.execute(select(t.media_type.c.code)).scalars())

    def debts(self) -> dict[str, str]:
        """What every patron owes."""
        of = t.patron.outerjoin(t.fee, (t.fee.c.patron_id == t.patron.c.id) & t.fee.c.open)
        owed = func.coalesce(func.sum(t.fee.c.amount - t.fee.c.paid), 0)
        with self.service.database.reading() as db:
            rows = db.execute(select(t.patron.c.id, owed).select_from(of).group_by(t.patron.c.id)).all()
        return {str(patron): money(int(sum_)) for patron, sum_ in rows}

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
            "organisation": organisation_of(steps, reasons, details["organisation"]),
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
            "staff_at_desk_view": desk_view(found["at_desk"]),
        }
        if patron is not None:
            facts["debt"] = money(self.sums(patron, branch)["owed"])
            facts["debt_by_kind"] = self.debts()
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


def organisation_of(steps: list[Out], reasons: list[str], otherwise: str) -> str:
    """Whose rules decided: of the kind that refused, else of the last kind."""
    refusing = [step["organisation"] for step in steps if step["kind"] in reasons]
    return refusing[0] if refusing else otherwise


def desk_view(at_desk: Out | None) -> Out | None:
    """What the desk would do."""
    if at_desk is None:
        return None
    codes = [reason["code"] for reason in at_desk["reasons"]]
    told = {"allowed": at_desk["allowed"], "refusals": codes, "due": at_desk["due"], "winners": at_desk["winners"]}
    return {**at_desk["winners"], **told, **deciding(at_desk["steps"], codes)}


def deciding(steps: list[Out], reasons: list[str]) -> Out:
    """The rule that decided: of the kind that refused, else of the period, else of the last kind."""
    at = next((s for s in steps if s["kind"] in reasons), None) or next(
        (s for kind in PERIODS for s in steps if s["kind"] == kind and s["winner"]), steps[-1] if steps else None
    )
    period = next((s["value"]["days"] for kind in PERIODS for s in steps if s["kind"] == kind and s["value"]), None)
    winner = next((look for look in at["looked_at"] if look["result"] == "matched"), None) if at is not None else None
    found = {"kind": at["kind"] if at is not None else None, "value_days": period}
    keys = {"rule": "rule", "rule_number": "number"}
    return {**found, **{key: winner[of] if winner is not None else None for key, of in keys.items()}}


def by_kind(steps: list[Out]) -> dict[str, Out]:
    """Number of the deciding rule and days of the value, of every kind that has them."""
    matched = {s["kind"]: look for s in steps for look in s["looked_at"] if look["result"] == "matched"}
    days = {s["kind"]: s["value"]["days"] for s in steps if isinstance(s["value"], dict) and "days" in s["value"]}
    return {"rule_number": {kind: look["number"] for kind, look in matched.items()}, "value_days": days}


def defaults(steps: list[Out]) -> list[str]:
    """Kinds decided by their default."""
    return [step["kind"] for step in steps if step["default_used"]]
