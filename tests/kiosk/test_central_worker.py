"""The central thread: every request's end is told, the service's going and coming once each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

    def _answer(self, value: Any) -> Any:
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
        return {operation: c.Done() for operation in sealed}


class _World:
    def __init__(self, folder: Path) -> None:
        self.service = _Service()
        self.heard: list[m.Message] = []
        self.cache = Cache(folder)
        self.worker = self.make()

    def make(self) -> CentralWorker:
        return CentralWorker(
            self.service,
            self.heard.append,
            self.cache,
            lambda rules: c.HeartbeatReport("0.1.0", rules, {}, (), True),
            lambda: {"op": b"sealed"},
            FAST,
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
    batch = c.Batch((c.Operation("a", c.Action.CHECKOUT, "1"),), "t", "p", 1)
    for request in (
        e.SignIn(1, CARD, "1234"),
        e.LoadAccount(1, "t"),
        e.LookUp(1, ("1",)),
        e.Settle("a"),
        e.RunBatch(batch),
        e.SignOut("t"),
    ):
        world.worker.ask(request)
    wait_for(lambda: world.of(m.BatchEnded))
    assert {message.what for message in world.of(m.RequestFailed)} == {"sign_in", "account", "look_up"}
    assert len(world.of(m.SettleFailed)) == 1
    assert isinstance(world.of(m.OperationAnswered)[0].outcome, c.Unknown)


def test_a_refused_request_is_told_with_its_code_and_the_service_is_there(world: _World) -> None:
    world.worker.start()
    world.worker.ask(e.LoadAccount(7, "ended"))
    (failed,) = wait_for(lambda: world.of(m.RequestFailed))
    assert (failed.session, failed.code) == (7, "session_ended")
    assert not world.of(m.CentralDown)


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
