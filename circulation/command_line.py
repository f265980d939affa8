"""What all commands have in common: how they open the service, and how they tell people something.

Responsible for options that several commands have, for where their words go, and for errors of ours. Not responsible
for any one command (cli, importing.commands).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

import wording
from circulation import logs
from circulation.clock import real_clock
from circulation.errors import CirculationError
from circulation.one_server import only_server
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store.engine import Database

WIDTH_WITHOUT_TERMINAL = 250  # so that no item number is cut where another program reads
# Names, titles and device states are shown as they are: "[b]" and ":book:" in them are no instructions to rich.
console = Console(
    soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, markup=False, emoji=False
)
errors = Console(stderr=True, soft_wrap=True)
P = ParamSpec("P")

DatabaseUrl = Annotated[
    str,
    typer.Option("--database", envvar="CIRCULATION_DATABASE", help="Database address, e.g. sqlite:////var/lib/x.db"),
]
SecretsFolder = Annotated[
    Path | None,
    typer.Option(
        "--secrets", envvar="CIRCULATION_SECRETS", help="Folder of the server's secrets; beside SQLite's file"
    ),
]


def _language(language: str) -> str:
    known = wording.languages(wording.STAFF)
    if language not in known:
        raise typer.BadParameter(f"there is no language {language!r}; there are {', '.join(known)}")
    return language


StaffLanguage = Annotated[str, typer.Option("--language", callback=_language, help="Language of what is told.")]


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Errors of ours are one plain line and exit code 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except CirculationError as error:
            errors.print(f"circulation: {error.detail}", markup=False, highlight=False)
            raise typer.Exit(1) from None
        except SQLAlchemyError as error:
            errors.print(f"circulation: the database failed: {type(error).__name__}", markup=False, highlight=False)
            raise typer.Exit(1) from None

    return run


def existing(database: str) -> Database:
    """A database that is there: SQLite would make an empty one of an address with a mistake in it.

    Raises:
        CirculationError: there is none.
    """
    found = Database(database)
    if found.file is not None and not found.file.exists():
        raise CirculationError(
            "database",
            f"there is no database {found.file}: look at its address, or make one with 'circulation init', "
            "or with 'circulation demo-data' for a library to try with",
        )
    return found


@contextmanager
def opened(database: str, secrets: Path | None, server: bool = False, new: bool = False) -> Iterator[Service]:
    """Database and secrets, with the tables brought up to this version; closed after the block.

    Args:
        database: its address.
        secrets: folder of the secrets; None = beside SQLite's file.
        server: be the one server of a SQLite database.
        new: make SQLite's file if there is none.

    Raises:
        CirculationError: either cannot be used, or there is a server already.
    """
    logs.configure()
    found = Database(database) if new else existing(database)
    folder = secrets or (found.file.with_name(found.file.name + ".secrets") if found.file else None)
    if folder is None:
        raise CirculationError("secrets", "give --secrets FOLDER: this database has no folder of its own")
    try:
        with only_server(found.file if server else None):
            found.migrate()
            yield Service(found, Secrets(folder), real_clock)
    finally:
        found.close()


def password_from(file: Path | None) -> str:
    """A password, read from a file or else asked for; never an argument, which other users of the computer see.

    Raises:
        CirculationError: the file cannot be read.
    """
    if file is None:
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return text_of("password", file).rstrip("\r\n")


def text_of(code: str, file: Path) -> str:
    """What a file says, without the byte order mark some editors put in front.

    Args:
        code: of the error, if there is one.
        file: which.

    Raises:
        CirculationError: it cannot be read, or is not UTF-8.
    """
    try:
        return bytes_of(code, file).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CirculationError(code, f"{file} cannot be read: it is not UTF-8") from None


def bytes_of(code: str, file: Path) -> bytes:
    """What is in a file.

    Raises:
        CirculationError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise CirculationError(code, f"{file} cannot be read: {error.strerror}") from None
