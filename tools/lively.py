"""The demo library on a working day: for the manual's pictures, and for tests that look at every page of the console.

Made through the service's own functions, as staff and machines do it. Everything in it is invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import insert

from circulation import demo, desk, machines, money, operations, organising, people, reserving, staffing
from circulation.jobs import claiming, running, system, tasks
from circulation.jobs.running import Counts, Run, TaskType
from circulation.jobs.types import TYPES
from circulation.notices import accounts, gateways, kept, looking, runs, templates
from circulation.notices.accounts import Account
from circulation.notices.channels.smtp_connecting import STARTTLS
from circulation.notices.composing import Composing
from circulation.notices.content import DUE_WARNING
from circulation.notices.gateways import GatewaySaid
from circulation.notices.kept import Tested
from circulation.notices.task_types import CODES, WarningOptions, asked
from circulation.notices.templates import Place, Words
from circulation.notices.types import EMAIL, Accepted, Lost, Message, Outcome, Refused, nothing
from circulation.operations import Asked
from circulation.organising import Closing
from circulation.reserving import Wanted
from circulation.rulebook import drafts
from circulation.service import Service, Workplace
from circulation.staffing import StaffSession
from circulation.store.mail_tables import mail_account
from circulation.store.tables import usage
from rules.plain import rule_to_plain

DAY = datetime(2026, 6, 1, 8, tzinfo=UTC)
# What is counted in a month: way, action, reason of a refusal, media type, how often.
COUNTED = (
    *(
        ("kiosk", "checkout", "", "BOOK", 61),
        ("kiosk", "checkout", "", "DVD", 17),
        ("desk", "checkout", "", "BOOK", 14),
    ),
    *(("kiosk", "return", "", "BOOK", 55), ("kiosk", "return", "", "DVD", 15), ("desk", "return", "", "BOOK", 9)),
    *(("kiosk", "renewal", "", "BOOK", 8), ("web", "renewal", "", "BOOK", 12), ("desk", "renewal", "", "BOOK", 3)),
    *(("kiosk", "checkout", "self_service.checkout", "DVD18", 3), ("kiosk", "checkout", "counts.max_loans", "DVD", 2)),
    *(("kiosk", "checkout", "patron_state.expired", "BOOK", 1), ("desk", "checkout", "patron.debt_block", "BOOK", 1)),
)
STAFF, PASSWORD = "anna", "a good long password"
BRANCH = "N1"
READER = "20000000000014"
TEACHER = "20000000000048"
BORROWER = "20000000000113"
DELETED = "machine-renewal-dvd"
ACCOUNT, GATEWAY = "office", "texts"


class LivelyClock:
    """The day of the pictures; it goes on as told."""

    def __init__(self) -> None:
        self.now = DAY

    def __call__(self) -> datetime:
        """Now."""
        return self.now

    def later(self, minutes: int) -> None:
        """Let minutes pass."""
        self.now += timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class Lively:
    """What there is to open.

    Attributes:
        ids: what a page of the console may be asked for -> one there is ("patron", "item", "loan", "operation", ...).
    """

    service: Service
    ids: dict[str, str]


def fill(service: Service, clock: LivelyClock) -> Lively:
    """Fill an empty database and let a morning pass."""
    data = demo.fill(service)
    staffing.create(service, "set-up", STAFF, PASSWORD, staffing.ROLES, may_override=True)
    staffing.create(service, STAFF, "bert", PASSWORD, (staffing.DESK,))
    token = staffing.create_token(service, STAFF, "bert", BRANCH, "the web catalogue", 365)["id"]
    at_desk = desk.workplace(service, StaffSession(STAFF, frozenset(staffing.ROLES), True, BRANCH))
    reader = people.by_card(service, READER)
    machine = _machine(service, clock)
    refused, film = _morning(service, clock, machine, reader, data)
    reservation = _reserved(service, at_desk, reader, data)
    lines = _returned(service, at_desk, data)
    number = money.charge(
        service, at_desk, reader, {"amount": 250, "reason": "damage", "title": None, "invoice": False}
    )
    money.charge(service, at_desk, reader, {"amount": 1990, "reason": "lost", "title": None, "invoice": True})
    money.pay(service, at_desk, reader, 100, [number])
    organising.add_closing(service, STAFF, BRANCH, Closing(date(2026, 6, 19), date(2026, 6, 19), False, "Staff outing"))
    draft = _draft(service)
    _half_a_year(service)
    task = _sending(service)
    notice, warned = _night(service, clock, at_desk, data, task)
    for number, card in enumerate((READER, TEACHER), 1):
        people.change_patron(service, at_desk, people.by_card(service, card), {"email": f"reader{number}@example.org"})
    loan = people.account(service, at_desk, reader)["loans"][0]
    ids = {
        **{"patron": reader, "item": loan["item_id"], "loan": str(loan["id"]), "operation": refused, "draft": draft},
        **{"fee": str(number), "machine": machine.id, "reservation": reservation, "organisation": BRANCH},
        **{"member": STAFF, "token": token, "rule_set": "1", "rule": "checkout-dvd18-age", "kind": "counts.max_loans"},
        **{
            "flow": "overdue_notices",
            "film": film,
            "teacher": people.by_card(service, TEACHER),
            "lines": ",".join(lines),
            "deleted": DELETED,
            "media_type": "DVD",
            "chapter": "first-day",
            "title": loan["item_id"],
            "task": str(task),
            "what": "accounts",
            "code": ACCOUNT,
            "gateway": GATEWAY,
            "message": notice,
            "warned": warned,
        },
    }
    return Lively(service, ids)


def _machine(service: Service, clock: LivelyClock) -> Workplace:
    """A machine that has been heard of, with an item in doubt, and one that has been silent since yesterday."""
    found = {}
    for name, ago in (("Entrance, left", 1), ("Children's corner", 26 * 60)):
        enrolled = machines.enrol(service, machines.new_code(service, BRANCH, by=STAFF), name, "0.1.0")
        found[name] = Workplace(enrolled["machine"], BRANCH)
        clock.now -= timedelta(minutes=ago)
        doubt = {"item": "30000000000013", "wanted": "armed", "last": "unknown", "since": clock() - timedelta(hours=2)}
        devices = {"pad": "up", "card": "up", "scanner": "up", "printer": "absent" if ago > 60 else "up"}
        report = {"version": "0.1.0", "rules": 1, "devices": devices, "clock_trusted": True}
        machines.heartbeat(service, found[name], {**report, "doubts": [doubt] if ago < 60 else []})
        clock.now += timedelta(minutes=ago)
    return found["Entrance, left"]


def _morning(
    service: Service, clock: LivelyClock, machine: Workplace, reader: str, data: dict[str, Any]
) -> tuple[str, str]:
    """A stack at the machine: books are lent, a film from 18 is not; the id of that refusal, and the film."""
    free = [item for item in data["item"] if not {"loan", "set_aside", "state"} & item.keys()]
    books = [item["id"] for item in free if item["media_type"] == "BOOK" and item["branch"] == BRANCH][:3]
    film = next(item["id"] for item in free if item["media_type"] == "DVD18")
    refused = ""
    for number, item in enumerate([*books, film]):
        refused = str(uuid5(NAMESPACE_URL, f"lively:{number}"))
        operations.run(service, machine, Asked(refused, "checkout", item, reader))
        clock.later(1)
    return refused, film


def _half_a_year(service: Service) -> None:
    """What was counted on the first of each month since December."""
    lines = [
        {"day": date(2026 - (month == 12), month, 1), "branch": BRANCH, "channel": way, "action": action, "reason": why}
        | {"media_type": media_type, "number": number * (10 + (month * month) % 12)}
        for month in (12, 1, 2, 3, 4, 5)
        for way, action, why, media_type, number in COUNTED
    ]
    with service.database.writing() as db:
        db.execute(insert(usage), lines)


def _reserved(service: Service, at_desk: Workplace, reader: str, data: dict[str, Any]) -> str:
    """A title that is on loan to somebody else, reserved."""
    lent = next(item["id"] for item in data["item"] if "loan" in item and item["media_type"] == "BOOK")
    number, verdict = reserving.reserve(service, at_desk, Wanted(reader, lent, BRANCH))
    if number is None:
        raise ValueError(f"the demo rules refuse the reservation: {verdict.reasons}")
    return number


def _returned(service: Service, at_desk: Workplace, data: dict[str, Any]) -> list[str]:
    """A pile taken back at the desk: a withdrawn item, one that goes back to its shelf, one somebody waits for."""
    withdrawn = next(item["id"] for item in data["item"] if item.get("state") == "withdrawn")
    lent = next(item["id"] for item in data["item"] if item.get("loan", {}).get("patron") == "max")
    kept = next(item["id"] for item in data["item"] if item.get("set_aside") == "ben")
    done: list[str] = []
    for item in (withdrawn, lent, kept):
        done.insert(0, str(uuid5(NAMESPACE_URL, f"lively:return:{item}")))
        desk.carry_out(service, at_desk, Asked(done[0], "return", item, None))
    return done


def _draft(service: Service) -> str:
    """A draft with a longer loan period in summer and one thing to be told about it."""
    made = str(drafts.create(service, STAFF, "Summer 2026")["id"])
    with service.database.reading() as db:
        top = drafts.rule_set(db, drafts.LIVE).rules[0]
    summer = {"id": "loan-summer", "name": "Six weeks in summer", "kind": "periods.loan", "org": "A"}
    days = {"valid_from": "2026-06-15", "valid_until": "2026-08-31", "value": {"days": 42}}
    drafts.insert_rule(service, STAFF, made, {**summer, **days})
    switched = {**rule_to_plain(top), "active": False}
    drafts.replace_rule(service, STAFF, made, top.id, switched)
    drafts.delete_rule(service, STAFF, made, DELETED)
    return made


def _sending(service: Service) -> int:
    """Ways of sending, the tasks of the system, and one that warns patrons; the id of that.

    No mail has left: that the account was tested is written down as if it had been.
    """
    office = Account("Office", "mail.example.org", 587, STARTTLS, "library@example.org", "City Library", "library")
    accounts.create(service, STAFF, ACCOUNT, office, PASSWORD)
    with service.database.reading() as db:
        row = kept.present(db, mail_account, ACCOUNT)
    accounts.KEEPING.record_test(service, STAFF, row, Tested(True, None, "250 2.0.0 Ok: queued as 4XyZ"))
    fields = {"to": "{to}", "text": "{text}"}
    texts = GatewaySaid("Text messages", "https://sms.example.org/send", fields, header="Authorization")
    gateways.create(service, STAFF, GATEWAY, texts, PASSWORD)
    system.ensure(service)
    while (claim := claiming.claim_due(service, claiming.process_name())) is not None:
        running.carry_out(service, TYPES, claim)
    options = {"account": ACCOUNT, "days": 3}
    times = {"times": ["07:00"], "weekdays": [1, 2, 3, 4, 5]}
    return tasks.create(service, STAFF, tasks.Wanted(CODES[DUE_WARNING], "Due warnings", options, times))


# --- a night's run ----------------------------------------------------------------------------------------------------

# Cards of borrowers, and their addresses; the last one has none.
WARNED = {
    "20000000000048": "teresa@example.org",
    "20000000000055": "nobody@example.org",
    "20000000000022": "ben@example.org",
    "20000000000121": None,
}
TAKEN = "250 2.0.0 Ok: queued as 4Xy7"
ANSWERS: dict[str, Outcome] = {
    "nobody@example.org": Refused("550 5.1.1 User unknown", permanent=True),
    "ben@example.org": Lost("connection reset after the text"),
}


class PostBox:
    """Stands in for a mail server: it takes everything but what ``ANSWERS`` says."""

    @contextmanager
    def opened(self) -> Iterator[PostBox]:
        """Always open."""
        yield self

    def wait(self) -> None:
        """Nothing is in the way."""

    def hand_over(self, message: Message, meanwhile: Callable[[], None] = nothing) -> Outcome:
        """What a server might say."""
        return ANSWERS.get(message.to, Accepted(TAKEN))


def _night(
    service: Service, clock: LivelyClock, at_desk: Workplace, data: dict[str, Any], task: int
) -> tuple[str, str]:
    """Films are lent, and warned of some days later; the message nobody knows the fate of, and its loan."""
    films = [item["id"] for item in data["item"] if item["media_type"] == "DVD" and not {"loan", "state"} & item.keys()]
    clock.now -= timedelta(days=5)
    for (card, address), film in zip(WARNED.items(), films, strict=False):
        patron = people.by_card(service, card)
        people.change_patron(service, at_desk, patron, {"email": address})
        desk.carry_out(
            service, at_desk, Asked(str(uuid5(NAMESPACE_URL, f"lively:film:{film}")), "checkout", film, patron)
        )
    clock.now += timedelta(days=5)
    words = Words("{count} of your loans are due", "Dear {name},\n\nplease mind these dates:\n\n{items}\n\n{library}")
    place = Place("A", DUE_WARNING, "", EMAIL, "en")
    templates.use(service, STAFF, place, templates.save(service, STAFF, place, words))
    kind = TaskType(CODES[DUE_WARNING], WarningOptions, _warn)
    running.carry_out(service, {kind.code: kind}, claiming.claim_by_hand(service, claiming.process_name(), task, STAFF))
    _month_ahead(service, at_desk)
    entries = looking.log(service, looking.search(service, state="uncertain")).lines
    return str(entries[0].number), str(entries[0].notices[0].loan_id)


def _month_ahead(service: Service, at_desk: Workplace) -> None:
    """A task of its own for books, which has not run yet, and somebody it would write to."""
    people.change_patron(service, at_desk, people.by_card(service, BORROWER), {"email": "max@example.org"})
    options = {"account": ACCOUNT, "days": 21, "media_types": ["BOOK"]}
    tasks.create(service, STAFF, tasks.Wanted(CODES[DUE_WARNING], "Books, early", options, {"times": ["06:30"]}))


def _warn(service: Service, wanted: WarningOptions, job: Run) -> Counts:
    """A run as it is, but for the server it speaks to."""
    return runs.run(service, asked(service, DUE_WARNING, wanted, job.claim.task), job, {EMAIL: PostBox()}, Composing())
