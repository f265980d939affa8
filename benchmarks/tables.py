"""The peer of the rule engine: the same rules as decision tables of ``zen-engine``, an engine written in Rust.

One table for each kind, hit policy "first", rows in the order in which our list is walked: its first hit is our
deciding rule. Three ways to keep the tables are tried, as the fastest is another one with the size and with the trace:

- one graph: all kinds in one graph for all branches, with a column for the branch;
- a graph a kind: the same tables, asked as one batch;
- a graph a branch: the lists of one branch, as our engine keeps them; many times the rows.

All are asked through ``ZenEngine.evaluate`` with loaded content, which was faster than a ``ZenDecision`` object: that
one answers from another thread. What can be one of a few values is written as a list of them and days are numbers: the
engine has an index for lists, which it uses when it makes no trace.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import zen

from benchmarks.ruleset import ASKED, Checkout
from rules.compiled import CompiledRules, RuleSet
from rules.order import walked
from rules.organisation import OrganisationTree
from rules.rule import CODE_FIELDS, FACT_FIELDS, Rule

Graph = dict[str, Any]
Winners = tuple[str | None, ...]  # by place in ASKED
Lists = Sequence[Sequence[Rule]]  # by place in ASKED

BRANCH, DAY, RULE = "branch", "day", "rule"
ANSWERS = tuple(f"answer-{place}" for place in range(len(ASKED)))


def _literal(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _one_of(values: Iterable[str]) -> str:
    return ", ".join(_literal(value) for value in values)


def _between(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f"[{least}..{most}]"
    if least is not None:
        return f">= {least}"
    return "" if most is None else f"<= {most}"


def _number(day: date | None) -> int | None:
    return None if day is None else day.toordinal()


def cells(rule: Rule, below: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """One row. An empty cell fits everything.

    Args:
        rule: what it says.
        below: organisation -> itself and all under it; one without an entry holds everywhere.
    """
    when = rule.when
    return {
        "_id": rule.id,
        BRANCH: _one_of(below.get(rule.org, ())),
        DAY: _between(_number(rule.valid_from), _number(rule.valid_until)),
        **{name: _one_of(getattr(when, name)) for name in CODE_FIELDS},
        "age": _between(when.age_min, when.age_max),
        "fiction": "" if when.fiction is None else _literal(when.fiction),
        RULE: _literal(rule.id),
    }


def _table(place: int, rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> Graph:
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": name, "name": name, "field": name} for name in columns],
        "outputs": [{"id": RULE, "name": RULE, "field": ANSWERS[place]}],
        "rules": rows,
    }
    return {"id": f"table-{place}", "type": "decisionTableNode", "name": ASKED[place][0], "content": content}


def _graph(tables: Sequence[Graph]) -> Graph:
    ends = [{"id": "in", "type": "inputNode", "name": "in"}, {"id": "out", "type": "outputNode", "name": "out"}]
    names = [table["id"] for table in tables]
    edges = [{"id": f"to-{name}", "type": "edge", "sourceId": "in", "targetId": name} for name in names]
    edges += [{"id": f"from-{name}", "type": "edge", "sourceId": name, "targetId": "out"} for name in names]
    return {"contentType": "application/vnd.gorules.decision", "nodes": [*ends, *tables], "edges": edges}


def _tables(lists: Lists, tree: OrganisationTree | None) -> list[Graph]:
    """A table for each list; with a column for the branch if there is a tree, which says what lies under what."""
    below: dict[str, list[str]] = defaultdict(list)
    for node in tree.nodes if tree else ():
        for above in tree.chain(node)[:-1] if tree else ():  # what the top says holds everywhere
            below[above].append(node)
    columns = (BRANCH, DAY, *FACT_FIELDS) if tree else (DAY, *FACT_FIELDS)
    return [_table(place, [cells(rule, below) for rule in rules], columns) for place, rules in enumerate(lists)]


def _question(checkout: Checkout) -> dict[str, Any]:
    known = dict(zip(FACT_FIELDS, checkout.facts.values(), strict=True))
    return {BRANCH: checkout.branch, DAY: checkout.on.toordinal(), **known}


BY_BRANCH = "a graph a branch"  # from lists this engine has prepared: what the peer could do with our work


@dataclass(frozen=True, slots=True)
class Way:
    """One way to keep and ask the tables.

    Attributes:
        ask: the winners of one checkout; the second argument says whether a trace is made.
        prepared: seconds until it could answer.
    """

    name: str
    ask: Callable[[Checkout, bool], Winners]
    prepared: float


def _engine(content: dict[str, Graph]) -> tuple[zen.ZenEngine, float]:
    """An engine that has loaded all of this, and the seconds it took."""
    began = time.perf_counter()
    kind: Literal["static"] = "static"
    engine = zen.ZenEngine({"loader": {"type": kind, "content": content}})
    for key in content:
        engine.get_decision(key)
    return engine, time.perf_counter() - began


def _winners(result: Mapping[str, str] | None) -> Winners:
    return tuple((result or {}).get(answer) for answer in ANSWERS)


def one_graph(rules: RuleSet) -> Way:
    """All kinds in one graph for all branches."""
    engine, seconds = _engine({"all": _graph(_tables(lists_of(rules), rules.organisations))})

    def ask(checkout: Checkout, trace: bool) -> Winners:
        return _winners(engine.evaluate("all", _question(checkout), {"trace": trace})["result"])

    return Way("one graph", ask, seconds)


def graph_a_kind(rules: RuleSet) -> Way:
    """A graph for each kind, for all branches."""
    tables = _tables(lists_of(rules), rules.organisations)
    engine, seconds = _engine({answer: _graph([table]) for answer, table in zip(ANSWERS, tables, strict=True)})

    def ask(checkout: Checkout, trace: bool) -> Winners:
        question = _question(checkout)
        requests: list[zen.EvaluateBatchRequest] = [{"key": answer, "context": question} for answer in ANSWERS]
        found: dict[str, str] = {}
        for reply in engine.evaluate_batch(requests, {"trace": trace}):
            found.update(reply["data"]["result"] or {})
        return _winners(found)

    return Way("a graph a kind", ask, seconds)


def graph_a_branch(compiled: CompiledRules, branches: Iterable[str]) -> Way:
    """All kinds in one graph for each of these branches: the very lists our engine walks."""
    listed = {branch: [compiled.listed(kind, branch, level) for kind, level in ASKED] for branch in branches}
    engine, seconds = _engine({branch: _graph(_tables(lists, None)) for branch, lists in listed.items()})

    def ask(checkout: Checkout, trace: bool) -> Winners:
        return _winners(engine.evaluate(checkout.branch, _question(checkout), {"trace": trace})["result"])

    return Way(BY_BRANCH, ask, seconds)


def lists_of(rules: RuleSet) -> Lists:
    """For each kind asked its rules in the order walked, those of all branches in one list.

    The order of two rules does not depend on the branch (R4): what is left for one branch is that branch's list.
    """
    found: dict[tuple[str, str | None], list[Rule]] = {slot: [] for slot in ASKED}
    for rule in rules.rules:
        if rule.active:
            found[rule.kind, rule.level].append(rule)
    return [walked(of_one, rules.organisations) for of_one in found.values()]
