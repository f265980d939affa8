"""Rules in the words staff read: conditions, value, validity, the whole of a rule, and what holds without one (R6).

Responsible for that every page says a rule in the same words. Not responsible for findings (rules.finding) or for
what was decided (circulation.explaining).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from circulation.staff.words import Words
from circulation.store import house
from rules.finding import level_words, value_words
from rules.kinds import KINDS
from rules.rule import CODE_FIELDS, FACT_FIELDS, Rule
from rules.values import Amount, Days, Fee, FeeBasis, FeeStep, Value

# What a number says of its kind; the code's sentence has {n}.
_NUMBERS = {
    "counts.max_loans": "rule_words.at_most",
    "counts.max_renewals": "rule_words.at_most",
    "counts.max_reservations_per_title": "rule_words.at_most",
    "counts.queue_min_renewals": "rule_words.from_reservation",
    "counts.queue_min_checkouts": "rule_words.from_reservation",
    "patron.overdue_reminder_block": "rule_words.from_level",
    "patron.payment_reminder_block": "rule_words.from_level",
}
# Likewise an amount; the sentence has {amount}.
_AMOUNTS = {
    "counts.payment_reminder_minimum": "rule_words.from_amount",
    "fees.overdue_max": "rule_words.at_most_amount",
    "patron.debt_block": "rule_words.from_amount",
}
_QUEUES = ("counts.queue_min_renewals", "counts.queue_min_checkouts")
# What holds where no rule matches (R6), where it is not simply the default's value.
_DEFAULTS = {
    "circulation.renewal_reserved": "refused",
    "circulation.enable_due_warning": "off",
    "circulation.enable_overdue_reminder": "off",
    "circulation.enable_payment_reminder": "off",
    "circulation.enable_reservation_notice": "on",
    "counts.max_loans": "no_limit",
    "counts.max_renewals": "no_limit",
    "counts.payment_reminder_minimum": "no_minimum",
    "fees.overdue_max": "no_limit",
    "periods.loan": "no_loan",
    "periods.loan_reserved": "normal_period",
    "periods.renewal": "no_renewal",
    "periods.renewal_reserved": "normal_period",
    "periods.due_warning": "no_period",
    "periods.overdue_reminder": "no_period",
    "periods.payment_reminder": "no_period",
    "reservation.already_on_loan": "refused",
    "reservation.item_on_shelf": "refused",
}
_DEFAULTS_BY_TYPE = {"self_service": "allowed", "circulation": "allowed", "fees": "no_fee", "patron": "no_block"}


@dataclass(frozen=True, slots=True)
class Names:
    """What the site calls its own codes.

    Attributes:
        organisations: id -> name.
        media_types: code -> language -> name in the plural.
    """

    organisations: Mapping[str, str] = field(default_factory=dict)
    media_types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def organisation(self, id_: str) -> str:
        """An organisation's name; one that is no more is shown by its id."""
        return self.organisations.get(id_) or id_

    def media_type(self, words: Words, code: str) -> str:
        """A media type in the reader's language."""
        return words.named(dict(self.media_types.get(code, {})), code)


def names_of(db: Connection) -> Names:
    """The names of this installation."""
    tree = house.organisations(db)
    return Names({id_: node.name for id_, node in tree.nodes.items()}, house.media_types(db))


def kind(words: Words, key: str, level: str | None = None) -> str:
    """A kind's name, with its level."""
    name = words.name("kind", key)
    return words.say("rule_words.leveled", kind=name, level=level_name(words, level)) if level is not None else name


def level_name(words: Words, level: str | None) -> str:
    """What a level is called; nothing for a kind without levels."""
    if level is None:
        return ""
    told = level_words(level)
    return words.say(told.code, **told.params)


# --- conditions -------------------------------------------------------------------------------------------------------


def conditions(words: Words, rule: Rule, names: Names) -> str:
    """What a rule asks for: "media type: Films or CDs; age: from 18"; for one that asks nothing, that it is for all."""
    asked = [_condition(words, rule, name, names) for name in FACT_FIELDS if name in rule.when.wanted()]
    return "; ".join(asked) or words.say("rule_words.for_all")


def _condition(words: Words, rule: Rule, name: str, names: Names) -> str:
    if name == "fiction":
        return words.say("rule_words.fiction" if rule.when.fiction else "rule_words.no_fiction")
    told = _age(words, rule) if name == "age" else _codes(words, rule, name, names)
    return words.say("rule_words.condition", field=words.say(f"field.{name}"), values=told)


def _age(words: Words, rule: Rule) -> str:
    least, most = rule.when.age_min, rule.when.age_max
    if least is not None and most is not None:
        return words.say("rule_words.ages", least=least, most=most)
    if least is not None:
        return words.say("rule_words.age_min", age=least)
    return words.say("rule_words.age_max", age=most)


def _codes(words: Words, rule: Rule, name: str, names: Names) -> str:
    codes: tuple[str, ...] = getattr(rule.when, name) if name in CODE_FIELDS else ()
    told = [names.media_type(words, code) if name == "media_type" else code for code in codes]
    if len(told) < 2:
        return "".join(told)
    return words.say("rule_words.or", some=", ".join(told[:-1]), last=told[-1])


# --- value ------------------------------------------------------------------------------------------------------------


def value(words: Words, value: Value | None, kind: str = "") -> str:
    """What a rule says: "7 days", "no", "at most 10", "from the 1st reservation" (R25).

    Args:
        words: the reader's.
        value: None = none (no limit, no fee).
        kind: key of its kind, which decides what a number is a number of; "" = the number alone.
    """
    if value is None:
        return words.say("console.none")
    told = _SAID.get(type(value))
    if told is not None:
        return told(words, value, kind)
    plain = value_words(value)
    return words.say(plain.code, **plain.params)


def _number(words: Words, number: Value, kind: str) -> str:
    n = number if isinstance(number, int) else 0
    if kind in _QUEUES:
        n = max(n, 1)  # 0 and 1 are the same: from the first on
    return words.say(_NUMBERS.get(kind, "value.number"), n=n)


def _amount(words: Words, amount: Value, kind: str) -> str:
    minor = amount.minor if isinstance(amount, Amount) else 0
    return words.say(_AMOUNTS.get(kind, "value.amount"), amount=(minor, words.currency))


def _days(words: Words, days: Value, kind: str) -> str:
    if kind == "periods.closing_adjustment" and days == Days(0):
        return words.say("rule_words.next_open_day")
    plain = value_words(days)
    return words.say(plain.code, **plain.params)


def _fee(words: Words, fee: Value, _: str) -> str:
    if not isinstance(fee, Fee):
        raise TypeError("not a fee")
    code = "value.per_day" if fee.basis is FeeBasis.PER_DAY else "value.fixed"
    return words.say(code, amounts="; ".join(_step(words, step) for step in fee.steps))


def _step(words: Words, step: FeeStep) -> str:
    amount = words.money(step.amount.minor)
    if step.up_to_days is None:
        return amount
    return words.say("rule_words.fee_step", n=step.up_to_days, amount=amount)


_SAID: Mapping[type, Callable[[Words, Value, str], str]] = {int: _number, Amount: _amount, Days: _days, Fee: _fee}


def default(words: Words, kind: str) -> str:
    """What holds where no rule matches (R6)."""
    code = _DEFAULTS.get(kind)
    if code is not None:
        return words.say(f"rule_words.default.{code}")
    declared = KINDS[kind].default
    if isinstance(declared, bool) or declared is None:
        by_type = _DEFAULTS_BY_TYPE.get(KINDS[kind].rule_type, "allowed")
        return words.say(f"rule_words.default.{by_type}")
    return value(words, declared, kind)


# --- validity, and the whole ------------------------------------------------------------------------------------------


def validity(words: Words, rule: Rule) -> str:
    """When a rule holds, both days inclusive; nothing for one without limit."""
    return span(words, rule.valid_from, rule.valid_until)


def span(words: Words, first: date | None, last: date | None) -> str:
    """Days from one on, up to one, or both; nothing for neither."""
    if first is not None and last is not None:
        return words.say("rule_words.from_until", first=words.day(first), last=words.day(last))
    if first is not None:
        return words.say("rule_words.from_day", first=words.day(first))
    return words.say("rule_words.until_day", last=words.day(last)) if last is not None else ""


def whole(words: Words, rule: Rule, names: Names) -> str:
    """A rule in one line: its kind and level, value, conditions, organisation and validity."""
    said = words.say(
        "rule_words.whole",
        kind=kind(words, rule.kind, rule.level),
        value=value(words, rule.value, rule.kind),
        conditions=conditions(words, rule, names),
        organisation=names.organisation(rule.org),
    )
    when = validity(words, rule)
    return words.say("rule_words.dated", rule=said, when=when) if when else said
