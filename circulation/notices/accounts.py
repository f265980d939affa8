"""Mail accounts: one set-up for everything that is sent by e-mail (R60, R61).

Responsible for that a password is never stored or shown in the clear and never goes to another server or under another
name than it was entered for, and that nothing is sent by an account before a test of it has succeeded. Not responsible
for how mail is sent (channels.smtp).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row

import wording
from circulation.domain.policy import Mistake
from circulation.errors import CirculationError
from circulation.notices import checks, kept
from circulation.notices.addresses import MailAddress, mail_address
from circulation.notices.channels.mail_text import Sender
from circulation.notices.channels.pace import Pace, Times
from circulation.notices.channels.smtp import Patience, Smtp
from circulation.notices.channels.smtp_connecting import NONE, SECURITIES, Server
from circulation.notices.channels.trouble import Heard, Trouble, to_nobody
from circulation.notices.checks import MailWrongError
from circulation.notices.kept import State, Tested, UsedBy
from circulation.notices.types import EMAIL, Message
from circulation.service import Service
from circulation.store import mail as store
from circulation.store.mail_tables import mail_account

OPTION = "account"  # of a task: the account it sends by
USED_BY = kept.tasks_with(OPTION)
MOST_PORT, MOST_PASSWORD = 65535, 1000
TESTING = Patience(command=15.0, whole=60.0)  # staff are waiting
_VOIDS = frozenset({"host", "port", "security", "user", "authority", "sender"})  # a test, when changed
_MAY_BE_EMPTY = ("user", "reply_to", "unsubscribe", "authority")
_BOUND_TO = ("host", "user")  # a password holds for these and no others


@dataclass(frozen=True, slots=True)
class Account:
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

    name: str
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


@dataclass(frozen=True, slots=True)
class AccountShown:
    """An account as staff see it: never its password. ``usable``: it may be chosen for a task (R61)."""

    code: str
    account: Account
    has_password: bool
    usable: bool
    state: State


# --- reading ----------------------------------------------------------------------------------------------------------


def listed(service: Service) -> list[AccountShown]:
    """Every account, by code."""
    with service.database.reading() as db:
        return [_shown(row) for row in store.rows(db, mail_account)]


def one(service: Service, code: str) -> AccountShown:
    """One account.

    Raises:
        CirculationError: there is none of this code.
    """
    with service.database.reading() as db:
        return _shown(kept.present(db, mail_account, code))


def must_be_usable(db: Connection, code: str) -> None:
    """Whether an account may be chosen (R61).

    Raises:
        CirculationError: it is not there, not in use, or no test of it as it is now has succeeded.
    """
    kept.must_be_usable(db, mail_account, code)


def _shown(row: Row[Any]) -> AccountShown:
    return AccountShown(row.code, _account(row), row.password is not None, kept.usable(row), kept.state(row))


def _account(row: Row[Any]) -> Account:
    return Account(**{one.name: getattr(row, one.name) for one in fields(Account)})


# --- changing ---------------------------------------------------------------------------------------------------------


def create(service: Service, by: str, code: str, account: Account, password: str | None = None) -> AccountShown:
    """A new account; it may be chosen once a test has succeeded.

    Raises:
        MailWrongError: with every mistake.
        CirculationError: the code is taken.
    """
    account, password = _tidy(account), password or None
    checks.must_be_right((*checks.code(code), *_mistakes(account, password, password is not None)))
    values = {**asdict(account), "password": _sealed(service, code, account, password)}
    told = {**asdict(account), "password": password is not None}
    kept.add(service, by, mail_account, code, values, told)
    return one(service, code)


def change(
    service: Service, by: str, code: str, changes: Mapping[str, Any], password: str | None = None
) -> AccountShown:
    """Change fields of an account; what the server sees of it has to be tested again.

    Args:
        service: the service.
        by: who of the staff.
        code: of the account.
        changes: fields of ``Account``.
        password: the new one, nothing = as it was. It must be given again with another host or user.

    Raises:
        MailWrongError: with every mistake.
        CirculationError: there is none of this code.
    """
    password = password or None
    with service.database.writing() as db:
        row = kept.present(db, mail_account, code, locked=True)
        before = _account(row)
        after = _tidy(replace(before, **changes))
        stays = row.password is not None and after.user is not None
        bound = all(getattr(before, name) == getattr(after, name) for name in _BOUND_TO)
        again = (Mistake("password", "password_again"),) if stays and password is None and not bound else ()
        checks.must_be_right((*again, *_mistakes(after, password, stays or password is not None)))
        changed = {name: value for name, value in asdict(after).items() if value != getattr(before, name)}
        values = {**changed, **_password_changed(service, row, after, password)}
        told = {**changed, **({"password": True} if password is not None else {})}
        kept.change(service, db, by, mail_account, row, values, told, void=bool(values.keys() & {*_VOIDS, "password"}))
    return one(service, code)


def _tidy(account: Account) -> Account:
    """Empty fields of a form say nothing."""
    said_nothing: dict[str, Any] = {name: None for name in _MAY_BE_EMPTY if not getattr(account, name)}
    return replace(account, **said_nothing)


def _password_changed(service: Service, row: Row[Any], after: Account, password: str | None) -> dict[str, Any]:
    if after.user is None:
        return {"password": None} if row.password is not None else {}
    return {"password": _sealed(service, row.code, after, password)} if password is not None else {}


def delete(service: Service, by: str, code: str, used_by: UsedBy = USED_BY) -> None:
    """Take an account out that no task uses.

    Raises:
        CirculationError: there is none of this code, or a task uses it.
    """
    kept.delete(service, by, mail_account, code, used_by)


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


def _sealed(service: Service, code: str, account: Account, password: str | None) -> str | None:
    return service.secrets.keep(_purpose(code, account), password) if password is not None else None


def _purpose(code: str, account: Account) -> str:
    """What a password is for: whoever changes the server in the database does not get it sent there."""
    return "\0".join(("mail_account", code, *(str(getattr(account, name)) for name in _BOUND_TO)))


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

    def heard(trouble: Trouble | None) -> None:
        kept.record_trouble(service, mail_account, row, trouble)

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
    kept.record_test(service, by, mail_account, row, found)
    return found


def _channel(service: Service, row: Row[Any], times: Times | None, patience: Patience, heard: Heard) -> Smtp:
    account = _account(row)
    password = kept.secret(service, mail_account, row, _purpose(row.code, account))
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
