"""A third opinion: an engine that was not written here, with our rules as decision tables, names the same rules.

That also shows that the benchmark compares the same work, and that it stops when it does not.
"""

from __future__ import annotations

import pytest

from benchmarks.decisions import SIZES, Disagreement, must_agree, own_way
from benchmarks.ruleset import ACCOUNT, ASKED, checkouts, rule_set, tree
from benchmarks.tables import Way, Winners, graph_a_branch, graph_a_kind, one_graph
from rules.compiled import RuleSet, compile_rules
from rules.kinds import KINDS
from tests.rules.made import rule

MADE = rule_set(600)
COMPILED = compile_rules(MADE)  # refuses values that do not fit their kind
QUESTIONS = checkouts(5)  # of 20 kinds each


@pytest.fixture(scope="module")
def peers() -> tuple[Way, ...]:
    """Every way to use the other engine. Its worker threads last as long as this process, so they begin here."""
    branches = {question.branch for question in QUESTIONS}
    ways = (one_graph(MADE), graph_a_kind(MADE), graph_a_branch(COMPILED, branches))
    for way in ways:
        way.ask(QUESTIONS[0], True)
    return ways


@pytest.mark.requirement("R3")
@pytest.mark.requirement("R4")
@pytest.mark.requirement("R5")
def test_another_engine_names_the_same_rule_for_a_hundred_questions(peers: tuple[Way, ...]) -> None:
    assert len(QUESTIONS) * len(ASKED) == 100
    must_agree(own_way(COMPILED), peers, QUESTIONS)
    named = {rule for question in QUESTIONS for rule in own_way(COMPILED)(question, True)}
    assert len(named) > 50, "too few rules decide for this to say much"


def test_a_peer_that_decides_otherwise_stops_the_benchmark() -> None:
    def wrong(*_: object) -> Winners:
        return ("another",) * len(ASKED)

    with pytest.raises(Disagreement, match="but another does by a liar"):
        must_agree(own_way(COMPILED), [Way("a liar", wrong, 0.0)], QUESTIONS)


@pytest.mark.usefixtures("peers")
def test_one_rule_more_on_one_side_is_noticed() -> None:
    kind, level = ASKED[0]
    more = rule("more", kind, QUESTIONS[0].branch, True, level=level)
    own = own_way(compile_rules(RuleSet(1, (more,), tree())))
    with pytest.raises(Disagreement, match="more decides, but None does by one graph"):
        must_agree(own, [one_graph(RuleSet(1, (), tree()))], QUESTIONS)


def test_the_made_up_rules_are_those_of_a_library() -> None:
    assert len(tree().nodes) == 88
    assert [len(rule_set(size).rules) for size in SIZES[:2]] == list(SIZES[:2])
    assert {len(MADE.organisations.chain(made.org)) for made in MADE.rules} == {1, 2, 3}
    assert {made.when.count() for made in MADE.rules} == {0, 1, 2, 3, 4}
    assert all(set(made.when.wanted()) <= KINDS[made.kind].fields for made in MADE.rules)
    exceptions = sum(made.dated or made.org != ACCOUNT for made in MADE.rules)
    assert 0.4 < exceptions / len(MADE.rules) < 0.8


def test_the_same_seed_makes_the_same_rules_and_checkouts() -> None:
    assert rule_set(100) == rule_set(100) != rule_set(100, seed=2)
    assert checkouts(9) == checkouts(9) != checkouts(9, seed=2)
