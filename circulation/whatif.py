"""What would happen if: any patron, item, action, channel, branch and date, by any rule set (R77).

The same code decides as for a real transaction; nothing is written, locked or counted. Not responsible for the rule
sets themselves (store.house) or for explaining what did happen (explaining).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from circulation import reserving, transactions
from circulation.clock import local_day
from circulation.domain import charges
from circulation.domain.records import House, Override, Place, Verdict
from circulation.errors import CirculationError
from circulation.rulebook import drafts
from circulation.service import Service
from circulation.store import circulating as store
from circulation.store import house
from circulation.transactions import Subject
from rules.refusals import Reason
from rules.values import Value

RESERVE = "reserve"
ACTIONS = (*transactions.ACTIONS, RESERVE)
MOST_DAYS_AWAY = 366 * 20


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        action: one of ``ACTIONS``.
        patron: for whom; None only for a return.
        item: which item; for a reservation, any copy of the title.
        on: the day, None = today.
        rules: number of a published set, id of a draft, None = the live set.
        pickup: of a reservation; None = the branch.
        override: as if staff set aside every refusal that anybody may set aside (R83).
    """

    action: str
    patron: str | None
    item: str
    channel: str
    branch: str
    on: date | None = None
    rules: int | str | None = None
    pickup: str | None = None
    override: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What would come of it.

    Attributes:
        differs: kinds that are decided otherwise under the live set; not those one of the two never came to.
        loans_after: how many loans the patron would have.
        fee: overdue fee a return or renewal would book, minor units.
    """

    verdict: Verdict
    place: Place
    differs: tuple[str, ...]
    loans_after: int | None
    fee: int | None

    @property
    def ruleset(self) -> int | None:
        """Number of the set that decided, None for a draft."""
        return self.place.rules.number or None


def ask(service: Service, question: Question) -> Answer:
    """Answer a question.

    Raises:
        CirculationError: no such branch, rule set or draft, or a day too far away.
    """
    with service.database.reading() as db:
        here = house.installation(db)
        instant = service.clock()
        today = local_day(instant, here.time_zone)
        if question.on is not None and abs((question.on - today).days) > MOST_DAYS_AWAY:
            raise CirculationError("day_far", "no calendar says anything of a day so far away", place="on")
        live = service.live.of(db, here, (question.on or today).year)[1]
        for branch in (question.branch, question.pickup or question.branch):
            if branch not in live.rules.organisations.nodes:
                raise CirculationError("branch_unknown", f"there is no branch {branch!r}")
        day = question.on or local_day(instant, live.zone(question.branch))
        now = live if question.rules is None else _house(db, question.rules, here, day)
        override = Override(question.channel, True, "") if question.override else None
        place = Place(question.channel, question.branch, day, now, override)
        verdict, fee = _decide(db, place, question)
        under_live = verdict if now is live else _decide(db, replace(place, house=live), question)[0]
        before = _decided(under_live)
        now_decided = _decided(verdict)
        differs = tuple(kind for kind in now_decided if kind in before and now_decided[kind] != before[kind])
        return Answer(verdict, place, differs, _loans_after(db, question, verdict), fee)


def _decided(verdict: Verdict) -> dict[str, tuple[str | None, Value | None]]:
    """What decided each kind, and what it said: a draft may change a rule and keep its name."""
    return {step.kind: (step.winner, step.value) for step in verdict.steps}


def _house(db: Connection, rules: int | str, here: house.Installation, day: date) -> House:
    return house.house_of(db, drafts.rule_set(db, str(rules)), here, day.year)


def _decide(db: Connection, place: Place, question: Question) -> tuple[Verdict, int | None]:
    if question.action == RESERVE:
        item = store.item(db, question.item, locked=False)
        if item is None or question.patron is None:
            return Verdict((Reason("item_unknown" if item is None else "permission"),)), None
        wanted = reserving.Wanted(question.patron, item.title, question.pickup or question.branch)
        return reserving.decide(db, place, wanted, locked=False), None
    patron = None if question.action == transactions.RETURN else question.patron
    subject = transactions.read(db, question.item, patron, queue=True, locked=False)
    if isinstance(subject, Reason):
        return Verdict((subject,)), None
    verdict = transactions.decide(db, place, question.action, subject)
    return verdict, _fee(db, place, subject) if not verdict.reasons else None


def _fee(db: Connection, place: Place, subject: Subject) -> int | None:
    loan = subject.loan
    borrower = store.person(db, loan.patron) if loan is not None and loan.patron is not None else None
    if loan is None or borrower is None:
        return None
    _, _, charge = charges.overdue(place, subject.item, loan, borrower)
    return charge.amount.minor if charge is not None else 0


def _loans_after(db: Connection, question: Question, verdict: Verdict) -> int | None:
    if question.patron is None:
        return None
    now = store.count_loans(db, question.patron, None)
    change = {transactions.CHECKOUT: 1, transactions.RETURN: -1}.get(question.action, 0)
    return now + (change if not verdict.reasons else 0)


def plain(answer: Answer) -> dict[str, Any]:
    """An answer as a JSON object."""
    verdict = answer.verdict
    due = verdict.due
    return {
        "allowed": not verdict.reasons,
        "reasons": list(verdict.reasons),
        "due": due.day if due is not None else None,
        "unadjusted": due.unadjusted if due is not None else None,
        "moves": due.steps if due is not None else 0,
        "period": verdict.period,
        "winners": dict(verdict.winners),
        "numbers": dict(verdict.numbers),
        "steps": [step.to_plain() for step in verdict.steps],
        "differs_from_live": list(answer.differs),
        "loans_after": answer.loans_after,
        "fee": answer.fee,
        "ruleset": answer.ruleset,
        "branch": answer.place.branch,
        "channel": answer.place.channel,
        "on": answer.place.today,
    }
