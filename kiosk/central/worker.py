"""The thread that talks to the central service: requests of the core in order, heartbeats, item list and rule set.

Responsible for that the core hears of every request's end, of the service going and coming once each, and of new rules
and items. Not responsible for what is asked (session) or how it travels (rest).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from kiosk import effects as e
from kiosk import messages as m
from kiosk.central import api
from kiosk.central.cache import Cache
from kiosk.central.reading import ANSWERED
from rules.problems import RulesError
from rules.published import read as read_rules

log = structlog.get_logger("kiosk.central")

RESEND_AT_ONCE = 50
SHUT_OUT = frozenset({"machine_unknown", "version_unsupported"})  # the service is there, but not for this machine


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often what is done, in seconds.

    Attributes:
        heartbeat: between two heartbeats.
        refresh: between two questions for new rules and items.
        probe_first, probe_most: pause before the service is tried again while it is away; doubles.
    """

    heartbeat: float = 30.0
    refresh: float = 120.0
    probe_first: float = 0.5
    probe_most: float = 10.0


class CentralWorker:
    """The central thread.

    Args:
        client: the service.
        post: gives the core a message.
        cache: what is held across a restart.
        report: makes a heartbeat's report; called in this thread.
        sealed: sealed requests of the journal, oldest first.
        rhythm: how often.
    """

    def __init__(
        self,
        client: api.CirculationApi,
        post: Callable[[m.Message], None],
        cache: Cache,
        report: Callable[[int | None], api.HeartbeatReport],
        sealed: Callable[[], Mapping[str, bytes]],
        rhythm: Rhythm | None = None,
    ) -> None:
        self._client = client
        self._post = post
        self._cache = cache
        self._report = report
        self._sealed = sealed
        self._rhythm = rhythm or Rhythm()
        self._queue: queue.SimpleQueue[e.CentralRequest | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="central")
        self._stopping = threading.Event()
        self._up: bool | None = None
        self._pause = self._rhythm.probe_first
        self._beat_at = 0.0
        self._refresh_at = 0.0
        self._generation: str | None = cache.generation()
        self._told_generation: str | None = None
        self._live: int | None = None
        self._held: int | None = None
        self._fetched: int | None = None
        self._etags: dict[str, str | None] = {"items": None, "rules": None}

    def ask(self, request: e.CentralRequest) -> None:
        """Queue a request of the core; from any thread."""
        self._queue.put(request)

    def heard(self, clock: api.CentralClock, rules: int | None) -> None:
        """Take what came with an answer; called by the client in this thread."""
        self._told_generation = clock.generation or None
        self._live = rules

    def start(self) -> None:
        """Load what is held, then begin."""
        self._load_cache()
        self._thread.start()

    def stop(self) -> None:
        """End after the request in hand; what still waits is not sent (the journal knows what is open)."""
        self._stopping.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _load_cache(self) -> None:
        items, rules = self._cache.items(), self._cache.rules()
        if items is not None:
            self._etags["items"] = items.etag
            self._post(m.ItemListChanged(items))
        if rules is not None and self._take_rules(rules):
            self._etags["rules"], self._fetched = rules.etag, rules.number

    def _run(self) -> None:
        self._guarded(self._keep_up)
        while not self._stopping.is_set():
            try:
                request = self._queue.get(timeout=max(self._next_at() - time.monotonic(), 0.0))
            except queue.Empty:
                self._guarded(self._keep_up)
                continue
            if request is not None and not self._stopping.is_set():
                self._guarded(partial(self._serve, request))

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # never a silent death: staff and core are told, the thread goes on
            log.exception("central_failed")
            self._post(m.ThreadDied("central", type(error).__name__))
            self._up = None
            self._beat_at = time.monotonic() + self._rhythm.probe_most

    def _next_at(self) -> float:
        return min(self._beat_at, self._refresh_at) if self._up else self._beat_at

    # --- requests of the core ---

    def _serve(self, request: e.CentralRequest) -> None:
        if not self._up:
            self._guarded(self._keep_up)  # a heartbeat first: on another database sealed requests go before this one
        if not self._up:
            self._failed(request, "unreachable")
            return
        try:
            self._answer(request)
        except api.CentralRejected as error:
            self._failed(request, error.code)
            self._rejected(error.code)
        except api.CentralUnreachable as error:
            self._failed(request, "unreachable")
            self._is_down(str(error))
        except Exception:
            self._failed(request, "failed")
            raise
        if self._up:
            self._keep_up()

    def _answer(self, request: e.CentralRequest) -> None:
        match request:
            case e.SignIn(session, card, pin):
                self._post(m.SignedIn(session, self._client.sign_in(card, pin)))
            case e.SignOut(token):
                self._client.sign_out(token)
            case e.RunBatch(batch):
                self._run_batch(batch)
            case e.Settle(operation):
                self._post(m.OperationAnswered(operation, self._client.settle(operation)))
            case e.LoadAccount(session, token):
                self._post(m.AccountLoaded(session, self._client.account(token)))
            case e.MailReceipt(number, receipt, token, operations):
                self._client.mail_receipt(token, receipt, operations)
                self._post(m.ReceiptMailed(number, None))
            case e.LookUp(_, items):
                self._post(m.ItemsLookedUp(self._client.look_up(items)))

    def _run_batch(self, batch: api.Batch) -> None:
        lost = None
        for operation, found in self._client.run(batch):
            self._post(m.OperationAnswered(operation, found))
            if isinstance(found, api.Unknown) and not found.why.startswith(ANSWERED):
                lost = found.why
        self._post(m.BatchEnded(tuple(operation.id for operation in batch.operations)))
        if lost is not None:
            self._is_down(lost)

    def _failed(self, request: e.CentralRequest, code: str) -> None:
        match request:
            case e.SignIn(session):
                self._post(m.RequestFailed(session, "sign_in", code))
            case e.LoadAccount(session):
                self._post(m.RequestFailed(session, "account", code))
            case e.LookUp(session):
                self._post(m.RequestFailed(session, "look_up", code))
            case e.Settle(operation):
                self._post(m.SettleFailed(operation, code))
            case e.RunBatch(batch):
                for each in batch.operations:
                    self._post(m.OperationAnswered(each.id, api.Unknown(code)))
                self._post(m.BatchEnded(tuple(each.id for each in batch.operations)))
            case e.MailReceipt(number):
                self._post(m.ReceiptMailed(number, code))
            case e.SignOut():
                log.info("sign_out_not_told", code=code)

    # --- up, down, and what is done meanwhile ---

    def _rejected(self, code: str) -> None:
        if code in SHUT_OUT:
            self._is_down(code)

    def _is_up(self) -> None:
        self._pause = self._rhythm.probe_first
        if self._up:
            return
        self._up = True
        log.info("central_up")
        self._post(m.CentralUp(self._told_generation or ""))

    def _is_down(self, why: str) -> None:
        if self._stopping.is_set():
            return
        self._beat_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, self._rhythm.probe_most)
        if self._up is not False:
            self._up = False
            log.warning("central_down", why=why)
            self._post(m.CentralDown(why))

    def _keep_up(self) -> None:
        """What is due: heartbeat, sealed requests after a restore, news. The service is up if it answers all of it."""
        try:
            for due, work in (
                (self._wants_heartbeat, self._beat),
                (self._is_another_database, self._resend),
                (self._wants_news, self._refresh),
            ):
                if due():
                    self._unless_refused(work)
            self._is_up()
        except api.CentralRejected as error:
            self._is_down(error.code)
        except api.CentralUnreachable as error:
            self._is_down(str(error))

    def _unless_refused(self, work: Callable[[], None]) -> None:
        """What the service will not do for any machine is told to staff and keeps nobody from borrowing."""
        try:
            work()
        except api.CentralRejected as error:
            if error.code in SHUT_OUT:
                raise
            log.error("central_refuses", what=work.__name__.strip("_"), code=error.code)

    def _wants_heartbeat(self) -> bool:
        return not self._up or time.monotonic() >= self._beat_at

    def _beat(self) -> None:
        self._beat_at = time.monotonic() + self._rhythm.heartbeat
        answer = self._client.heartbeat(self._report(self._held))
        if answer.cleared:
            self._post(m.HeartbeatAnswered(answer))

    def _wants_news(self) -> bool:
        if not self._up or time.monotonic() >= self._refresh_at:
            return True
        return self._live is not None and self._live != self._fetched

    def _refresh(self) -> None:
        self._refresh_at = time.monotonic() + self._rhythm.refresh
        live = self._live
        rules = self._client.rules(self._etags["rules"])
        self._fetched = rules.number if rules is not None else live
        if rules is not None and self._take_rules(rules):
            self._etags["rules"] = rules.etag
            self._keep(lambda: self._cache.save_rules(rules))
        items = self._client.item_list(self._etags["items"])
        if items is not None:
            self._etags["items"] = items.etag
            self._post(m.ItemListChanged(items))
            self._keep(lambda: self._cache.save_items(items))

    def _take_rules(self, rules: api.PublishedRules) -> bool:
        """Read a rule set; one that cannot be used is left, and the machine keeps the one it has."""
        try:
            published = read_rules(rules.document)
        except RulesError as error:
            log.error("rules_unusable", why=str(error))
            return False
        self._held = published.number
        self._post(m.RulesChanged(published))
        return True

    def _keep(self, save: Callable[[], None]) -> None:
        try:
            save()
        except OSError as error:
            log.warning("cache_not_written", why=type(error).__name__)

    def _is_another_database(self) -> bool:
        return self._told_generation not in (None, self._generation)

    def _resend(self) -> None:
        """On another database than before (a restore), hand back what was asked of the one that is gone."""
        told = self._told_generation or ""
        if self._generation is not None:
            self._hand_back()
        self._generation = told
        self._keep(lambda: self._cache.save_generation(told))

    def _hand_back(self) -> None:
        sealed = list(self._sealed().items())
        for start in range(0, len(sealed), RESEND_AT_ONCE):
            asked = dict(sealed[start : start + RESEND_AT_ONCE])
            for operation, what in self._client.resend(asked).items():
                if operation in asked:
                    self._post(m.OperationAnswered(operation, what))
        log.warning("resent_after_restore", operations=len(sealed))
