"""What is kept of an answer: its words without addresses, or a code of ours where nobody said anything.

Not responsible for what an answer means (smtp_replies, sms).
"""

from __future__ import annotations

import re

import wording

MOST = 300
_OURS = "notice.reply."  # before a code, in what is kept and in wording's staff catalogue
_BETWEEN = ": "
_LEFT_OUT = "…"
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
_SHORTEST_PRIVATE = 3  # a shorter one would take pieces out of words
_LINE_ENDS_AND_WORSE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")  # the words around it (UAX 9)


def one_line(text: str) -> str:
    """A text without line ends, control characters and halves of characters; blanks in their place."""
    return _LINE_ENDS_AND_WORSE.sub(" ", text).strip()


def told(answer: str, *private: str) -> str:
    """An answer as it is kept.

    Args:
        answer: what a server said.
        private: what must not be kept of it, besides every e-mail address: the address, a password.
    """
    text = _on_one_line(answer)
    for one in sorted(map(_on_one_line, private), key=len, reverse=True):
        if len(one) >= _SHORTEST_PRIVATE and one.casefold() in text.casefold():
            text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", _LEFT_OUT, text, flags=re.IGNORECASE)
    return _ADDRESS.sub(_LEFT_OUT, text)[:MOST]


def _on_one_line(text: str) -> str:
    return " ".join(_TURNING.sub("", one_line(text)).split())


def ours(code: str, detail: str = "") -> str:
    """A reason of ours, e.g. ``ours("unreachable", "Connection refused")``; ``detail`` as the system says it."""
    return _BETWEEN.join(filter(None, (f"{_OURS}{code}", told(detail))))


def sentence(reply: str, language: str) -> str:
    """What was kept, for people: our reasons in their language, anything else as it was said."""
    code, between, detail = reply.partition(_BETWEEN)
    if code not in wording.codes(wording.STAFF) or not code.startswith(_OURS):
        return reply
    return f"{wording.say_staff(code, {}, language)}{between}{detail}"
