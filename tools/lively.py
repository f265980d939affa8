"""The demo library on a working day: for the manual's pictures, and for tests that look at every page of the console.

Made through the service's own functions, as staff and machines do it. Everything in it is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from circulation import demo, desk, machines, money, operations, organising, people, reserving, staffing
from circulation.operations import Asked
from circulation.organising import Closing
from circulation.reserving import Wanted
from circulation.rulebook import drafts
from circulation.service import Service, Workplace
from circulation.staffing import StaffSession
from rules.plain import rule_to_plain

DAY = datetime(2026, 6, 1, 8, tzinfo=UTC)
STAFF, PASSWORD = "anna", "a good long password"
BRANCH = "N1"
READER = "20000000000014"
TEACHER = "20000000000048"
DELETED = "machine-renewal-dvd"


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
