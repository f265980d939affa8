"""E-mail by SMTP: one connection for many messages, and exactly what became of each (R60, R74).

Until the final dot of a message has been sent it has certainly not left; from then on only the server's answer tells.
Not responsible for how a server is reached (smtp_connecting), for what answers mean (smtp_replies) or for what is sent
(mail_text).
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf

from circulation.notices.addresses import MailAddress, mail_address
from circulation.notices.channels.mail_text import Sender, written
from circulation.notices.channels.pace import Pace, Times
from circulation.notices.channels.replies import ours
from circulation.notices.channels.smtp_connecting import Server, Unable, connection, speaks_out_of_turn, text
from circulation.notices.channels.smtp_replies import after_all_was_sent, refused
from circulation.notices.channels.trouble import Heard, Stage, Trouble, to_nobody
from circulation.notices.types import ADDRESS, SERVER, Accepted, Lost, Message, Outcome, Refused, nothing

_AGAIN_AFTER = 60.0  # seconds without another try, once a server could not be reached
_GO_AHEAD, _CLOSING = 354, 421
_LOST, _GARBLED, _OUT_OF_TURN = 0, -1, -2  # instead of a code
_GONE = (_LOST, _OUT_OF_TURN, _CLOSING)
_MOST_UNANSWERED = 5  # messages in a row
_ANSWERS, _DONE = range(200, 600), range(200, 300)
_DOT = b".\r\n"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for an answer: to a command, and to a whole message (servers look into it before they say)."""

    command: float = 60.0
    whole: float = 600.0


class Smtp:
    """A mail account as a way for messages.

    Args:
        server: where.
        sender: who from.
        pace: how fast they follow each other.
        times: the time.
        patience: how long answers may take.
        heard: told after each use whether the account could be used, None = it could; not told if it was not tried.
    """

    def __init__(
        self,
        server: Server,
        sender: Sender,
        pace: Pace,
        times: Times,
        patience: Patience = Patience(),
        heard: Heard = to_nobody,
    ) -> None:
        self._server = server
        self._sender = sender
        self._pace = pace
        self._times = times
        self._patience = patience
        self._heard = heard

    @contextmanager
    def opened(self) -> Iterator[SmtpLine]:
        """A line that connects with its first message."""
        line = SmtpLine(self._server, self._sender, self._pace, self._times, self._patience)
        try:
            yield line
        finally:
            line.close()
            if line.tried:
                self._heard(line.trouble)


class SmtpLine:
    """One connection, made when it is needed and made again when it is lost.

    A server that has not answered several messages in a row is left alone for a while: each of them may be in doubt.

    Attributes:
        tried: whether there was anything to connect for.
        trouble: why nothing could be sent when it was last tried.
    """

    def __init__(self, server: Server, sender: Sender, pace: Pace, times: Times, patience: Patience) -> None:
        self._server, self._sender, self._pace, self._times, self._patience = server, sender, pace, times, patience
        self._smtp: smtplib.SMTP | None = None
        self._not_before = -inf
        self._unanswered = 0  # messages in a row
        self.tried = False
        self.trouble: Trouble | None = None

    def wait(self) -> None:
        """Wait until the next message may leave."""
        self._pace.wait()

    def hand_over(self, message: Message, meanwhile: Callable[[], None] = nothing) -> Outcome:
        """Hand one over. ``meanwhile``: done once the whole message was sent, while the server looks at it."""
        to = mail_address(message.to)
        if to is None:
            return Refused(ours("not_an_address"), True, ADDRESS)
        return self._sent(to, written(message, to, self._sender, self._times.clock()), meanwhile)

    def close(self) -> None:
        """Say goodbye, if there is anybody to say it to."""
        if self._smtp is not None:
            with suppress(smtplib.SMTPException):
                self._smtp.quit()
            self._drop()

    def _sent(self, to: MailAddress, content: bytes, meanwhile: Callable[[], None]) -> Outcome:
        used_before = self._smtp is not None
        try:
            smtp = self._connected()
            if not to.ascii and not smtp.has_extn("smtputf8"):
                return Refused(ours("no_utf8"), True, SERVER)
            _say_all(smtp, self._sender, to, content)
        except Unable as unable:
            self.trouble = unable.trouble
            return Refused(unable.trouble.reply, False, SERVER)
        except _Stopped as stopped:
            if stopped.gone:
                self._drop()
            if stopped.gone and used_before and stopped.stage is Stage.SENDER:  # while we had nothing to say
                return self._sent(to, content, meanwhile)
            return self._refused(stopped, to)
        meanwhile()
        outcome = self._answered(smtp, to)
        return self._learned(Stage.CONTENT, outcome, not isinstance(outcome, Lost))

    def _refused(self, stopped: _Stopped, to: MailAddress) -> Outcome:
        found = stopped.meaning(to)
        if self._smtp is not None:
            self._begin_anew(self._smtp, stopped.code)
        return self._learned(stopped.stage, found, not stopped.gone)

    def _answered(self, smtp: smtplib.SMTP, to: MailAddress) -> Outcome:
        """The answer to a whole message: without one nobody knows whether it has left."""
        try:
            with _patient(smtp, self._patience):
                code, answer = smtp.getreply()
        except smtplib.SMTPException:
            self._drop()
            return Lost(ours("unanswered"))
        outcome = after_all_was_sent(code, text(answer), str(to), to.local)
        if not isinstance(outcome, Accepted):
            self._begin_anew(smtp, code)
        return outcome

    def _learned(self, stage: Stage, outcome: Outcome, answered: bool) -> Outcome:
        """The outcome, and what it tells of the account."""
        self.trouble = _trouble(stage, outcome)
        self._unanswered = 0 if answered else self._unanswered + 1
        if self._unanswered >= _MOST_UNANSWERED:
            self._drop()
            self.trouble = Trouble(stage, ours("silent"))
            self._not_before = self._times.seconds() + _AGAIN_AFTER
        return outcome

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None:
            return self._smtp
        if self.trouble is not None and self._times.seconds() < self._not_before:
            raise Unable(self.trouble)
        self.tried = True
        try:
            self._smtp = connection(self._server, self._patience.command)
        except Unable as unable:
            self._not_before = inf if unable.lasting else self._times.seconds() + _AGAIN_AFTER
            raise
        return self._smtp

    def _begin_anew(self, smtp: smtplib.SMTP, code: int) -> None:
        """Make the connection ready for the next message, or give it up."""
        with suppress(smtplib.SMTPException):
            if code != _CLOSING and code in _ANSWERS and smtp.rset()[0] in _DONE:
                return
        self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _trouble(stage: Stage, outcome: Outcome) -> Trouble | None:
    """What an outcome tells of the account; whatever is said of one address or message tells nothing of it."""
    match outcome:
        case Lost(why):
            return Trouble(stage, why)
        case Refused(reply, _, about) if about == SERVER:
            return Trouble(stage, reply)
    return None


class _Stopped(Exception):
    """A message was not taken, and has not left. ``code``: ``_LOST`` if the connection broke instead of an answer."""

    def __init__(self, stage: Stage, code: int, answer: str) -> None:
        super().__init__(stage)
        self.stage = stage
        self.code = code
        self.answer = answer

    @property
    def gone(self) -> bool:
        """Whether the server has closed the connection, or says that it does."""
        return self.code in _GONE

    def meaning(self, to: MailAddress) -> Refused:
        """What it means for the message."""
        if self.code == _LOST:
            return Refused(ours("lost", self.answer), False, SERVER)
        if self.code == _OUT_OF_TURN:
            return Refused(ours("out_of_turn"), False, SERVER)
        return refused(self.stage, self.code, self.answer, str(to), to.local)


def _say_all(smtp: smtplib.SMTP, sender: Sender, to: MailAddress, content: bytes) -> None:
    """All of a message but waiting for its answer.

    Raises:
        _Stopped: the server did not want it, or the connection was lost before the last octet of it was sent.
    """
    smtp.command_encoding = "ascii" if to.ascii else "utf-8"
    wide = "" if to.ascii else " SMTPUTF8 BODY=8BITMIME"
    _step(smtp, Stage.SENDER, f"MAIL FROM:<{sender.address}>{wide}", _DONE)
    _step(smtp, Stage.RECIPIENT, f"RCPT TO:<{to}>", _DONE)
    _step(smtp, Stage.CONTENT, "DATA", (_GO_AHEAD,))
    try:
        smtp.send(re.sub(rb"(?m)^\.", b"..", content))
        _insist_on_silence(smtp, Stage.CONTENT)
        smtp.send(_DOT)
    except smtplib.SMTPException as error:
        raise _Stopped(Stage.CONTENT, _LOST, str(error)) from None


def _insist_on_silence(smtp: smtplib.SMTP, stage: Stage) -> None:
    """Nothing is said while an answer to nothing lies there: it would be taken for the next one."""
    if speaks_out_of_turn(smtp):
        raise _Stopped(stage, _OUT_OF_TURN, "")


def _step(smtp: smtplib.SMTP, stage: Stage, command: str, expected: Container[int]) -> None:
    _insist_on_silence(smtp, stage)
    try:
        code, answer = smtp.docmd(command)
    except smtplib.SMTPException as error:
        raise _Stopped(stage, _LOST, str(error)) from None
    if code not in expected:
        raise _Stopped(stage, code if code in _ANSWERS else _GARBLED, text(answer))


@contextmanager
def _patient(smtp: smtplib.SMTP, patience: Patience) -> Iterator[None]:
    """Wait longer, for the answer to a whole message."""
    held = smtp.sock
    if held is not None:
        held.settimeout(patience.whole)
    yield
    if held is not None:
        held.settimeout(patience.command)
