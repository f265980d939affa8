"""Why a transaction was refused: the one table of codes, their parameters and the sentences a patron is told.

Responsible for code -> parameters, wording code, who can solve it, order of telling. Not responsible for the words
themselves (wording) or for deciding that something is refused (verdict, circulation, kiosk).

A code is a rule kind's key, or one of the codes for what no rule decides. Parameters travel as plain JSON values: a
date as ISO text, an amount as minor units in ``amount`` with its ``currency`` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeVar

Scalar = str | int | bool | None
Told = str | int | date | tuple[int, str]

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class ParamType(StrEnum):
    """Type of a refusal parameter."""

    INT = "int"
    DATE = "date"
    AMOUNT = "amount"
    TEXT = "text"
    FLAG = "flag"


class SolvedBy(StrEnum):
    """Who can solve it, in the order in which reasons are told (ui.md 6)."""

    PATRON_HERE = "patron_here"
    DESK = "desk"
    STAFF = "staff"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence a refusal may be told in.

    Attributes:
        wording: code of ``wording``.
        params: parameter of the sentence -> refusal parameter it is made of. ``media_type`` stays a code; whoever
            shows the sentence names it in the person's language as ``kind``.
        when: refusal parameters that must have exactly these values.
    """

    wording: str
    params: Mapping[str, str] = field(default_factory=dict)
    when: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal code.

    Attributes:
        code: rule kind key, or a code of what no rule decides.
        params: parameter -> type; what a reason with this code may carry.
        sentences: the first one whose conditions hold and whose parameters are all there is told.
        overridable: staff with the permission may override it (R83: nothing about an item's state).
        solved_by: who can solve it.
        order: place in the order of telling; the smallest is told.
    """

    code: str
    params: Mapping[str, ParamType]
    sentences: tuple[Sentence, ...]
    overridable: bool
    solved_by: SolvedBy
    order: int

    @property
    def wording(self) -> tuple[str, ...]:
        """Every wording code this refusal may be told with."""
        return tuple(sentence.wording for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a refusal.

    Attributes:
        code: key of ``REFUSALS``.
        params: plain JSON values.
        site_text: language -> the deciding rule's own message, which replaces the standard sentence.
    """

    code: str
    params: Mapping[str, Scalar] = field(default_factory=dict)
    site_text: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PatronSentence:
    """What the patron is told: a wording code and typed parameters (dates as ``date``, money as (minor, currency))."""

    code: str
    params: Mapping[str, Told]


UNKNOWN_CODE_SENTENCE = "no.other"

_INT, _DATE, _AMOUNT, _TEXT, _FLAG = ParamType
_HERE, _DESK, _STAFF, _LATER = SolvedBy
_KIND = {"media_type": "media_type"}
_DUE = {"date": "due"}

# code, solved by, overridable, parameters, sentences; in the order of telling.
_TABLE: tuple[tuple[str, SolvedBy, bool, Mapping[str, ParamType], tuple[Sentence, ...]], ...] = (
    # what the patron can do here and now; first what makes every other step useless
    ("abandoned", _HERE, False, {}, (Sentence("no.abandoned"),)),
    (
        "set_incomplete",
        _HERE,
        True,
        {"action": _TEXT, "part": _TEXT, "here": _INT, "of": _INT},
        (
            Sentence("no.set_in", {"part": "part"}, {"action": "return"}),
            Sentence("row.part", {"part": "part", "k": "here", "n": "of"}),
            Sentence("no.set_incomplete"),
        ),
    ),
    (
        "not_ours",
        _HERE,
        False,
        {"library": _TEXT},
        (Sentence("no.other_library", {"library": "library"}), Sentence("stack.not_ours")),
    ),
    (
        "circulation.checkout",
        _HERE,
        True,
        {"min_age": _INT, "age_known": _FLAG, "media_type": _TEXT},
        (
            Sentence("no.age_unknown", when={"age_known": False}),
            Sentence("no.age", {"age": "min_age"}),
            Sentence("no.in_house"),
        ),
    ),
    (
        "counts.max_loans",
        _HERE,
        True,
        {"have": _INT, "max": _INT, "covers": _TEXT, "media_type": _TEXT},
        (
            Sentence("no.limit_kind", {"have": "have", "max": "max", **_KIND}, {"covers": "media_type"}),
            Sentence("no.limit_some", {"have": "have", "max": "max"}, {"covers": "some"}),
            Sentence("no.limit", {"have": "have", "max": "max"}),
        ),
    ),
    (
        "patron.overdue_reminder_block",
        _HERE,
        True,
        {"items": _INT, "level": _INT},
        (Sentence("no.overdue", {"n": "items"}), Sentence("no.account")),
    ),
    (
        "counts.max_reservations_per_title",
        _HERE,
        True,
        {"have": _INT, "max": _INT, "covers": _TEXT, "media_type": _TEXT},
        (Sentence("no.reserve_limit", {"max": "max"}), Sentence("no.reserve")),
    ),
    (
        "reservation.item_on_shelf",
        _HERE,
        True,
        {"branch": _TEXT, "media_type": _TEXT},
        (Sentence("no.reserve_on_shelf", {"branch": "branch"}), Sentence("no.reserve")),
    ),
    ("reservation.already_on_loan", _HERE, True, {"media_type": _TEXT}, (Sentence("no.reserve_yours"),)),
    # what the desk can do
    ("self_service.checkout", _DESK, True, {"media_type": _TEXT}, (Sentence("no.machine_out", _KIND),)),
    ("self_service.return", _DESK, True, {"media_type": _TEXT}, (Sentence("no.machine_in", _KIND),)),
    (
        "self_service.renewal",
        _DESK,
        True,
        {"media_type": _TEXT, "due": _DATE},
        (Sentence("no.machine_renew", _DUE), Sentence("no.machine_renew_undated")),
    ),
    ("patron_state.card_lost", _DESK, True, {}, (Sentence("no.card_lost"),)),
    ("patron_state.expired", _DESK, True, {"until": _DATE}, (Sentence("no.card_expired", {"date": "until"}),)),
    ("patron_state.not_yet_valid", _DESK, True, {"from": _DATE}, (Sentence("no.card_not_yet", {"date": "from"}),)),
    ("patron_state.blocked", _DESK, True, {}, (Sentence("no.account"),)),
    (
        "patron.debt_block",
        _DESK,
        True,
        {"amount": _AMOUNT, "currency": _TEXT, "limit": _INT},
        (Sentence("no.debt", {"amount": "amount"}),),
    ),
    (
        "patron.payment_reminder_block",
        _DESK,
        True,
        {"amount": _AMOUNT, "currency": _TEXT, "level": _INT},
        (Sentence("no.debt", {"amount": "amount"}), Sentence("no.account")),
    ),
    (
        "no_loan_period",
        _DESK,
        True,
        {"action": _TEXT, "due": _DATE, "media_type": _TEXT},
        (Sentence("no.renew_period", _DUE, {"action": "renewal"}), Sentence("no.period")),
    ),
    ("calendar", _DESK, True, {}, (Sentence("no.calendar"),)),
    ("permission", _DESK, False, {}, (Sentence("no.permission"),)),
    # what staff do with the item
    (
        "item_state",
        _STAFF,
        False,
        {"state": _TEXT, "own": _FLAG, "due": _DATE, "action": _TEXT},
        (
            Sentence("row.already_yours", _DUE, {"state": "on_loan", "own": True}),
            Sentence("no.on_loan", when={"state": "on_loan"}),
            Sentence("no.held", when={"state": "set_aside"}),
            Sentence("no.in_transit", when={"state": "in_transit"}),
            Sentence("no.withdrawn", when={"state": "withdrawn"}),
            Sentence("no.not_ready", when={"state": "not_ready"}),
            Sentence("no.not_on_loan", when={"state": "available"}),
            Sentence("no.give_to_staff"),
        ),
    ),
    ("item_unknown", _STAFF, False, {}, (Sentence("no.not_found"),)),
    ("label_unreadable", _STAFF, False, {}, (Sentence("row.label"),)),
    # what only time solves, or nothing
    (
        "circulation.renewal",
        _LATER,
        True,
        {"media_type": _TEXT, "due": _DATE},
        (Sentence("no.renew_kind", {**_DUE, **_KIND}), Sentence("no.renew_kind_undated", _KIND)),
    ),
    (
        "circulation.renewal_reserved",
        _LATER,
        True,
        {"media_type": _TEXT, "due": _DATE},
        (Sentence("no.renew_waiting", _DUE), Sentence("no.renew_waiting_undated")),
    ),
    (
        "counts.max_renewals",
        _LATER,
        True,
        {"have": _INT, "max": _INT, "due": _DATE},
        (Sentence("no.renew_limit", {**_DUE, "n": "max"}), Sentence("no.renew_limit_undated", {"n": "max"})),
    ),
    ("reservation.item_reservable", _LATER, True, {"media_type": _TEXT}, (Sentence("no.reserve_kind", _KIND),)),
    (
        "not_later",
        _LATER,
        True,
        {"due": _DATE, "from": _DATE},
        (Sentence("no.renew_early", {"from": "from", "date": "due"}), Sentence("no.renew_early_undated")),
    ),
)

REFUSALS: Mapping[str, Refusal] = MappingProxyType(
    {
        code: Refusal(code, params, sentences, overridable, solved_by, order)
        for order, (code, solved_by, overridable, params, sentences) in enumerate(_TABLE)
    }
)


class HasCode(Protocol):
    """Anything that carries a refusal code."""

    @property
    def code(self) -> str:
        """Key of ``REFUSALS``."""
        ...


R = TypeVar("R", bound=HasCode)


def choose(reasons: Sequence[R]) -> R:
    """The one reason the patron is told; a code this version does not know comes last.

    Raises:
        ValueError: there is no reason.
    """
    if not reasons:
        raise ValueError("a refusal has at least one reason")
    return min(reasons, key=lambda reason: _order(reason.code))


def in_order(reasons: Iterable[R]) -> tuple[R, ...]:
    """All reasons in the order of telling."""
    return tuple(sorted(reasons, key=lambda reason: _order(reason.code)))


def _order(code: str) -> int:
    refusal = REFUSALS.get(code)
    return refusal.order if refusal is not None else len(REFUSALS)


def _int(params: Mapping[str, object], name: str) -> Told | None:
    value = params.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _date(params: Mapping[str, object], name: str) -> Told | None:
    value = params.get(name)
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _amount(params: Mapping[str, object], name: str) -> Told | None:
    minor, currency = _int(params, name), params.get("currency")
    if not isinstance(minor, int) or not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        return None
    return minor, currency


def _text(params: Mapping[str, object], name: str) -> Told | None:
    value = params.get(name)
    return value if isinstance(value, str) and value else None


_CONVERT: Mapping[ParamType, Callable[[Mapping[str, object], str], Told | None]] = {
    ParamType.INT: _int,
    ParamType.DATE: _date,
    ParamType.AMOUNT: _amount,
    ParamType.TEXT: _text,
}


def patron_sentence(code: str, params: Mapping[str, object]) -> PatronSentence:
    """The sentence for a reason, with typed parameters.

    Reasons come over a network, and from a service that may be newer than this machine: a code or parameter that is
    not understood never fails, it leads to the next more general sentence, at last to ``no.other``.
    """
    refusal = REFUSALS.get(code)
    if refusal is None:
        return PatronSentence(UNKNOWN_CODE_SENTENCE, {})
    for sentence in refusal.sentences:
        if any(params.get(name) != value for name, value in sentence.when.items()):
            continue
        told = {to: _CONVERT[refusal.params[name]](params, name) for to, name in sentence.params.items()}
        found = {to: value for to, value in told.items() if value is not None}
        if len(found) == len(told):
            return PatronSentence(sentence.wording, found)
    return PatronSentence(UNKNOWN_CODE_SENTENCE, {})


def message_parameters(code: str) -> frozenset[str]:
    """Parameters a site's own message for this refusal may name in braces; empty for an unknown code."""
    refusal = REFUSALS.get(code)
    if refusal is None:
        return frozenset()
    names = {name for sentence in refusal.sentences for name in sentence.params}
    return frozenset("kind" if name == "media_type" else name for name in names)
