"""Answers of the central service, read with care: a value of ours or CentralUnreachable, never a crash.

Responsible for the shapes of the machine API's documents. What an answer says wrong is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from kiosk.central import api

T = TypeVar("T")
DATED = frozenset({api.Action.CHECKOUT.value, api.Action.RENEWAL.value})
ANSWERED = "answered: "  # begins the why of an Unknown that the service itself gave: it is there, and will not say more


class Fields:
    """An object of an answer, read field by field.

    Raises (every method):
        CentralUnreachable: the field is missing or of another type; names the field, never its value.
    """

    def __init__(self, raw: object, where: str) -> None:
        if not isinstance(raw, dict):
            raise api.CentralUnreachable(f"{where}: an object was expected")
        self._raw: dict[str, Any] = raw
        self._where = where

    def get(self, name: str, kind: type[T]) -> T:
        """A field that is there."""
        value = self._raw.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise api.CentralUnreachable(f"{self._where}: {name} is not a {kind.__name__}")
        return value

    def maybe(self, name: str, kind: type[T]) -> T | None:
        """A field that may be null or missing."""
        return None if self._raw.get(name) is None else self.get(name, kind)

    def day(self, name: str) -> date:
        """An ISO date."""
        return _parsed(f"{self._where}: {name}", date.fromisoformat, self.get(name, str))

    def maybe_day(self, name: str) -> date | None:
        """An ISO date, or null."""
        return None if self._raw.get(name) is None else self.day(name)

    def instant(self, name: str) -> datetime:
        """An instant with its zone."""
        value = _parsed(f"{self._where}: {name}", datetime.fromisoformat, self.get(name, str))
        if value.tzinfo is None:
            raise api.CentralUnreachable(f"{self._where}: {name} has no time zone")
        return value

    def each(self, name: str) -> list[Fields]:
        """A list of objects."""
        return [Fields(raw, f"{self._where}.{name}[{n}]") for n, raw in enumerate(self.get(name, list))]


def _parsed(where: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError:
        raise api.CentralUnreachable(f"{where} is not a date or time") from None


def reason(fields: Fields) -> api.Reason:
    """A refusal reason."""
    params = fields.get("params", dict)
    texts = fields.get("site_text", dict)
    if not all(isinstance(value, (str, int, bool, type(None))) for value in params.values()):
        raise api.CentralUnreachable("a reason's parameters are plain values")
    if not all(isinstance(value, str) for value in texts.values()):
        raise api.CentralUnreachable("a reason's texts are texts")
    return api.Reason(fields.get("code", str), params, texts)


def outcome(fields: Fields) -> api.Outcome:
    """The outcome of one operation."""
    kind = fields.get("outcome", str)
    if kind == "done":
        due = fields.maybe_day("due")
        if due is None and fields.maybe("action", str) in DATED:
            raise api.CentralUnreachable("a loan without a due date")
        return api.Done(due, fields.get("was_on_loan", bool))
    if kind == "refused":
        told = reason(Fields(fields.get("reason", dict), "reason"))
        reasons = tuple(reason(each) for each in fields.each("all_reasons"))
        return api.Refused(told, reasons, fields.get("still_on_loan", bool))
    if kind == "error":
        return api.Unknown(ANSWERED + fields.get("error", str))
    raise api.CentralUnreachable("an outcome is done, refused or error")


def line(fields: Fields, waiting: Mapping[api.OperationId, api.Operation]) -> tuple[api.OperationId, api.Outcome]:
    """The answer to one of the operations that wait for theirs; one about anything else is not to be trusted."""
    operation = waiting.get(fields.get("id", str))
    if operation is None:
        raise api.CentralUnreachable("an answer to something that was not asked")
    for name, asked in (("action", operation.action.value), ("item", operation.item)):
        if fields.maybe(name, str) not in (None, asked):
            raise api.CentralUnreachable(f"an answer with another {name} than asked")
    return operation.id, outcome(fields)


def sign_in(fields: Fields) -> api.PatronSession | api.SignInRefused:
    """A session, or why not."""
    if fields.get("outcome", str) == "signed_in":
        return api.PatronSession(
            fields.get("token", str),
            fields.get("patron", str),
            fields.get("first_name", str),
            fields.maybe("language", str),
            fields.get("loans", int),
            fields.maybe("limit", int),
            tuple(reason(each) for each in fields.each("notices")),
            fields.maybe("mail", bool),
        )
    until = fields.instant("until") if fields.maybe("until", str) is not None else None
    return api.SignInRefused(fields.get("code", str), fields.maybe("tries_left", int), until)


def record(fields: Fields) -> api.ItemRecord:
    """What a machine knows of an item."""
    return api.ItemRecord(
        item=fields.get("item", str),
        title=fields.get("title", str),
        author=fields.get("author", str),
        media_type=fields.get("media_type", str),
        parts=fields.get("parts", int),
        material_type=fields.maybe("material_type", str),
        department=fields.maybe("department", str),
        audience=fields.maybe("audience", str),
        fiction=fields.maybe("fiction", bool),
    )


def item_state(fields: Fields, answered: float) -> api.ItemState:
    """A fresh item state."""
    raw = fields.maybe("record", dict)
    known = record(Fields(raw, "record")) if raw is not None else None
    return api.ItemState(
        fields.get("item", str), known, fields.get("on_loan", bool), fields.get("state", str), answered
    )


def account(fields: Fields) -> api.Account:
    """A patron's account."""

    def head(row: Fields) -> tuple[str, str, str, str]:
        return row.get("item", str), row.get("title", str), row.get("author", str), row.get("media_type", str)

    loans = tuple(
        api.Loan(*head(row), row.day("due"), row.get("overdue", bool), row.get("renewals", int))
        for row in fields.each("loans")
    )
    ready = tuple(
        api.ReadyItem(*head(row), row.maybe_day("collect_by"), row.maybe("shelf", str)) for row in fields.each("ready")
    )
    fees = tuple(
        api.Fee(row.get("reason", str), row.get("amount", int), row.maybe("title", str)) for row in fields.each("fees")
    )
    return api.Account(
        loans, ready, fees, fields.get("owed", int), fields.get("currency", str), fields.maybe("limit", int)
    )


def item_list(fields: Fields, etag: str) -> api.ItemList:
    """The machine's item list."""
    records = (record(each) for each in fields.each("items"))
    return api.ItemList(etag, {each.item: each for each in records})


def published(raw: Mapping[str, object], etag: str) -> api.PublishedRules:
    """The rule set's document; ``rules.published`` reads what is in it."""
    return api.PublishedRules(etag, Fields(raw, "rules").get("number", int), raw)
