"""Mail accounts: one set-up for everything that is sent by e-mail (R60, R61).

Responsible for what an account is and that nothing is sent by it before a test of it has succeeded. Not responsible for
how accounts are entered and changed (keeping) or for how mail is sent (channels.smtp).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import Row

import wording
from circulation.domain.policy import Mistake
from circulation.errors import CirculationError
from circulation.notices import checks, kept
from circulation.notices.addresses import MailAddress, mail_address
from circulation.notices.channels.mail_text import Sender
from circulation.notices.channels.pace import Pace, Times
from circulation.notices.channels.smtp import Patience, Smtp
from circulation.notices.channels.smtp_connecting import NONE, SECURITIES, Server
from circulation.notices.channels.trouble import Heard, to_nobody
from circulation.notices.checks import MailWrongError
from circulation.notices.keeping import Keeping, Said
from circulation.notices.kept import Tested
from circulation.notices.types import EMAIL, Message
from circulation.service import Service
from circulation.store.mail_tables import mail_account

OPTION = "account"  # of a task: the account it sends by
MOST_PORT, MOST_PASSWORD = 65535, 1000
TESTING = Patience(command=15.0, whole=60.0)  # staff are waiting


@dataclass(frozen=True, slots=True)
class Account(Said):
    """What staff say of a mail account, but for its password.

    Attributes:
        security: "starttls", "tls" or "none".
        sender: address; ``sender_name`` is shown with it.
        user: None = the server wants no signing in.
        reply_to: address, None = answers go to the sender.
        unsubscribe: address or https:// page (RFC 2369), None = not offered.
        authority: certificates (PEM) to trust instead of the system's.
        per_minute: so many messages at most.
        active: whether it may be sent by.
    """

    host: str
    port: int
    security: str
    sender: str
    sender_name: str = ""
    user: str | None = None
    reply_to: str | None = None
    unsubscribe: str | None = None
    authority: str | None = field(default=None, repr=False)
    per_minute: int = 60
    active: bool = True


def _mistakes(account: Account, password: str | None, has_password: bool) -> Iterator[Mistake]:
    yield from checks.line("name", account.name, needed=True)
    yield from checks.host(account.host)
    yield from checks.number("port", account.port, MOST_PORT)
    yield from checks.one_of("security", account.security, SECURITIES)
    yield from checks.line("user", account.user)
    yield from checks.line("password", password, most=MOST_PASSWORD)
    yield from _signing_in(account, has_password)
    yield from checks.address("sender", account.sender, needed=True)
    yield from checks.line("sender_name", account.sender_name)
    yield from checks.address("reply_to", account.reply_to)
    yield from checks.unsubscribe(account.unsubscribe)
    yield from checks.authority(account.authority)
    yield from checks.number("per_minute", account.per_minute, checks.MOST_PER_MINUTE)


def _signing_in(account: Account, has_password: bool) -> Iterator[Mistake]:
    if has_password and account.user is None:
        yield Mistake("user", "user_missing")
    if account.user is not None and not has_password:
        yield Mistake("password", "password_missing")
    if account.user is not None and account.security == NONE and not checks.on_this_computer(account.host):
        yield Mistake("security", "password_in_clear")


KEEPING = Keeping(
    table=mail_account,
    said=Account,
    secret="password",
    again=Mistake("password", "password_again"),
    under="user",
    bound_to=("host", "user"),
    may_be_empty=("user", "reply_to", "unsubscribe", "authority"),
    voids=frozenset({"host", "port", "security", "user", "authority", "sender"}),
    mistakes=_mistakes,
    used_by=kept.tasks_with(OPTION),
)
listed, one = KEEPING.listed, KEEPING.one
create, change, delete = KEEPING.create, KEEPING.change, KEEPING.delete


# --- sending ----------------------------------------------------------------------------------------------------------


def channel(service: Service, code: str, times: Times | None = None, patience: Patience | None = None) -> Smtp:
    """An account as a way for messages; what goes wrong with it is kept and shown with it.

    Args:
        service: the service.
        code: of the account.
        times: the time; the service's clock and real seconds if not given.
        patience: how long answers may take.

    Raises:
        CirculationError: it may not be sent by (``must_be_usable``), or its password cannot be read.
    """
    with service.database.reading() as db:
        row = kept.must_be_usable(db, mail_account, code)
    heard = partial(kept.record_trouble, service, mail_account, row)
    return _channel(service, row, times, patience or Patience(), heard)


def send_test(
    service: Service, by: str, code: str, to: str, language: str = "en", times: Times | None = None
) -> Tested:
    """Send a test mail, and keep how it went and what the server said (R61).

    Args:
        service: the service.
        by: who of the staff.
        code: of the account.
        to: address it is sent to; not kept.
        language: of the mail.
        times: as for ``channel``.

    Raises:
        CirculationError: no such account or address, its password cannot be read, or it was changed meanwhile.
    """
    if mail_address(to) is None:
        raise MailWrongError((Mistake("to", "not_address"),))
    with service.database.reading() as db:
        row = kept.present(db, mail_account, code)
    subject, text = (
        wording.say_staff(f"mail.test.{part}", {"name": row.name}, language) for part in ("subject", "text")
    )
    message = Message(f"test.{uuid4()}", EMAIL, to, language, subject, text)
    with _channel(service, row, times, TESTING, to_nobody).opened() as line:
        found = kept.tested(line.hand_over(message), line.trouble)
    KEEPING.record_test(service, by, row, found)
    return found


def _channel(service: Service, row: Row[Any], times: Times | None, patience: Patience, heard: Heard) -> Smtp:
    account, password = KEEPING.of(row), KEEPING.secret_of(service, row)
    server = Server(account.host, account.port, account.security, account.user, password, account.authority)
    reply_to = mail_address(account.reply_to) if account.reply_to is not None else None
    sender = Sender(account.sender_name, _known(account.sender), reply_to, account.unsubscribe)
    times = times or Times(service.clock)
    pace = Pace(account.per_minute, times, kept.turns(service, mail_account, row.code))
    return Smtp(server, sender, pace, times, patience, heard)


def _known(address: str) -> MailAddress:
    found = mail_address(address)
    if found is None:  # somebody wrote into the database: it was checked when it was entered
        raise CirculationError("mail_wrong", "the sender of this mail account is no address", 409, place="sender")
    return found
