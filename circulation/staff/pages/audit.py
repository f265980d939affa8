"""The audit log: who of the staff did what, when and why. It never names a patron (R89)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Response

import wording
from circulation import audit
from circulation.staff.page import AdminPage, Page
from circulation.staff.words import Words

router = APIRouter()
MOST = 50  # lines of a page
NOTHING = "-"
ACTION, DETAILS = "audit", ("audit_detail", "setting", "policy.name")  # prefixes of what actions and details are called
WANTED = ("who", "action", "subject")
ACTIONS = tuple(
    sorted(code.partition(".")[2] for code in wording.codes(wording.STAFF) if code.startswith(f"{ACTION}."))
)
# What a subject begins with -> where its page is; the rest of it is the id.
BY_WORD = {"item": "/items/", "operation": "/decisions/", "machine": "/machines/", "organisation": "/organisations/"}
# What an action begins with -> where its subject's page is.
BY_ACTION = {
    "organisation": "/organisations/",
    "settings": "/organisations/",
    "calendar": "/calendar/",
    "closing": "/calendar/",
    "rules": "/rule-sets/",
    "staff": "/members/",
}


@router.get("/audit")
def lines(page: AdminPage) -> Response:
    """Lines, newest first."""
    asked = page.asked
    query = {name: asked.text(name) for name in WANTED}
    wanted = {name: text for name, text in query.items() if text}
    with page.reading() as db:
        found = audit.listed(db, wanted, asked.number("after"), MOST)
    return page.show(
        "audit/list.html",
        query=query,
        actions=sorted(((one, page.words.name(ACTION, one)) for one in ACTIONS), key=lambda pair: pair[1].casefold()),
        lines=[_line(page, row) for row in found],
        next=found[-1]["id"] if len(found) == MOST else None,
    )


def _line(page: Page, row: Mapping[str, Any]) -> dict[str, Any]:
    details = list(_told(page.words, row["details"]))
    return {**row, "details": details, "path": _path(row["action"], row["subject"])}


def _path(action: str, subject: str) -> str | None:
    """Where the page of what was done something to is."""
    word, _, rest = subject.partition(" ")
    if rest and word in BY_WORD:
        return BY_WORD[word] + rest
    folder = BY_ACTION.get(action.partition(".")[0])
    return folder + subject if folder is not None else None


def _told(words: Words, details: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Details as pairs of words; those within others have the names of all above them before their own."""
    for key, value in details.items():
        name = f"{above}: {_called(words, key)}" if above else _called(words, key)
        if isinstance(value, Mapping) and value:
            yield from _told(words, value, name)
        else:
            yield name, _text(words, value)


def _called(words: Words, key: str) -> str:
    known = (f"{prefix}.{key}" for prefix in DETAILS)
    return next((words.say(code) for code in known if words.knows(code)), key)


def _text(words: Words, value: object) -> str:
    if isinstance(value, bool):
        return words.say("console.yes" if value else "console.no")
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {text}" for name, text in _told(words, value)) or NOTHING
    if isinstance(value, list):
        return ", ".join(_text(words, one) for one in value) or NOTHING
    return NOTHING if value is None or value == "" else str(value)
