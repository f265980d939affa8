"""The types of tasks that send notices: their options, and how a run of each begins (R63, R64).

Not responsible for what a run does (runs) or for when it is (jobs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table

from circulation.domain.noticing import Wanted
from circulation.domain.policy import Mistake
from circulation.errors import CirculationError
from circulation.jobs.options import Form, Option, option
from circulation.jobs.running import Counts, Preview, Run, TaskType
from circulation.notices import accounts, gateways, kept, receipts, runs
from circulation.notices.channels.letter import LetterFolder
from circulation.notices.composing import Composing
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT, RECEIPT, RESERVATION
from circulation.notices.lines import Asked
from circulation.notices.types import EMAIL, LETTER, SMS, Channel
from circulation.service import Service
from circulation.store import house
from circulation.store.mail_tables import mail_account, sms_gateway

MOST_DAYS, MOST_PATH = 365, 1000
_CODE = Option(Form.CODE, required=False)
_CODES = Option(Form.CODES, required=False)
_DAYS = Option(Form.NUMBER, required=False, least=1, most=MOST_DAYS)


@dataclass(frozen=True, slots=True)
class WarningOptions:
    """Of due warnings (R64).

    Attributes:
        account: mail account; gateway: for text messages, None = none are sent.
        days: before the due date, None = as the rules say.
        least_period: only loans that were given for so many days.
        media_types, categories: only these; none = all.
    """

    account: str = option(Option(Form.CODE))
    gateway: str | None = option(_CODE, None)
    days: int | None = option(_DAYS, None)
    least_period: int | None = option(_DAYS, None)
    media_types: tuple[str, ...] = option(_CODES, ())
    categories: tuple[str, ...] = option(_CODES, ())


@dataclass(frozen=True, slots=True)
class NoticeOptions:
    """Of reminders and reservation notices.

    Attributes:
        account, gateway: as of warnings; None = none are sent this way.
        letters: absolute path of the folder letters are put into; None = there are no letters.
    """

    account: str | None = option(_CODE, None)
    gateway: str | None = option(_CODE, None)
    letters: str | None = option(Option(Form.LINE, required=False, most=MOST_PATH), None)


@dataclass(frozen=True, slots=True)
class ReceiptOptions:
    """Of receipts, which go by e-mail only. ``account``: mail account."""

    account: str = option(Option(Form.CODE))


AnyOptions = WarningOptions | NoticeOptions
_DEVICES: tuple[tuple[str, Table], ...] = (("account", mail_account), ("gateway", sms_gateway))


def _check(db: Connection, wanted: AnyOptions) -> Iterator[Mistake]:
    """What only the database knows: accounts that may be used, codes that are there."""
    for name, table in _DEVICES:
        code = getattr(wanted, name)
        if code is not None:
            yield from _usable(db, table, name, code)
    if isinstance(wanted, WarningOptions):
        known = house.known_codes(db)
        yield from _known("media_types", wanted.media_types, known.media_types)
        yield from _known("categories", wanted.categories, known.patron_categories)
        return
    if wanted.letters is not None and not Path(wanted.letters).is_absolute():
        yield Mistake("options.letters", "absolute")
    if not any((wanted.account, wanted.gateway, wanted.letters)):
        yield Mistake("options.account", "missing")


def _usable(db: Connection, table: Table, name: str, code: str) -> Iterator[Mistake]:
    try:
        kept.must_be_usable(db, table, code)
    except CirculationError as error:
        yield Mistake(f"options.{name}", error.code)


def _known(name: str, given: tuple[str, ...], known: frozenset[str]) -> Iterator[Mistake]:
    for number, code in enumerate(given):
        if code not in known:
            yield Mistake(f"options.{name}.{number}", "choice", {"choices": ", ".join(sorted(known))})


def _channels(service: Service, wanted: AnyOptions) -> dict[str, Channel]:
    found: dict[str, Channel] = {}
    if wanted.account is not None:
        found[EMAIL] = accounts.channel(service, wanted.account)
    if wanted.gateway is not None:
        found[SMS] = gateways.channel(service, wanted.gateway)
    if isinstance(wanted, NoticeOptions) and wanted.letters is not None:
        with service.database.reading() as db:
            zone = house.installation(db).time_zone
        found[LETTER] = LetterFolder(Path(wanted.letters), service.clock, zone)
    return found


def asked(service: Service, kind: str, wanted: AnyOptions, task: int | None) -> Asked:
    """What a run of a task is for; ``task``: None = of one that is not kept yet, which can have missed nothing."""
    ways = {EMAIL: wanted.account, SMS: wanted.gateway}
    if isinstance(wanted, NoticeOptions):
        there = frozenset(way for way, code in {**ways, LETTER: wanted.letters}.items() if code is not None)
        return Asked(kind, there)
    filters = Wanted(wanted.days, wanted.least_period, frozenset(wanted.media_types), frozenset(wanted.categories))
    there = frozenset(way for way, code in ways.items() if code is not None)
    return Asked(kind, there, filters, runs.missed_since(service, task) if task is not None else None)


def _run_of(kind: str) -> Callable[[Service, Any, Run], Counts]:
    def run(service: Service, wanted: AnyOptions, job: Run) -> Counts:
        what = asked(service, kind, wanted, job.claim.task)
        return runs.run(service, what, job, _channels(service, wanted), Composing())

    return run


def _preview_of(kind: str) -> Callable[[Service, Any, int | None], Preview]:
    def preview(service: Service, wanted: AnyOptions, task: int | None) -> Preview:
        return runs.dry_run(service, asked(service, kind, wanted, task))

    return preview


def _check_receipts(db: Connection, wanted: ReceiptOptions) -> Iterator[Mistake]:
    yield from _usable(db, mail_account, "account", wanted.account)


def _send_receipts(service: Service, wanted: ReceiptOptions, job: Run) -> Counts:
    channels = {EMAIL: accounts.channel(service, wanted.account)}
    return runs.run(service, Asked(RECEIPT, frozenset(channels)), job, channels, Composing())


# Codes of the task types that find out by themselves what is due; each kind of notice but receipts has one.
CODES: Mapping[str, str] = {
    DUE_WARNING: "due_warnings",
    OVERDUE: "overdue_reminders",
    PAYMENT: "payment_reminders",
    RESERVATION: "reservation_notices",
}


def _found_by_itself(kind: str, code: str) -> TaskType[Any]:
    options = WarningOptions if kind == DUE_WARNING else NoticeOptions
    return TaskType(code, options, _run_of(kind), preview=_preview_of(kind), check=_check)


NOTICE_TYPES: tuple[TaskType[Any], ...] = (
    *(_found_by_itself(kind, code) for kind, code in CODES.items()),
    TaskType(receipts.TASK, ReceiptOptions, _send_receipts, check=_check_receipts),
)
