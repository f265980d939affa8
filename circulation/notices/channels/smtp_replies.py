"""What an SMTP server's answer means for a message (R74): pure tables over codes (RFC 5321, 3463).

The rule: 4xx is for now, 5xx for good. An address is flagged only for what is said of the address itself; what is said
of content or policy fails without flagging it, and what is said of us (sign-in, our sender) waits until the account has
been put right. To flag nobody's address for a fault of ours, an answer that leaves open what it is about is read for
words about us. Not responsible for talking to servers (smtp).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from circulation.notices.channels.replies import ours, told
from circulation.notices.channels.trouble import Stage
from circulation.notices.types import ADDRESS, MESSAGE, SERVER, Accepted, Lost, Outcome, Refused


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a refusal is about, and whether it holds for good."""

    about: str
    permanent: bool


_ABOUT = {Stage.RECIPIENT: ADDRESS, Stage.CONTENT: MESSAGE}  # of a refusal for now; before them: the server
_NOBODY, _FULL = Meaning(ADDRESS, True), Meaning(ADDRESS, False)
_UNFIT, _POLICY, _ACCOUNT = Meaning(MESSAGE, True), Meaning(SERVER, True), Meaning(SERVER, False)

# By the detailed code (RFC 3463), the longest beginning that is here.
_BY_DETAIL: Mapping[str, Meaning] = {
    "5.1.": _NOBODY,
    "5.1.7": _ACCOUNT,  # our sender
    "5.1.8": _ACCOUNT,
    "5.2.": _POLICY,  # some say of the sender's mailbox what ours may not do
    "5.2.1": _NOBODY,  # mailbox closed
    "5.2.2": _FULL,
    "5.2.3": _UNFIT,  # too long
    "5.3.": _ACCOUNT,  # the server takes nothing
    "5.3.4": _UNFIT,  # too long
    "5.4.5": _ACCOUNT,  # so many a day
    "5.5.": _ACCOUNT,  # it did not understand us
    "5.6.": _UNFIT,
    "5.7.": _POLICY,
    "5.7.0": _ACCOUNT,  # sign in, or use TLS, first
    "5.7.8": _ACCOUNT,
    "5.7.9": _ACCOUNT,
    "5.7.11": _ACCOUNT,
}
_EVERYWHERE = {500: _ACCOUNT, 502: _ACCOUNT, 503: _ACCOUNT, 504: _ACCOUNT, 530: _ACCOUNT, 535: _ACCOUNT, 538: _ACCOUNT}
_BY_CODE: Mapping[Stage, Mapping[int, Meaning]] = {
    Stage.SENDER: {552: _UNFIT},
    Stage.RECIPIENT: {550: _NOBODY, 551: _NOBODY, 552: _FULL, 553: _NOBODY},
}
_OTHERWISE = {Stage.RECIPIENT: _UNFIT, Stage.CONTENT: _UNFIT}
_DETAIL = re.compile(r"(?<![\w.])([45]\.\d{1,3}\.\d{1,3})(?![\w.]*\d)")
_TOO_LONG = ("5.2.3", "5.3.4")
_UNSPECIFIC = ".0"  # how a detailed code ends that tells no more than the code
_OF_US = re.compile(
    r"relay|rcpthosts|authenti|log ?in|sign ?in|sender|mail ?from|prohibit|polic|black ?list|block|spam|reputation"
    r"|permitted|quota|limit|too many|\brate\b",
    re.IGNORECASE,
)
_PERMANENT = range(500, 600)
_TAKEN = range(200, 300)


def refused(stage: Stage, code: int, answer: str, *private: str) -> Refused:
    """A refusal before the message was taken.

    Args:
        stage: what was answered.
        code: three digits; -1 = none could be read.
        answer: the words behind it.
        private: what is not to be kept of them.
    """
    kept = words(code, answer, *private)
    meaning = _meaning(stage, code, kept)
    return Refused(kept, meaning.permanent, meaning.about)


def _meaning(stage: Stage, code: int, kept: str) -> Meaning:
    found = _DETAIL.search(kept)
    detail = found[1] if found is not None else ""
    if code not in _PERMANENT or detail.startswith("4"):  # where the two contradict each other, nothing is for good
        return Meaning(_ABOUT.get(stage, SERVER), False)
    if code in _EVERYWHERE:
        return _EVERYWHERE[code]
    if stage is Stage.SENDER and detail:
        return _UNFIT if detail in _TOO_LONG else _ACCOUNT
    meaning = _by_detail(detail) or _BY_CODE.get(stage, {}).get(code, _OTHERWISE.get(stage, _ACCOUNT))
    open_ = not detail or detail.endswith(_UNSPECIFIC)
    return _POLICY if meaning is _NOBODY and open_ and _OF_US.search(kept) else meaning


def _by_detail(detail: str) -> Meaning | None:
    longest = max((key for key in _BY_DETAIL if _begins(detail, key)), key=len, default=None)
    return _BY_DETAIL[longest] if longest is not None else None


def _begins(detail: str, key: str) -> bool:
    return detail == key or (key.endswith(".") and detail.startswith(key))


def after_all_was_sent(code: int, answer: str, *private: str) -> Outcome:
    """What the answer to a whole message means; one that is no answer leaves it open."""
    if code in _TAKEN:
        return Accepted(words(code, answer, *private))
    if code // 100 in (4, 5):
        return refused(Stage.CONTENT, code, answer, *private)
    return Lost(ours("garbled", words(code, answer, *private)))


def words(code: int, answer: str, *private: str) -> str:
    """An answer as it is kept."""
    return told(f"{code} {answer}" if code >= 0 else answer, *private)
