"""A made-up rule set of any size and made-up checkouts to decide with it: the same for the same size and seed.

The library is that of ``reference/rules.md``: one account, 15 authorities, 72 branches. A few rules for everybody, then
exceptions: most of them below the account or for some months only, each with up to four conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from random import Random
from typing import Any

from rules.compiled import RuleSet
from rules.kinds import KINDS, Unit
from rules.organisation import Organisation, OrganisationTree
from rules.rule import FACT_FIELDS, Conditions, Facts, Rule
from rules.values import Amount, Days, Fee, FeeBasis, FeeStep, MinAge, Value

Slot = tuple[str, str | None]  # kind, level

# What one checkout asks: may it be lent, for how long, and what follows if it comes back late.
ASKED: tuple[Slot, ...] = (
    ("self_service.checkout", None),
    ("patron.debt_block", None),
    ("patron.overdue_reminder_block", None),
    ("patron.payment_reminder_block", None),
    ("circulation.checkout", None),
    ("counts.max_loans", None),
    ("counts.queue_min_checkouts", None),
    ("periods.loan", None),
    ("periods.loan_reserved", None),
    ("periods.closing_adjustment", None),
    ("counts.max_renewals", None),
    ("periods.grace", None),
    ("fees.overdue", None),
    ("fees.overdue_max", None),
    ("circulation.enable_due_warning", None),
    ("periods.due_warning", None),
    ("fees.due_warning", None),
    ("circulation.enable_overdue_reminder", "1"),
    ("periods.overdue_reminder", "1"),
    ("fees.overdue_reminder", "1"),
)

AUTHORITIES, BRANCHES = 15, 72
ASKING = 8  # branches at which checkouts are made: few, so that a peer may keep tables of its own for each
ACCOUNT = "A"
YEAR = date(2026, 1, 1)
AT_ACCOUNT, AT_AUTHORITY, AT_BRANCH = 50, 20, 30  # exceptions of a hundred that are made there
DATED = 0.25  # share of exceptions that hold for some months only
CONDITIONS = (1, 2, 2, 3, 3, 4)  # as many fields has an exception
UNKNOWN = 0.05  # share of facts nobody knows

CODES: Mapping[str, tuple[str, ...]] = {
    "patron_category": tuple(f"category-{number}" for number in range(12)),
    "age_group": tuple(f"group-{number}" for number in range(5)),
    "media_type": tuple(f"media-{number}" for number in range(25)),
    "material_type": tuple(f"material-{number}" for number in range(8)),
    "department": tuple(f"department-{number}" for number in range(20)),
    "audience": tuple(f"audience-{number}" for number in range(4)),
}


@dataclass(frozen=True, slots=True)
class Checkout:
    """One checkout to decide.

    Attributes:
        branch: where it happens.
        on: the day of it there.
    """

    branch: str
    facts: Facts
    on: date


def tree() -> OrganisationTree:
    """88 organisations: an account, its authorities, their branches."""
    nodes = [Organisation(ACCOUNT, "Account", None, "account")]
    nodes += [Organisation(f"authority-{n}", f"Authority {n}", ACCOUNT, "authority") for n in range(AUTHORITIES)]
    nodes += [
        Organisation(f"branch-{n}", f"Branch {n}", f"authority-{n % AUTHORITIES}", "branch") for n in range(BRANCHES)
    ]
    return OrganisationTree({node.id: node for node in nodes})


def _fee(random: Random) -> Fee:
    first = random.randrange(1, 15)
    steps = (FeeStep(first, Amount(50)), FeeStep(first + random.randrange(1, 30), Amount(random.randrange(51, 500))))
    return random.choice((Fee(FeeBasis.FIXED, steps), Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))))


VALUES: Mapping[Unit, Callable[[Random], Value]] = {
    Unit.YES_NO: lambda random: random.random() < 0.5,
    Unit.YES_NO_OR_MIN_AGE: lambda random: random.choice((True, False, MinAge(random.randrange(6, 19)))),
    Unit.NUMBER: lambda random: random.randrange(50),
    Unit.DAYS: lambda random: Days(random.randrange(60)),
    Unit.AMOUNT: lambda random: Amount(random.randrange(5000)),
    Unit.FEE: _fee,
}


def _condition(random: Random, field: str) -> dict[str, Any]:
    if field == "fiction":
        return {"fiction": random.random() < 0.5}
    if field == "age":
        least = random.randrange(80)
        ends = {"age_min": least, "age_max": least + random.randrange(20)}
        return {name: ends[name] for name in random.choice((("age_min",), ("age_max",), ("age_min", "age_max")))}
    return {field: tuple(random.sample(CODES[field], random.randrange(1, 4)))}


def _conditions(random: Random, kind: str, count: int) -> Conditions:
    may_ask = [field for field in FACT_FIELDS if field in KINDS[kind].fields]
    asked: dict[str, Any] = {}
    for field in random.sample(may_ask, count):
        asked.update(_condition(random, field))
    return Conditions(**asked)


def _dates(random: Random) -> tuple[date | None, date | None]:
    if random.random() >= DATED:
        return None, None
    first = YEAR + timedelta(days=random.randrange(300))
    last = first + timedelta(days=random.randrange(120))
    return random.choice(((first, last), (first, last), (first, None), (None, last)))


def _organisation(random: Random) -> str:
    (place,) = random.choices((ACCOUNT, "authority", "branch"), (AT_ACCOUNT, AT_AUTHORITY, AT_BRANCH))
    counts = {"authority": AUTHORITIES, "branch": BRANCHES}
    return ACCOUNT if place == ACCOUNT else f"{place}-{random.randrange(counts[place])}"


def _everybody(random: Random) -> list[Rule]:
    """Three rules for each kind that every branch inherits.

    For most kinds one of them asks for nothing; for the others some checkouts end with the kind's default (R6).
    """
    found = []
    for place, (kind, level) in enumerate(ASKED):
        for number in range(3):
            when = Conditions() if number == 0 and place % 4 else _conditions(random, kind, 1)
            value = VALUES[KINDS[kind].unit](random)
            found.append(Rule(f"all-{place}-{number}", kind, ACCOUNT, value, "For everybody", when, level))
    return found


def _exception(random: Random, number: int) -> Rule:
    kind, level = random.choice(ASKED)
    first, last = _dates(random)
    return Rule(
        id=f"exception-{number}",
        kind=kind,
        org=_organisation(random),
        value=VALUES[KINDS[kind].unit](random),
        name=f"Exception {number}",
        when=_conditions(random, kind, random.choice(CONDITIONS)),
        level=level,
        valid_from=first,
        valid_until=last,
        position=random.choice((None, None, random.randrange(9))),
    )


def rule_set(size: int, seed: int = 1) -> RuleSet:
    """A set of ``size`` rules, three of them for each kind asked."""
    random = Random(f"rules {size} {seed}")
    rules = _everybody(random)
    rules += [_exception(random, number) for number in range(size - len(rules))]
    return RuleSet(1, tuple(rules), tree())


def _known(random: Random, value: Any) -> Any:
    return None if random.random() < UNKNOWN else value


def checkouts(count: int, seed: int = 1) -> Sequence[Checkout]:
    """Checkouts at some branches on all days of a year."""
    random = Random(f"checkouts {seed}")
    branches = [f"branch-{number}" for number in random.sample(range(BRANCHES), ASKING)]
    found = []
    for _ in range(count):
        known = {name: _known(random, random.choice(codes)) for name, codes in CODES.items()}
        known |= {"age": _known(random, random.randrange(100)), "fiction": _known(random, random.random() < 0.5)}
        facts = Facts(**{item.name: known[item.name] for item in fields(Facts)})
        on = YEAR + timedelta(days=random.randrange(365))
        found.append(Checkout(random.choice(branches), facts, on))
    return found
