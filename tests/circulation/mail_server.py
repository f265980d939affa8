"""A real mail server in a thread of the test that takes messages, or does what a test tells it to."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

SECONDS = 10
HOST = "127.0.0.1"
# What a server can do instead of answering.
HANG_UP, SAY_NOTHING = "hang up", "say nothing"
# When it can do something else than usual: an SMTP command, or the answer to a whole message.
MAIL, RCPT, DATA, DATA_BEGUN, WHOLE, RSET, EHLO = "MAIL", "RCPT", "DATA", "data begun", "whole", "RSET", "EHLO"


@dataclass(frozen=True)
class Letter:
    """A message as it arrived."""

    sender: str
    to: tuple[str, ...]
    content: bytes

    @property
    def read(self) -> EmailMessage:
        """As a mail program reads it."""
        found = message_from_bytes(self.content, policy=default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def text(self) -> str:
        """Its plain text."""
        part = self.read.get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """What was said to a server and what it answers.

    Attributes:
        answers: when -> what to answer, or what to do instead; one that is a list is used up.
        accounts: user -> password.
    """

    answers: dict[str, str | list[str]] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    refused_addresses: dict[str, str] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    ended: Callable[[], None] = lambda: None

    def answer(self, when: str) -> str | None:
        """The answer of the test, None = as usual."""
        found = self.answers.get(when)
        if isinstance(found, list):
            return found.pop(0) if found else None
        return found

    # --- what aiosmtpd asks ---

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        refusal = self.refused_addresses.get(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        assert envelope.mail_from is not None
        answer = self.answer(WHOLE) or "250 2.0.0 Ok: queued as 4XyZ"
        if answer[0] not in "45":
            self.letters.append(Letter(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        return answer

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.heard.append(f"signs in by {mechanism}")
        user, password = given.login.decode(), given.password.decode()
        return AuthResult(success=self.accounts.get(user) == password, handled=False)


class _Told(SMTP):
    """A server that does what a test says."""

    def __init__(self, told: MailServer, **more: Any) -> None:
        super().__init__(told, **more)
        self._test = told
        told.connections += 1

    async def push(self, status: Any) -> None:
        """Send an answer, or what the test wants instead of it."""
        if status == HANG_UP:
            self._test.heard.append("hung up")
            assert self.transport is not None
            self.transport.abort()  # type: ignore[attr-defined]
        elif status == SAY_NOTHING:
            await asyncio.Event().wait()
        else:
            await super().push(status)

    async def _instead(self, when: str) -> bool:
        self._test.heard.append(when)
        answer = self._test.answer(when)
        if answer is not None:
            await self.push(answer)
        return answer is not None

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if not await self._instead(EHLO):
            await super().smtp_EHLO(hostname)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self._instead(MAIL):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        if not await self._instead(RCPT):
            await super().smtp_RCPT(arg)

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802
        if not await self._instead(RSET):
            await super().smtp_RSET(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if await self._instead(DATA):
            return
        if self._test.answer(DATA_BEGUN) == HANG_UP:  # goes on reading nothing of it
            await super().push("354 go ahead")
            await self.push(HANG_UP)
            return
        await super().smtp_DATA(arg)


@contextmanager
def mail_server(
    told: MailServer | None = None, tls: ssl.SSLContext | None = None, *, from_the_start: bool = False, **more: Any
) -> Iterator[MailServer]:
    """A server that listens on a port of its own.

    Args:
        told: what it does.
        tls: its certificate; offered by STARTTLS, or ``from_the_start``.
        from_the_start: encrypted from the first octet.
        more: for aiosmtpd.
    """
    told = told or MailServer()
    loop = asyncio.new_event_loop()

    def accept() -> SMTP:
        offered = None if from_the_start else tls
        wanted = {"authenticator": told.authenticate, "auth_require_tls": False} if told.accounts else {}
        return _Told(told, loop=loop, hostname="mail.example", tls_context=offered, **{**wanted, **more})

    thread = threading.Thread(target=loop.run_forever, name="mail server")
    thread.start()
    # In its own thread from the first: where a browser is driven, this one runs another loop already.
    opening = loop.create_server(accept, HOST, 0, ssl=tls if from_the_start else None, ssl_handshake_timeout=None)
    listening = asyncio.run_coroutine_threadsafe(opening, loop).result(SECONDS)
    told.port = listening.sockets[0].getsockname()[1]

    def end() -> None:
        if not loop.is_closed():
            asyncio.run_coroutine_threadsafe(_end(listening), loop).result(SECONDS)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(SECONDS)
            loop.close()

    told.ended = end
    try:
        yield told
    finally:
        end()


async def _end(listening: asyncio.Server) -> None:
    listening.close()
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # transports close with the next turn of the loop
    await asyncio.sleep(0)
