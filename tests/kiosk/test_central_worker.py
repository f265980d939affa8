"""The central thread: every request's end is told, the service's going and coming once each."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk import effects as e
from kiosk import messages as m
from kiosk.central import api as c
from kiosk.central.cache import Cache
from kiosk.central.worker import CentralWorker, Rhythm
from rules.compiled import RuleSet
from rules.duedate import BranchCalendar
from rules.organisation import Organisation, OrganisationTree
from rules.published import write
from tests.waiting import wait_for

TREE = OrganisationTree({"N1": Organisation("N1", "Main", None, "branch")})
FAST = Rhythm(heartbeat=0.02, refresh=0.02, probe_first=0.01, probe_most=0.05)
SLOW = Rhythm(heartbeat=1000, refresh=1000, probe_first=1000, probe_most=1000)
BATCH = c.Batch((c.Operation("a", c.Action.CHECKOUT, "1"),), "t", "p", 1)
CARD = c.CardIdentifier("uid", "04112233")


def _rules(number: int) -> c.PublishedRules:
    document = write(RuleSet(number, (), TREE), "N1", {}, ("DE-Mus1",), BranchCalendar.always_open())
    return c.PublishedRules(f'"{number}"', number, document)


class _Service:
    """A service in memory. ``down``: nothing is answered; ``cleared``: told with the next heartbeat."""

    def __init__(self) -> None:
        self.down = False
        self.broken = False
        self.cleared: tuple[str, ...] = ()
        self.published = _rules(1)
        self.reports: list[c.HeartbeatReport] = []
        self.resent: list[str] = []
        self.mailed: list[tuple[str, str, tuple[str, ...]]] = []
        self.asked: list[str] = []
        self.refuses: dict[str, str] = {}
        self.before_answer: Callable[[str], None] = lambda what: None

    def _answer(self, value: Any) -> Any:
        what = inspect.stack()[1].function
        self.asked.append(what)
        self.before_answer(what)
        if what in self.refuses:
            raise c.CentralRejected(self.refuses[what], "no")
        if self.broken:
            raise RuntimeError("not an error of ours")
        if self.down:
            raise c.CentralUnreachable("gone")
        return value

    def sign_in(self, card: c.CardIdentifier, pin: str) -> c.SignInRefused:
        return self._answer(c.SignInRefused("pin_wrong", 2))  # type: ignore[no-any-return]

    def sign_out(self, session: str) -> None:
        self._answer(None)

    def run(self, batch: c.Batch) -> Iterator[tuple[str, c.Outcome]]:
        for operation in batch.operations:
            yield operation.id, c.Unknown("gone") if self.down else c.Done()

    def settle(self, operation: str) -> c.Done:
        return self._answer(c.Done())  # type: ignore[no-any-return]

    def account(self, session: str) -> c.Account:
        if session == "ended":
            raise c.CentralRejected("session_ended", "sign in again")
        return self._answer(c.Account((), (), (), 0, "EUR", None))  # type: ignore[no-any-return]

    def mail_receipt(self, session: str, receipt: str, operations: tuple[str, ...]) -> None:
        if session == "ended":
            raise c.CentralRejected("session_ended", "sign in again")
        self._answer(None)
        self.mailed.append((session, receipt, operations))

    def look_up(self, items: tuple[str, ...]) -> tuple[c.ItemState, ...]:
        return self._answer(tuple(c.ItemState(item, None, False, "unknown", 0.0) for item in items))  # type: ignore[no-any-return]

    def item_list(self, etag: str | None) -> c.ItemList | None:
        return self._answer(None if etag == '"i"' else c.ItemList('"i"', {}))  # type: ignore[no-any-return]

    def rules(self, etag: str | None) -> c.PublishedRules | None:
        return self._answer(None if etag == self.published.etag else self.published)  # type: ignore[no-any-return]

    def heartbeat(self, report: c.HeartbeatReport) -> c.HeartbeatAnswer:
        self.reports.append(report)
        return self._answer(c.HeartbeatAnswer(self.cleared))  # type: ignore[no-any-return]

    def resend(self, sealed: Mapping[str, bytes]) -> Mapping[str, c.Outcome]:
        self.resent += list(sealed)
        done: dict[str, c.Outcome] = {operation: c.Done() for operation in (*sealed, "nobody-asked")}
        return self._answer(done)  # type: ignore[no-any-return]


class _World:
    def __init__(self, folder: Path) -> None:
        self.service = _Service()
        self.heard: list[m.Message] = []
        self.cache = Cache(folder)
        self.worker = self.make()

    def make(self, rhythm: Rhythm = FAST) -> CentralWorker:
        return CentralWorker(
            self.service,
            self.heard.append,
            self.cache,
            lambda rules: c.HeartbeatReport("0.1.0", rules, {}, (), True),
            lambda: {"op": b"sealed"},
            rhythm,
        )

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[_World]:
    made = _World(tmp_path)
    yield made
    made.worker.stop()


def test_rules_items_and_up_are_told_at_start(world: _World) -> None:
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    assert [message.rules.number for message in world.of(m.RulesChanged)] == [1]
    assert len(world.of(m.ItemListChanged)) == 1
    wait_for(lambda: world.service.reports[-1].rules == 1)


def test_going_and_coming_are_told_once_each(world: _World) -> None:
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    world.service.down = True
    wait_for(lambda: world.of(m.CentralDown))
    beats = len(world.service.reports)
    wait_for(lambda: len(world.service.reports) > beats + 3)
    world.service.down = False
    wait_for(lambda: len(world.of(m.CentralUp)) == 2)
    assert len(world.of(m.CentralDown)) == 1


def test_every_request_has_an_end_while_the_service_is_away(world: _World) -> None:
    world.service.down = True
    world.worker.start()
    for request in (
        e.SignIn(1, CARD, "1234"),
        e.LoadAccount(1, "t"),
        e.LookUp(1, ("1",)),
        e.Settle("a"),
        e.RunBatch(BATCH),
        e.SignOut("t"),
        e.MailReceipt(5, "r", "t", ("a",)),
    ):
        world.worker.ask(request)
    wait_for(lambda: world.of(m.ReceiptMailed))
    assert world.of(m.ReceiptMailed) == [m.ReceiptMailed(5, "unreachable")]
    assert len(world.of(m.BatchEnded)) == 1
    assert {message.what for message in world.of(m.RequestFailed)} == {"sign_in", "account", "look_up"}
    assert len(world.of(m.SettleFailed)) == 1
    assert isinstance(world.of(m.OperationAnswered)[0].outcome, c.Unknown)


def test_a_refused_request_is_told_with_its_code_and_the_service_is_there(world: _World) -> None:
    world.worker.start()
    world.worker.ask(e.LoadAccount(7, "ended"))
    (failed,) = wait_for(lambda: world.of(m.RequestFailed))
    assert (failed.session, failed.code) == (7, "session_ended")
    assert not world.of(m.CentralDown)


def test_a_receipt_by_mail_is_asked_for_and_told_with_its_number(world: _World) -> None:
    world.worker.start()
    world.worker.ask(e.MailReceipt(5, "r", "token", ("a", "b")))
    world.worker.ask(e.MailReceipt(6, "s", "ended", ("a",)))
    wait_for(lambda: len(world.of(m.ReceiptMailed)) == 2)
    assert world.of(m.ReceiptMailed) == [m.ReceiptMailed(5, None), m.ReceiptMailed(6, "session_ended")]
    assert world.service.mailed == [("token", "r", ("a", "b"))]


def test_new_rules_arrive_and_unusable_ones_are_left(world: _World) -> None:
    world.worker.start()
    wait_for(lambda: world.of(m.RulesChanged))
    world.service.published = c.PublishedRules('"x"', 2, {"format": "something else", "number": 2})
    beats = len(world.service.reports)
    wait_for(lambda: len(world.service.reports) > beats + 3)
    world.service.published = _rules(3)
    wait_for(lambda: len(world.of(m.RulesChanged)) == 2)
    assert [message.rules.number for message in world.of(m.RulesChanged)] == [1, 3]


def test_what_was_held_is_there_after_a_restart_without_the_service(world: _World, tmp_path: Path) -> None:
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    world.worker.stop()
    world.heard.clear()
    world.service.down = True
    world.worker = world.make()
    world.worker.start()
    wait_for(lambda: world.of(m.CentralDown))
    assert [message.rules.number for message in world.of(m.RulesChanged)] == [1]
    assert len(world.of(m.ItemListChanged)) == 1


def test_staffs_decisions_come_with_a_heartbeat(world: _World) -> None:
    world.worker.start()
    world.service.cleared = ("1",)
    wait_for(lambda: world.of(m.HeartbeatAnswered))
    assert world.of(m.HeartbeatAnswered)[0].answer.cleared == ("1",)


@pytest.mark.requirement("R88")
def test_on_another_database_than_before_sealed_requests_are_handed_back(world: _World) -> None:
    world.worker.heard(c.CentralClock(datetime.now(UTC), "first", 0.0), 1)
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    assert world.service.resent == []
    world.worker.heard(c.CentralClock(datetime.now(UTC), "restored", 0.0), 1)
    wait_for(lambda: world.service.resent)
    assert [message.operation for message in world.of(m.OperationAnswered)] == ["op"]


def test_an_exception_in_the_thread_is_told_and_the_thread_goes_on(world: _World) -> None:
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    world.service.broken = True
    wait_for(lambda: world.of(m.ThreadDied))
    world.service.broken = False
    world.worker.ask(e.Settle("a"))
    wait_for(lambda: world.of(m.OperationAnswered))


def _heard(world: _World, generation: str, rules: int | None = 1) -> None:
    world.worker.heard(c.CentralClock(datetime.now(UTC), generation, 0.0), rules)


@pytest.mark.requirement("R88")
def test_sealed_requests_go_before_any_other_question_to_a_restored_service(world: _World) -> None:
    """Settled first, an operation the backup does not know would be abandoned for good."""
    _heard(world, "first")
    world.cache.save_generation("first")
    world.worker = world.make(SLOW)
    world.service.before_answer = lambda what: _heard(world, "restored")
    world.worker.ask(e.Settle("op"))
    world.worker.start()
    wait_for(lambda: "settle" in world.service.asked)
    assert world.service.asked.index("resend") < world.service.asked.index("settle")
    assert world.of(m.OperationAnswered)[0].operation == "op"


@pytest.mark.requirement("R88")
def test_a_restore_seen_in_an_answer_is_dealt_with_before_the_next_request(world: _World) -> None:
    world.cache.save_generation("first")
    world.worker = world.make(SLOW)
    world.service.before_answer = lambda what: _heard(world, "restored" if what == "sign_in" else "first")
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    world.worker.ask(e.SignIn(1, CARD, "1234"))
    world.worker.ask(e.Settle("op"))
    wait_for(lambda: "settle" in world.service.asked)
    after = world.service.asked[world.service.asked.index("sign_in") :]
    assert after[:3] == ["sign_in", "resend", "settle"]


def test_an_answer_about_a_request_that_was_not_handed_back_is_passed_over(world: _World) -> None:
    world.cache.save_generation("first")
    world.worker = world.make()
    _heard(world, "restored")
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    assert [message.operation for message in world.of(m.OperationAnswered)] == ["op"]


@pytest.mark.requirement("R88")
def test_what_could_not_be_handed_back_is_handed_back_later(world: _World) -> None:
    world.cache.save_generation("first")
    world.worker = world.make()
    _heard(world, "restored")
    world.service.refuses["resend"] = "bad_request"
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    assert world.cache.generation() == "first"
    world.service.refuses.clear()
    wait_for(lambda: world.cache.generation() == "restored")
    assert world.of(m.OperationAnswered)


def test_the_first_request_after_a_loss_finds_the_service_without_waiting_for_the_next_try(world: _World) -> None:
    world.service.down = True
    world.worker = world.make(SLOW)
    world.worker.start()
    wait_for(lambda: world.of(m.CentralDown))
    world.service.down = False
    world.worker.ask(e.SignIn(1, CARD, "1234"))
    wait_for(lambda: world.of(m.SignedIn))
    assert len(world.of(m.CentralUp)) == 1


def test_a_service_that_shuts_this_machine_out_is_away(world: _World) -> None:
    world.worker = world.make(SLOW)
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    world.service.refuses["sign_in"] = "machine_unknown"
    world.worker.ask(e.SignIn(1, CARD, "1234"))
    wait_for(lambda: world.of(m.CentralDown))
    assert world.of(m.RequestFailed)[0].code == "machine_unknown"
    assert world.of(m.CentralDown)[0].why == "machine_unknown"


@pytest.mark.parametrize(("what", "code"), [("rules", "not_found"), ("heartbeat", "bad_request")])
def test_what_the_service_will_not_do_keeps_it_not_from_being_there(world: _World, what: str, code: str) -> None:
    world.service.refuses[what] = code
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    world.worker.ask(e.SignIn(1, CARD, "1234"))
    wait_for(lambda: world.of(m.SignedIn))
    assert not world.of(m.CentralDown)


def test_an_operation_the_service_cannot_take_does_not_make_it_away(world: _World, monkeypatch: Any) -> None:
    world.worker = world.make(SLOW)
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    refused = c.Unknown("answered: operation_reused")
    monkeypatch.setattr(world.service, "run", lambda batch: iter([("a", refused)]))
    world.worker.ask(e.RunBatch(BATCH))
    world.worker.ask(e.Settle("a"))
    wait_for(lambda: len(world.of(m.OperationAnswered)) == 2)
    assert not world.of(m.CentralDown)


def test_a_request_during_which_something_breaks_has_an_end_too(world: _World, monkeypatch: Any) -> None:
    world.worker = world.make(SLOW)
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))

    def broken(batch: c.Batch) -> Iterator[tuple[str, c.Outcome]]:
        raise RuntimeError("not an error of ours")

    monkeypatch.setattr(world.service, "run", broken)
    world.worker.ask(e.RunBatch(BATCH))
    wait_for(lambda: world.of(m.ThreadDied))
    assert len(world.of(m.BatchEnded)) == 1
    assert isinstance(world.of(m.OperationAnswered)[0].outcome, c.Unknown)


def test_rules_are_fetched_as_soon_as_an_answer_names_others(world: _World) -> None:
    world.worker = world.make(SLOW)
    _heard(world, "g", 1)
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    world.service.published = _rules(2)
    world.service.before_answer = lambda what: _heard(world, "g", 2)
    world.worker.ask(e.SignIn(1, CARD, "1234"))
    wait_for(lambda: len(world.of(m.RulesChanged)) == 2)


def test_rules_that_cannot_be_used_are_not_fetched_with_every_answer(world: _World) -> None:
    world.worker = world.make(SLOW)
    world.service.published = c.PublishedRules('"x"', 2, {"format": "something else", "number": 2})
    world.service.before_answer = lambda what: _heard(world, "g", 2)
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    for _ in range(3):
        world.worker.ask(e.SignIn(1, CARD, "1234"))
    wait_for(lambda: len(world.of(m.SignedIn)) == 3)
    assert world.service.asked.count("rules") == 1


def test_it_stops_at_once_and_does_not_send_what_still_waits(world: _World) -> None:
    world.worker = world.make(SLOW)
    world.worker.start()
    wait_for(lambda: world.of(m.CentralUp))
    entered, leave = threading.Event(), threading.Event()

    def hold(what: str) -> None:
        entered.set()
        assert leave.wait(5)

    world.service.before_answer = hold
    for _ in range(50):
        world.worker.ask(e.SignIn(1, CARD, "1234"))
    assert entered.wait(5)
    stopping = threading.Thread(target=world.worker.stop)
    stopping.start()
    before = time.monotonic()
    wait_for(lambda: world.worker._stopping.is_set())
    leave.set()
    stopping.join()
    assert time.monotonic() - before < 2
    assert world.service.asked.count("sign_in") == 1
