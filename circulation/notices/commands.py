"""The command ``circulation mail``: mail accounts without the console."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

import wording
from circulation import audit
from circulation.command_line import (
    DatabaseUrl,
    SecretsFolder,
    StaffLanguage,
    console,
    errors,
    opened,
    password_from,
    text_of,
    told,
)
from circulation.errors import CirculationError
from circulation.notices import accounts
from circulation.notices.accounts import Account
from circulation.notices.channels import replies
from circulation.notices.channels.smtp_connecting import STARTTLS
from circulation.notices.checks import MailWrongError
from circulation.notices.keeping import Shown

mail_app = typer.Typer(help="Mail accounts by which notices are sent.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(metavar="CODE", help="Code of the account, as mail list shows it.")]


@mail_app.command("list")
@told
def mail_list(database: DatabaseUrl, secrets: SecretsFolder = None, language: StaffLanguage = "en") -> None:
    """Every account, whether it can be used, and what has gone wrong with it; never a password."""
    with opened(database, secrets) as service:
        rows = accounts.listed(service)
    table = Table("code", "name", "server", "security", "user", "sender", "test", "trouble")
    for row in rows:
        account = row.said
        server = f"{account.host}:{account.port}"
        trouble = replies.sentence(row.state.trouble or "", language)
        described = (account.security, account.user or "", account.sender, _test(row), trouble)
        table.add_row(row.code, account.name, server, *described)
    console.print(table)


def _test(row: Shown[Account]) -> str:
    if not row.said.active:
        return "not in use"
    return {True: "succeeded", False: f"not yet: {row.state.test_stage}", None: "none yet"}[row.state.tested_ok]


@mail_app.command("add")
@told
def mail_add(
    code: Code,
    database: DatabaseUrl,
    host: Annotated[str, typer.Option(help="Name of the mail server.")],
    sender: Annotated[str, typer.Option(help="Address messages come from.")],
    name: Annotated[str | None, typer.Option(help="Name staff see; the code if not given.")] = None,
    port: Annotated[int, typer.Option(help="Port of the mail server.")] = 587,
    security: Annotated[str, typer.Option(help="starttls, tls or none.")] = STARTTLS,
    user: Annotated[str | None, typer.Option(help="User name; without one nobody signs in.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="Read the password from this file.")] = None,
    sender_name: Annotated[str, typer.Option(help="Name shown with the sender's address.")] = "",
    reply_to: Annotated[str | None, typer.Option(help="Address answers go to.")] = None,
    unsubscribe: Annotated[str | None, typer.Option(help="Address or https:// page to end messages.")] = None,
    per_minute: Annotated[int, typer.Option(help="So many messages in a minute at most.")] = 60,
    ca_file: Annotated[Path | None, typer.Option(help="Trust these certificates (PEM), not the system's.")] = None,
    secrets: SecretsFolder = None,
    language: StaffLanguage = "en",
) -> None:
    """Enter an account; it can be chosen for a task once "mail test" has succeeded."""
    authority = text_of("mail", ca_file) if ca_file is not None else None
    named = (name or code, host, port, security, sender, sender_name, user, reply_to, unsubscribe, authority)
    account = Account(*named, per_minute=per_minute)
    password = password_from(password_file) if user is not None or password_file is not None else None
    with opened(database, secrets) as service, _mistakes_told(language):
        accounts.create(service, audit.COMMAND_LINE, code, account, password)
    console.print(f"{code} is entered; now: circulation mail test {code} --to ADDRESS", highlight=False)


@mail_app.command("test")
@told
def mail_test(
    code: Code,
    database: DatabaseUrl,
    to: Annotated[str, typer.Option(help="Address the test goes to.")],
    secrets: SecretsFolder = None,
    language: StaffLanguage = "en",
) -> None:
    """Send a test message by an account, and tell what the server said."""
    with opened(database, secrets) as service, _mistakes_told(language):
        found = accounts.send_test(service, audit.COMMAND_LINE, code, to, language)
    answer = f"{found.sentence(language)} ({replies.sentence(found.answer, language)})"
    if not found.ok:
        raise CirculationError("mail_test", answer)
    console.print(answer, highlight=False)


@mail_app.command("remove")
@told
def mail_remove(code: Code, database: DatabaseUrl, secrets: SecretsFolder = None) -> None:
    """Take out an account that no task uses."""
    with opened(database, secrets) as service:
        accounts.delete(service, audit.COMMAND_LINE, code)
    console.print(f"{code} is removed", highlight=False)


@contextmanager
def _mistakes_told(language: str) -> Iterator[None]:
    """Every mistake is told before the command ends."""
    try:
        yield
    except MailWrongError as error:
        for one in error.mistakes:
            sentence = wording.say_staff(f"mail.wrong.{one.code}", one.params, language)
            errors.print(f"{one.place}: {sentence}", markup=False, highlight=False, emoji=False)
        raise
