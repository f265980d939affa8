"""How many checkouts a second the central service takes, beside the same SQL statements sent by the driver alone.

The service is the shipped program, one process, asked over HTTP by 1, 8 and 64 machines that ask again as soon as they
are answered: one checkout at a time, or twenty in a batch. Beside it as many connections send what one checkout sends
to the database. The three in turn, a second each, so that what else the computer does falls on all of them. Every
transaction is on the disk before it is answered: SQLite with synchronous=FULL, PostgreSQL as Debian ships it.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from uuid import uuid4

from argon2 import PasswordHasher
from sqlalchemy import insert, update

from benchmarks import direct
from circulation import demo, operations
from circulation.clock import real_clock
from circulation.operations import Asked
from circulation.secrets import Secrets, new_token, token_hash
from circulation.service import Service, Workplace
from circulation.store import house
from circulation.store import tables as t
from circulation.store.engine import Database
from rules import toml as rule_files
from tests.circulation.running import server_process
from tests.postgres.cluster import DEBIAN_SETTINGS, running

CLIENTS = (1, 8, 64)
BATCH = 20  # as many as a machine may ask for at once
LEAST_SINGLE, LEAST_BATCHED = 0.4, 0.7  # of what the driver alone does
ROUNDS = 3
PART = 1.0  # seconds after which nobody begins another request
MOST = {"direct": 4096, "single": 1024, "batched": 2560}  # checkouts that are made ready for one part
MACHINES = 64
BRANCH = "N1"
SECONDS = 60
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # nobody's PIN is asked for here
DONE = b'"outcome": "done"'

Worker = Callable[[float], list[float]]  # does what it has, until it is late: the seconds of each


class Failed(Exception):
    """There is nothing to measure."""


@dataclass(slots=True)
class Rate:
    """What was done in all rounds together.

    Attributes:
        done: checkouts.
        failed: checkouts that were asked for and did not come out as done, for whatever reason.
        seconds: from the first request to the last answer, of all clients together.
        each: seconds of each request; of each transaction where there are no requests.
    """

    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    each: list[float] = field(default_factory=list)

    def add(self, done: int, failed: int, seconds: float, each: Sequence[float]) -> None:
        """Another round."""
        self.done += done
        self.failed += failed
        self.seconds += seconds
        self.each += each

    @property
    def per_second(self) -> float:
        """Checkouts."""
        return self.done / self.seconds

    @property
    def p99(self) -> float:
        """Seconds within which 99 of a hundred were answered."""
        return statistics.quantiles(self.each, n=100)[98]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of clients at one database. ``statements``: what one checkout sends."""

    database: str
    clients: int
    statements: int
    direct: Rate = field(default_factory=Rate)
    single: Rate = field(default_factory=Rate)
    batched: Rate = field(default_factory=Rate)

    @property
    def ratio_single(self) -> float:
        """Of what the driver alone does."""
        return self.single.per_second / self.direct.per_second

    @property
    def ratio_batched(self) -> float:
        """Of what the driver alone does."""
        return self.batched.per_second / self.direct.per_second

    @property
    def failed(self) -> int:
        """Checkouts that were not done; there must be none."""
        return self.direct.failed + self.single.failed + self.batched.failed


# --- the library ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with a patron signed in."""

    id: str
    key: str
    token: str
    patron: str


@dataclass(frozen=True, slots=True)
class Library:
    """A library that is served.

    Attributes:
        host: where it is served, "host:port".
        items: free ones, again and again: more than are lent in one part.
    """

    service: Service
    host: str
    machines: tuple[Machine, ...]
    items: Iterator[str]

    def shares(self, clients: int) -> list[tuple[Machine, ...]]:
        """All machines, dealt out: however many clients there are, each patron has as many loans."""
        return [self.machines[client::clients] for client in range(clients)]

    def take_back(self) -> None:
        """Everything is returned."""
        with self.service.database.writing() as db:
            lent = t.loan.c.returned_at.is_(None)
            db.execute(update(t.loan).where(lent).values(returned_at=self.service.clock()))


def fill(service: Service) -> None:
    """The demo library and its rules, but for the limit of 15 items."""
    service.database.migrate()
    demo.fill(service)
    text = (demo.FOLDER / "rules.toml").read_text("utf-8").replace("value = 15\n", "value = 10000\n")
    with service.database.writing() as db:
        house.publish(db, rule_files.read(text, house.known_codes(db)), service.clock())


def add_books(service: Service, count: int = 2 * max(MOST.values())) -> list[str]:
    """So many books, each a title of its own."""
    values = {"title": "A title", "author": "", "media_type": "BOOK", "branch": BRANCH, "parts": 1}
    numbers = [f"9{number:013}" for number in range(count)]
    books = [{"id": number, "title_id": number, "state": "available", **values} for number in numbers]
    with service.database.writing() as db:
        db.execute(insert(t.item), books)
    return numbers


def add_machine(service: Service) -> Machine:
    """A machine that is enrolled and has a patron signed in."""
    one = Machine(str(uuid4()), new_token(), new_token(), str(uuid4()))
    now = service.clock()
    enrolled = {"name": "machine", "branch": BRANCH, "key_hash": token_hash(one.key), "enrolled_at": now}
    known = {"first_name": "Mira", "last_name": "Vogel", "blocked": False, "card_lost": False, "pin_hash": ""}
    session = {"token_hash": token_hash(one.token), "machine_id": one.id, "patron_id": one.patron, "used_at": now}
    with service.database.writing() as db:
        db.execute(insert(t.machine).values(id=one.id, **enrolled))
        db.execute(insert(t.patron).values(id=one.patron, category="normal", **known))
        db.execute(insert(t.patron_session).values(**session))
    return one


# --- all at once ------------------------------------------------------------------------------------------------------


def together(workers: Sequence[Worker], seconds: float) -> tuple[float, list[float]]:
    """Let all begin at once, each in a thread of its own: the seconds until the last has ended, and what they spent."""
    gate = threading.Barrier(len(workers) + 1)
    late: list[float] = []
    spent: list[list[float]] = [[] for _ in workers]

    def work(number: int) -> None:
        gate.wait(SECONDS)
        spent[number] = workers[number](late[0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(workers))]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    late.append(began + seconds)
    gate.wait(SECONDS)
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, [each for one in spent for each in one]


def _dealt(library: Library, clients: int, count: int) -> Iterator[list[tuple[Machine, Iterator[str]]]]:
    """For each client so many times one of its machines in turn, with the items there are."""
    for share in library.shares(clients):
        yield [(machine, library.items) for machine in islice(cycle(share), count)]


# --- over HTTP --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Client:
    """One connection: what it asks, one request after another, and what it was answered."""

    host: str
    requests: Sequence[tuple[dict[str, str], bytes]]
    answers: list[tuple[int, bytes]] = field(default_factory=list)

    def __call__(self, until: float) -> list[float]:
        """Ask until it is late; the seconds of each request."""
        spent = []
        connection = HTTPConnection(self.host, timeout=SECONDS)
        try:
            for headers, body in self.requests:
                began = time.perf_counter()
                connection.request("POST", "/v1/operations", body, headers)
                answer = connection.getresponse()
                self.answers.append((answer.status, answer.read()))
                ended = time.perf_counter()
                spent.append(ended - began)
                if ended > until:
                    break
        finally:
            connection.close()
        return spent

    @property
    def done(self) -> int:
        """Checkouts that came out as done."""
        return sum(body.count(DONE) for status, body in self.answers if status == 200)


def request(machine: Machine, items: Sequence[str]) -> tuple[dict[str, str], bytes]:
    """Headers and body of a batch of checkouts."""
    headers = {"Authorization": f"Bearer {machine.key}", "Library-Session": machine.token}
    asked = [{"id": str(uuid4()), "action": operations.ACTIONS[0], "item": item} for item in items]
    body = json.dumps({"rules": None, "patron": None, "operations": asked}).encode()
    return {**headers, "Content-Type": "application/json"}, body


def ask(library: Library, clients: int, batch: int, most: int, rate: Rate, seconds: float = PART) -> None:
    """One part over HTTP: checkouts in requests of so many."""
    count = max(most // batch // clients, 1)
    asking = [
        Client(library.host, [request(machine, list(islice(items, batch))) for machine, items in each])
        for each in _dealt(library, clients, count)
    ]
    spent, each = together(asking, seconds)
    done = sum(client.done for client in asking)
    rate.add(done, len(each) * batch - done, spent, each)
    library.take_back()


# --- by the driver alone ----------------------------------------------------------------------------------------------


def record(library: Library) -> direct.Recorded:
    """The statements of one checkout.

    Raises:
        Failed: it is refused.
    """
    machine, item, number = library.machines[0], next(library.items), str(uuid4())
    workplace = Workplace(machine.id, BRANCH)
    with library.service.database.reading() as db:
        library.service.place(db, workplace)  # rules are read and compiled once, not for each checkout
    with direct.noted(library.service) as seen:
        line = operations.run(library.service, workplace, Asked(number, operations.ACTIONS[0], item, machine.patron))
    library.take_back()
    if line["outcome"] != "done":
        raise Failed(f"a checkout came out as {line}")
    return direct.Recorded(tuple(seen), _own(machine, item, number))


def _own(machine: Machine, item: str, number: str) -> dict[str, str]:
    return {"operation": number, "item": item, "machine": machine.id, "patron": machine.patron}


def send(
    library: Library, recorded: direct.Recorded, clients: int, most: int, rate: Rate, seconds: float = PART
) -> None:
    """One part by the driver alone."""
    ready = [
        [recorded.of(_own(machine, next(items), str(uuid4()))) for machine, items in each]
        for each in _dealt(library, clients, max(most // clients, 1))
    ]
    with ExitStack() as stack:
        connections = [direct.connect(library.service.database) for _ in ready]
        for connection in connections:
            stack.callback(connection.close)
        workers = [partial(direct.replay, *pair) for pair in zip(connections, ready, strict=True)]
        spent, each = together(workers, seconds)
    rate.add(len(each), 0, spent, each)
    library.take_back()


# --- all of it --------------------------------------------------------------------------------------------------------


def measure_one(
    library: Library, name: str, clients: int, recorded: direct.Recorded, rounds: int = ROUNDS, seconds: float = PART
) -> Figure:
    """One number of clients."""
    figure = Figure(name, clients, len(recorded.statements))
    for _ in range(rounds):
        send(library, recorded, clients, MOST["direct"], figure.direct, seconds)
        ask(library, clients, 1, MOST["single"], figure.single, seconds)
        ask(library, clients, BATCH, MOST["batched"], figure.batched, seconds)
    return figure


def measure_at(name: str, address: str, folder: Path) -> Iterator[Figure]:
    """One database, every number of clients."""
    folder.mkdir()
    secrets = folder / "secrets"
    service = Service(Database(address), Secrets(secrets, QUICK), real_clock)
    try:
        fill(service)
        books, machines = add_books(service), tuple(add_machine(service) for _ in range(MACHINES))
        env = {"CIRCULATION_DATABASE": address, "CIRCULATION_SECRETS": str(secrets)}
        with server_process(env, folder) as (url, _):
            library = Library(service, url.removeprefix("http://"), machines, cycle(books))
            recorded = record(library)
            ask(library, 1, 1, BATCH, Rate())  # what is made at the first requests is made
            for clients in CLIENTS:
                yield measure_one(library, name, clients, recorded)
    finally:
        service.database.close()


def measure() -> Iterator[Figure]:
    """Both databases."""
    with running(DEBIAN_SETTINGS) as cluster, tempfile.TemporaryDirectory() as folder:
        yield from measure_at("SQLite", f"sqlite:///{folder}/circulation.db", Path(folder, "sqlite"))
        yield from measure_at("PostgreSQL", cluster.url(cluster.create()), Path(folder, "postgresql"))
