"""How a patron pays by transfer what a message asks for: the lines of the slip, and a code for banking apps.

Not responsible for where the money goes (letterhead) or for layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from circulation.notices.content import OVERDUE, PAYMENT, Content
from circulation.notices.letterhead import Letterhead
from circulation.notices.saying import Speaker, shown
from circulation.notices.types import LETTER

_MOST_PAID, _EURO = 99_999_999_999, "EUR"  # cents (EPC 069-12)
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code: its width in squares, and an SVG path of its dark ones."""

    width: int
    path: str


@dataclass(frozen=True, slots=True)
class Payment:
    """How to pay. ``how``: in words; ``lines``: what and its value; ``code``: None = there is none."""

    how: str
    lines: tuple[tuple[str, str], ...]
    code: Code | None


def payment(content: Content, head: Letterhead, speaker: Speaker) -> Payment | None:
    """How to pay what a message asks for; None = it asks for nothing, or the library has no account."""
    if content.kind not in (OVERDUE, PAYMENT) or content.sums.total <= 0 or not head.payable:
        return None
    reference = " ".join(filter(None, (head.reference, shown(content.key))))
    iban = head.iban or ""
    said = (
        ("payee", speaker.text(head.payee)),
        ("iban", " ".join(iban[at : at + _GROUP] for at in range(0, len(iban), _GROUP))),
        ("bic", head.bic or ""),
        ("amount", speaker.money(content.sums.total)),
        ("reference", reference),
    )
    lines = tuple((speaker.word(f"pay.{name}"), value) for name, value in said if value)
    wanted = head.code and content.channel == LETTER and content.currency == _EURO
    fits = content.sums.total <= _MOST_PAID
    how = speaker.word("pay.how")
    return Payment(how, lines, code(transfer(head, content.sums.total, reference)) if wanted and fits else None)


def transfer(head: Letterhead, cents: int, reference: str) -> str:
    """A transfer in euros as banking apps read it (EPC 069-12, version 2)."""
    amount = f"{_EURO}{cents // 100}.{cents % 100:02}"
    return "\n".join(
        ("BCD", "002", "1", "SCT", head.bic or "", head.payee or "", head.iban or "", amount, "", "", reference)
    )


def code(text: str) -> Code:
    """A text as a QR code, of the level of correction banks ask for."""
    made = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    made.add_data(text.encode())
    made.make()
    rows = made.get_matrix()
    bars = (f"M{x} {y}h{width}v1h-{width}z" for y, row in enumerate(rows) for x, width in _dark(row))
    return Code(len(rows), "".join(bars))


def _dark(row: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where dark squares begin that lie side by side, and how many they are."""
    x = 0
    for dark, squares in groupby(row):
        width = len(list(squares))
        if dark:
            yield x, width
        x += width
