"""How long deciding one whole checkout by rules takes, beside ``zen-engine`` with the same rules in the same run.

One checkout is 20 kinds for one patron, item, branch and day, each with the record of which rule decided and why the
ones before it did not (R76). The peer's record tells the row that hit and what was compared in it; ours also tells of
every rule before. Its figure is that of the fastest of several ways to use it. Before anything is timed both must name
the same deciding rule for every question.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.ruleset import ASKED, Checkout, checkouts, rule_set
from benchmarks.tables import BY_BRANCH, Way, Winners, graph_a_branch, graph_a_kind, one_graph
from rules.compiled import CompiledRules, compile_rules
from rules.evaluate import decide

SIZES = (260, 1060, 5060, 20060)
CHECKOUTS = 200
IN_TURN = 20
COMPILED_TIMES = 3
LIMIT_AT, LIMIT = 5060, 20.0  # rules; how many times faster than the peer, with trace

Asked = Callable[[Checkout, bool], Winners]


class Disagreement(Exception):
    """The two do not decide the same: their times cannot be compared."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one checkout."""

    median: float
    p99: float


@dataclass(frozen=True, slots=True)
class Timed:
    """One engine at one size. ``name``: the way it was used. ``prepared``: seconds until it could answer."""

    name: str
    prepared: float
    traced: Times
    untraced: Times


@dataclass(frozen=True, slots=True)
class Figure:
    """One size.

    Attributes:
        rules: how many.
        own: this engine; with trace means that every decision carries its own, to be written out by whoever reads it.
        peers: the ways of the peer, whose trace is written out at once.
        written: this engine, each trace written out as JSON objects.
    """

    rules: int
    own: Timed
    peers: tuple[Timed, ...]
    written: Times

    @property
    def ratio(self) -> float:
        """How many times ours is the median of the peer's fastest way to keep the whole rule set, with trace."""
        return min(self.times_ours(peer) for peer in self.peers if peer.name != BY_BRANCH)

    def times_ours(self, peer: Timed) -> float:
        """How many times ours is the median of one way, with trace."""
        return peer.traced.median / self.own.traced.median

    def times_ours_untraced(self, peer: Timed) -> float:
        """The same without trace."""
        return peer.untraced.median / self.own.untraced.median

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept; None where there is none."""
        return self.ratio >= LIMIT if self.rules == LIMIT_AT else None


def own_way(compiled: CompiledRules) -> Asked:
    """Ask this engine."""

    def ask(checkout: Checkout, trace: bool) -> Winners:
        found: list[str | None] = []
        for kind, level in ASKED:
            decision = decide(compiled, kind, checkout.branch, checkout.facts, checkout.on, level)
            if trace:
                found.append(decision.step().winner)
            else:
                found.append(None if decision.rule is None else decision.rule.id)
        return tuple(found)

    return ask


def written_way(compiled: CompiledRules) -> Asked:
    """Ask this engine and write out every trace."""

    def ask(checkout: Checkout, trace: bool) -> Winners:
        steps = [
            decide(compiled, kind, checkout.branch, checkout.facts, checkout.on, level).step() for kind, level in ASKED
        ]
        for step in steps:
            step.to_plain()
        return tuple(step.winner for step in steps)

    return ask


def must_agree(own: Asked, peers: Sequence[Way], asked: Sequence[Checkout]) -> None:
    """Have both decide everything, with trace and without.

    Raises:
        Disagreement: on the first question that has two answers.
    """
    for checkout in asked:
        expected = own(checkout, True)
        answers = [("without trace", own(checkout, False))]
        answers += [
            (f"{peer.name}, trace {trace}", peer.ask(checkout, trace)) for peer in peers for trace in (True, False)
        ]
        for name, found in answers:
            for slot, ours, theirs in zip(ASKED, expected, found, strict=True):
                if ours != theirs:
                    raise Disagreement(f"{slot} for {checkout}: {ours} decides, but {theirs} does by {name}")


def _compile_seconds(rules: int) -> tuple[CompiledRules, float]:
    prepared = []
    for _ in range(COMPILED_TIMES):
        found = rule_set(rules)
        began = time.perf_counter()
        compiled = compile_rules(found)
        prepared.append(time.perf_counter() - began)
    return compiled, statistics.median(prepared)


def _times(seconds: Sequence[float]) -> Times:
    return Times(statistics.median(seconds), statistics.quantiles(seconds, n=100)[98])


def _time_together(ways: Sequence[Asked], asked: Sequence[Checkout], trace: bool) -> list[Times]:
    """Some checkouts by each way in turn, so that what else the machine does falls on all of them.

    Not each one in turn: then each way would find the processor's caches full of what the others left.
    """
    spent: list[list[float]] = [[] for _ in ways]
    for first in range(0, len(asked), IN_TURN):
        for seconds, way in zip(spent, ways, strict=True):
            for checkout in asked[first : first + IN_TURN]:
                began = time.perf_counter()
                way(checkout, trace)
                seconds.append(time.perf_counter() - began)
    return [_times(seconds) for seconds in spent]


def measure_one(rules: int, count: int = CHECKOUTS) -> Figure:
    """One size with so many checkouts.

    Raises:
        Disagreement: the peer decides otherwise.
    """
    compiled, seconds = _compile_seconds(rules)
    asked = checkouts(count)
    own = own_way(compiled)
    made = rule_set(rules)
    branches = sorted({checkout.branch for checkout in asked})
    peers = (one_graph(made), graph_a_kind(made), graph_a_branch(compiled, branches))
    must_agree(own, peers, asked)
    ways = [own, *(peer.ask for peer in peers)]
    (*traced, written), untraced = (
        _time_together([*ways, written_way(compiled)], asked, trace=True),
        _time_together(ways, asked, trace=False),
    )
    timed = zip((seconds, *(peer.prepared for peer in peers)), traced, untraced, strict=True)
    names = ("own", *(peer.name for peer in peers))
    first, *others = (Timed(name, *each) for name, each in zip(names, timed, strict=True))
    return Figure(rules, first, tuple(others), written)


def measure() -> Iterator[Figure]:
    """Every size."""
    return (measure_one(size) for size in SIZES)
