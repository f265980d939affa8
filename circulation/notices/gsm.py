"""What a text message can carry: the letters of GSM 03.38, how many messages a text takes, and texts made to fit.

Not responsible for handing messages over (channels.sms) or for what is said (saying).
"""

# ruff: noqa: RUF001 - letters that look like others are what it is about

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TWO = frozenset("\f^{}\\[~]|€")  # each takes the room of two
# What has no letters to fall back to by itself (Unicode's compatibility forms do the rest).
_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys("‘’‚‛′`´ʼ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("•·", "-"),
        "…": "...",
        "‹": "<",
        "›": ">",
        "×": "x",
        "ẞ": "SS",
        "œ": "oe",
        "Œ": "OE",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "ħ": "h",
        "Ħ": "H",
    }
)
_GSM, _UCS2 = "gsm", "ucs2"
_ALONE: Mapping[str, int] = {_GSM: 160, _UCS2: 70}
_JOINED: Mapping[str, int] = {_GSM: 153, _UCS2: 67}  # a part of several tells which it is
SHORTENED = "..."


@dataclass(frozen=True, slots=True)
class Size:
    """How a text travels.

    Attributes:
        encoding: "gsm", or "ucs2" if it has a letter that GSM has not.
        units: septets, or UTF-16 units.
        parts: messages that are paid for.
    """

    encoding: str
    units: int
    parts: int


def size(text: str) -> Size:
    """How many messages a text takes, 0 for an empty one."""
    gsm = fits(text)
    encoding = _GSM if gsm else _UCS2
    units = sum(2 if sign in _TWO else 1 for sign in text) if gsm else len(text.encode("utf-16-le", "replace")) // 2
    parts = 1 if units <= _ALONE[encoding] else -(-units // _JOINED[encoding])
    return Size(encoding, units, parts if units else 0)


def fits(text: str) -> bool:
    """Whether GSM has every letter of it."""
    return all(sign in _BASIC or sign in _TWO for sign in text)


def plain(text: str) -> str:
    """A text in letters GSM has, as far as there are any: accents it lacks are left out, other scripts stay."""
    return "".join(_plain(sign) for sign in unicodedata.normalize("NFC", text))


def _plain(sign: str) -> str:
    if sign in _BASIC or sign in _TWO:
        return sign
    if sign in _INSTEAD:
        return _INSTEAD[sign]
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    return bare if bare and fits(bare) else sign


def shortened(text: str, most: int) -> str:
    """A text of so many letters at most, with three dots where something was left out."""
    return text if len(text) <= most else text[: most - len(SHORTENED)].rstrip() + SHORTENED
