"""Sign-in, its lock-outs, sessions and the account."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from circulation import lockout, machines, signin
from circulation.secrets import token_hash
from circulation.service import Service
from circulation.store import tables as t
from tests.circulation.running import Central, Machine, TestClock, codes
from tests.circulation.world import PIN, Amount, World, rule

UNKNOWN = "29999999999999"


def until(answer: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(answer["until"])


# --- who comes in -----------------------------------------------------------------------------------------------------


def test_card_and_pin_open_a_session(world: World, machine: Machine) -> None:
    world.rules(rule("all", "counts.max_loans", 15), rule("dvd", "counts.max_loans", 3, media_type="DVD"))
    patron = world.patron(language="de")
    world.lent(patron)
    answer = machine.sign_in(patron)
    assert (answer["outcome"], answer["patron"]) == ("signed_in", world.patron_id(patron))
    assert (answer["first_name"], answer["language"]) == ("Mira", "de")
    assert (answer["loans"], answer["limit"], answer["notices"]) == (1, 15, [])
    assert "Vogel" not in str(answer)


def test_a_card_is_known_by_its_uid_too(world: World, machine: Machine) -> None:
    world.rules()
    patron = world.patron()
    with world.service.database.writing() as db:
        db.execute(insert(t.card).values(kind="uid", value="04A1B2C3", patron_id=world.patron_id(patron)))
    for kind, outcome in (("uid", "signed_in"), ("barcode", "refused")):
        body = {"card": {"kind": kind, "value": "04A1B2C3"}, "pin": PIN}
        assert machine.post("/sign-in", body).json()["outcome"] == outcome


def test_limit_and_notices_are_those_of_the_patrons_category_and_age(world: World, machine: Machine) -> None:
    world.rules(
        rule("children", "counts.max_loans", 5, age_group="child"),
        rule("teachers", "counts.max_loans", 50, patron_category="teacher"),
        rule("all", "counts.max_loans", 15),
        rule("debt", "patron.debt_block", Amount(1000)),
        rule("debt-children", "patron.debt_block", Amount(200), age_group="child"),
    )
    child = world.patron(born=date(2016, 1, 1), owes=250)
    teacher, adult = world.patron("teacher"), world.patron(owes=250)
    answers = [machine.sign_in(patron) for patron in (child, teacher, adult)]
    assert [answer["limit"] for answer in answers] == [5, 50, 15]
    assert [[notice["code"] for notice in answer["notices"]] for answer in answers] == [["patron.debt_block"], [], []]
    assert answers[0]["notices"][0]["params"] == {"amount": 250, "currency": "EUR", "limit": 200}
    assert machine.get("/account", Library_Session=answers[0]["token"]).json()["limit"] == 5


# --- lock-outs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_a_card_is_locked_for_longer_each_time_whether_anybody_has_it_or_not(
    world: World, machine: Machine, clock: TestClock, known: bool
) -> None:
    world.rules()
    card = world.patron() if known else UNKNOWN
    for minutes in (1, 2, 4):
        answers = [machine.sign_in(card, "9999") for _ in range(3)]
        assert [answer.get("tries_left") for answer in answers] == [2, 1, None]
        assert [answer["code"] for answer in answers] == ["pin_wrong", "pin_wrong", "locked"]
        assert until(answers[2]) == clock() + timedelta(minutes=minutes)
        assert machine.sign_in(card, PIN) == answers[2]
        clock.later(minutes=minutes)
    assert machine.sign_in(card, PIN)["outcome"] == ("signed_in" if known else "refused")


def test_a_lock_is_never_longer_than_an_hour(world: World, machine: Machine, clock: TestClock) -> None:
    world.rules()
    card = world.patron()
    for _ in range(9):
        answer = [machine.sign_in(card, "9999") for _ in range(3)][2]
        assert until(answer) - clock() <= timedelta(hours=1)
        clock.now = until(answer)
    assert until([machine.sign_in(card, "9999") for _ in range(3)][2]) == clock() + timedelta(hours=1)


def test_the_right_pin_makes_forget_the_wrong_ones(world: World, machine: Machine) -> None:
    world.rules()
    card = world.patron()
    for _ in range(4):
        assert [machine.sign_in(card, "9999")["tries_left"] for _ in range(2)] == [2, 1]
        assert machine.sign_in(card)["outcome"] == "signed_in"


def test_a_card_locked_here_is_locked_everywhere(world: World, central: Central) -> None:
    world.rules()
    card = world.patron()
    one, two = central.machine("N1"), central.machine("N2")
    for _ in range(3):
        one.sign_in(card, "9999")
    assert two.sign_in(card)["code"] == "locked"


def guess(machine: Machine, times: int, start: int = 0) -> list[dict[str, Any]]:
    """Wrong PINs for as many cards, none of which is locked by it."""
    return [machine.sign_in(f"28{number:012}", "0000") for number in range(start, start + times)]


def test_a_machine_at_which_many_pins_are_tried_is_locked_with_an_alarm(
    world: World, central: Central, clock: TestClock
) -> None:
    world.rules()
    card, machine, other = world.patron(), central.machine("N1"), central.machine("N2")
    assert {answer["code"] for answer in guess(machine, 20)} == {"pin_wrong"}
    assert [row["alarm_at"] for row in machines.listed(world.service)] == [clock(), None]
    locked = machine.sign_in(card)
    assert (locked["code"], until(locked)) == ("machine_locked", clock() + timedelta(minutes=5))
    assert other.sign_in(card)["outcome"] == "signed_in"
    clock.later(minutes=5)
    assert machine.sign_in(card)["outcome"] == "signed_in"


def test_a_locked_machine_locks_no_cards(world: World, central: Central) -> None:
    world.rules()
    card, machine = world.patron(), central.machine()
    guess(machine, 20)
    for _ in range(5):
        assert machine.sign_in(card, "9999")["code"] == "machine_locked"
    assert central.machine("N2").sign_in(card)["outcome"] == "signed_in"


def test_a_patron_who_goes_on_trying_a_locked_card_locks_no_machine(world: World, machine: Machine) -> None:
    world.rules()
    card, other = world.patron(), world.patron()
    for _ in range(30):
        machine.sign_in(card, "9999")
    assert machine.sign_in(other)["outcome"] == "signed_in"


def test_a_right_pin_between_wrong_ones_does_not_open_the_way_for_more(world: World, machine: Machine) -> None:
    world.rules()
    own = world.patron()
    guess(machine, 19)
    assert machine.sign_in(own)["outcome"] == "signed_in"  # the 20th try, and right
    assert [row["alarm_at"] for row in machines.listed(world.service)] == [None]
    assert guess(machine, 1, start=19)[0]["code"] == "pin_wrong"
    assert machine.sign_in(own)["code"] == "machine_locked"


def test_mistakes_spread_over_a_busy_day_lock_no_machine(world: World, machine: Machine, clock: TestClock) -> None:
    world.rules()
    own = world.patron()
    for number in range(60):
        assert guess(machine, 1, start=number)[0]["code"] == "pin_wrong"
        clock.later(minutes=2)
        assert machine.sign_in(own)["outcome"] == "signed_in"
        clock.later(minutes=1)


def test_a_clock_set_back_neither_locks_nor_opens(world: World, service: Service, clock: TestClock) -> None:
    with service.database.writing() as db:
        assert lockout.count(db, "x", signin.CARD, clock()).left == 2
        assert lockout.count(db, "x", signin.CARD, clock() - timedelta(days=3)).left == 1
        assert lockout.count(db, "x", signin.CARD, clock() - timedelta(days=3)).locks_until is not None


def test_an_unknown_card_costs_a_hash_like_any_other(
    world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rules()
    card = world.patron()
    hashes: list[bool] = []
    real = type(world.service.secrets).pin_fits

    def noted(self: Any, stored: str | None, pin: str, patron: str) -> bool:
        hashes.append(stored is None)
        return real(self, stored, pin, patron)

    monkeypatch.setattr(type(world.service.secrets), "pin_fits", noted)
    known, unknown = machine.sign_in(card, "9999"), machine.sign_in(UNKNOWN, "9999")
    assert known == unknown
    assert hashes == [False, True]
    monkeypatch.undo()
    hashed = world.service.secrets._hasher
    seen: list[str] = []

    def verified(_: Any, stored: str, __: bytes) -> bool:
        seen.append(stored)
        return False

    monkeypatch.setattr(type(hashed), "verify", verified)
    world.service.secrets.pin_fits(None, PIN, "")
    (dummy,) = seen  # is really verified
    assert dummy.startswith("$argon2id$")


def test_the_try_is_counted_before_its_hash_is_computed(
    world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rules()
    counted: list[int] = []

    def look(*_: Any) -> bool:
        with world.service.database.reading() as db:
            query = select(t.lock_out.c.failures).where(t.lock_out.c.subject.startswith("card:"))
            counted.append(db.execute(query).scalar_one())
        return False

    monkeypatch.setattr(type(world.service.secrets), "pin_fits", look)
    card = world.patron()
    machine.sign_in(card, "1")
    machine.sign_in(card, "2")
    assert counted == [1, 2]


def test_at_most_two_hashes_are_computed_at_a_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, gate, lock = [0], [0], threading.Event(), threading.Lock()
    both = threading.Semaphore(0)

    def slow(*_: Any) -> bool:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        both.release()
        assert gate.wait(20)
        with lock:
            running[0] -= 1
        return True

    monkeypatch.setattr(type(service.secrets._hasher), "verify", slow)
    threads = [threading.Thread(target=service.secrets.pin_fits, args=("x", PIN, "p")) for _ in range(6)]
    for thread in threads:
        thread.start()
    assert both.acquire(timeout=20)
    assert both.acquire(timeout=20)
    assert not both.acquire(timeout=0.1)
    gate.set()
    for thread in threads:
        thread.join(20)
    assert most[0] == 2


def test_a_stolen_database_alone_gives_no_pin_away(world: World) -> None:
    patron = world.patron()
    with world.service.database.reading() as db:
        stored = db.execute(select(t.patron.c.pin_hash)).scalar_one()
    hasher = world.service.secrets._hasher
    assert stored.startswith("$argon2id$")
    for attempt in (PIN, f"{patron}{PIN}", f"{world.patron_id(patron)}{PIN}"):
        with pytest.raises(Exception, match="does not match"):
            hasher.verify(stored, attempt)
    assert world.service.secrets.pin_fits(stored, PIN, world.patron_id(patron))
    assert not world.service.secrets.pin_fits(stored, PIN, "somebody else")


# --- sessions ---------------------------------------------------------------------------------------------------------


def ended(machine: Machine, token: str) -> bool:
    answer = machine.get("/account", Library_Session=token)
    if answer.status_code == 401:
        assert answer.json()["error"] == "session_ended"
    return answer.status_code == 401


def test_a_session_ends_after_half_an_hour_without_use(world: World, machine: Machine, clock: TestClock) -> None:
    world.rules()
    token = machine.token(world.patron())
    for _ in range(3):
        clock.later(minutes=30)
        assert not ended(machine, token)
    clock.later(minutes=30, seconds=1)
    assert ended(machine, token)


def test_when_a_session_was_used_is_noted_once_a_minute(world: World, machine: Machine, clock: TestClock) -> None:
    world.rules()
    token = machine.token(world.patron())
    began = clock()
    for minutes, noted in ((0.5, 0), (0.5, 0), (0.5, 1.5), (1, 1.5), (0.5, 3)):
        clock.later(minutes=minutes)
        assert not ended(machine, token)
        with world.service.database.reading() as db:
            assert db.execute(select(t.patron_session.c.used_at)).scalar_one() == began + timedelta(minutes=noted)


def test_a_session_ends_with_sign_out(world: World, machine: Machine) -> None:
    world.rules()
    token = machine.token(world.patron())
    assert machine.post("/sign-out", Library_Session=token).status_code == 204
    assert ended(machine, token)
    assert machine.post("/sign-out", Library_Session=token).status_code == 204


def test_a_session_belongs_to_its_machine(world: World, central: Central) -> None:
    world.rules()
    one, two = central.machine("N1"), central.machine("N1")
    token = one.token(world.patron())
    assert ended(two, token)
    assert two.post("/sign-out", Library_Session=token).status_code == 204
    assert not ended(one, token)


def test_a_token_is_stored_hashed_only(world: World, machine: Machine) -> None:
    world.rules()
    token = machine.token(world.patron())
    with world.service.database.reading() as db:
        (row,) = db.execute(select(t.patron_session)).all()
    assert token not in str(row)
    assert row.token_hash == token_hash(token)


@pytest.mark.parametrize("path", ["/account", "/sign-out"])
def test_without_a_token_there_is_no_session(machine: Machine, path: str) -> None:
    answer = machine.get(path) if path == "/account" else machine.post(path)
    assert (answer.status_code, answer.json()["error"]) == (401, "session_ended")


# --- account ----------------------------------------------------------------------------------------------------------


def test_the_account_shows_loans_what_is_ready_and_fees(world: World, machine: Machine, clock: TestClock) -> None:
    world.rules(rule("all", "counts.max_loans", 15))
    patron, other = world.patron(owes=250), world.patron(owes=999)
    late = world.lent(patron, due=date(2026, 5, 31))
    today = world.lent(patron, "DVD", due=date(2026, 6, 1))
    ready = world.item(set_aside=patron, collect_by=date(2026, 6, 8), shelf="A 12")
    world.lent(other)
    world.item(set_aside=other)
    account = machine.get("/account", Library_Session=machine.token(patron)).json()
    assert [(loan["item"], loan["due"], loan["overdue"]) for loan in account["loans"]] == [
        (late, "2026-05-31", True),
        (today, "2026-06-01", False),
    ]
    assert [(row["item"], row["collect_by"], row["shelf"]) for row in account["ready"]] == [
        (ready, "2026-06-08", "A 12")
    ]
    assert account["fees"] == [{"reason": "overdue", "amount": 250, "title": None}]
    assert (account["owed"], account["currency"], account["limit"]) == (250, "EUR", 15)


@pytest.mark.parametrize("state", ["in_transit", "not_ready", "missing", "withdrawn", "on_loan"])
def test_what_is_set_aside_but_not_there_is_not_ready(world: World, machine: Machine, state: str) -> None:
    world.rules()
    patron = world.patron()
    if state == "on_loan":
        world.lent(world.patron(), set_aside=patron)
    else:
        world.item(set_aside=patron, state=state)
    assert machine.get("/account", Library_Session=machine.token(patron)).json()["ready"] == []


def test_a_patron_who_is_refused_may_still_look_at_the_account(world: World, machine: Machine) -> None:
    world.rules()
    patron = world.patron(blocked=True, card_lost=True)
    token = machine.token(patron)
    assert codes(machine.do("checkout", world.item(), token)) == ["patron_state.card_lost", "patron_state.blocked"]
    assert machine.get("/account", Library_Session=token).status_code == 200
