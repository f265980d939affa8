"""Which values a text of a notice may say, by kind, level and way, and which it has to say.

What each of them means for staff: "template.name.<name>" of wording's staff catalogue. Not responsible for how they are
written into a text (language) or for what they are in one message (saying).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT, RECEIPT, RESERVATION
from circulation.notices.language import Vocabulary
from circulation.notices.types import EMAIL, LETTER, SMS
from rules.kinds import OVERDUE_LEVELS, PAYMENT_LEVELS

INVOICE = "invoice"
ITEMS, PAY, TITLES = "items", "payment", "titles"
ALL_LEVELS = ""
# Levels with words of their own, in their order. A text for "" is for all that have none.
LEVELS: Mapping[str, tuple[str, ...]] = {
    DUE_WARNING: (),
    OVERDUE: OVERDUE_LEVELS,
    PAYMENT: PAYMENT_LEVELS,
    RESERVATION: (),
    RECEIPT: (),
}
# A due warning never goes out on paper (R49).
WAYS: Mapping[str, tuple[str, ...]] = {
    DUE_WARNING: (EMAIL, SMS),
    OVERDUE: (EMAIL, SMS, LETTER),
    PAYMENT: (EMAIL, SMS, LETTER),
    RESERVATION: (EMAIL, SMS, LETTER),
    RECEIPT: (EMAIL,),
}
# Nothing personal: a subject is read on a locked telephone and in a server's log.
_IN_SUBJECT = frozenset({"library", "branch", "count", "several", "today"})
_ANYWHERE = _IN_SUBJECT | {"name", "first_name", "last_name", "contact", "account"}
_SUMS = frozenset({"fee", "owed", "total"})
_VALUES: Mapping[str, frozenset[str]] = {
    DUE_WARNING: _SUMS | {"due"},
    OVERDUE: _SUMS | {"due", "late", "level", "invoiced"},
    PAYMENT: _SUMS | {"level"},
    RESERVATION: frozenset({"collect_by"}),
    RECEIPT: frozenset({"due", "owed"}),
}
_LOAN = frozenset({"title", "author", "item", "due"})
_OF_ITEMS: Mapping[str, frozenset[str]] = {
    DUE_WARNING: _LOAN,
    OVERDUE: _LOAN | {"late", "price"},
    PAYMENT: frozenset({"title", "reason", "on", "amount"}),
    RESERVATION: frozenset({"title", "author", "collect_by", "shelf"}),
    RECEIPT: _LOAN | {"done"},
}
_SUBJECT_MORE = frozenset({"due", "level", "collect_by"})
_LISTED = ((ITEMS, "each.title"), (ITEMS, "each.due"))
_NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    DUE_WARNING: _LISTED,
    OVERDUE: _LISTED,
    PAYMENT: (("total", PAY),),
    RESERVATION: ((ITEMS, "each.title"), (ITEMS, "each.collect_by", "collect_by")),
    RECEIPT: _LISTED,
}
_INVOICE_NEEDS = (("total", "invoiced", PAY),)
_WHO = ("library", "branch")  # a text message has no sender's name
_SMS_NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    DUE_WARNING: (_WHO, ("due",)),
    OVERDUE: (_WHO,),
    PAYMENT: (_WHO, ("total",)),
    RESERVATION: (_WHO,),
}


def exists(kind: str, level: str, channel: str) -> bool:
    """Whether there is a text for this; level "" = for all levels."""
    return channel in WAYS.get(kind, ()) and level in (ALL_LEVELS, *LEVELS[kind])


@cache
def of_subject(kind: str) -> Vocabulary:
    """What a subject line may say."""
    return Vocabulary(_IN_SUBJECT | (_VALUES[kind] & _SUBJECT_MORE), frozenset())


@cache
def of_body(kind: str, level: str, channel: str) -> Vocabulary:
    """What a text may say, and what it has to."""
    values = _ANYWHERE | _VALUES[kind]
    if channel == SMS:
        return Vocabulary(values | {TITLES}, _OF_ITEMS[kind], needs=_SMS_NEEDS[kind])
    more = _INVOICE_NEEDS if (kind, level) == (OVERDUE, INVOICE) else ()
    pays = kind in (OVERDUE, PAYMENT)
    blocks = frozenset({ITEMS, PAY} if pays else {ITEMS})
    return Vocabulary(values, _OF_ITEMS[kind], blocks, _NEEDS[kind] + more)
