"""The pages the menu leads to, and whom each is for. Everything a page leads to in turn belongs to the page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from circulation.staffing import ADMIN, DESK, MACHINES, RULES


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu.

    Attributes:
        code: "page.<code>" is its name in the console's catalogue.
        path: below /staff.
        chapter: of the manual, that tells of it.
        roles: of which one is needed; empty = whoever is signed in.
    """

    code: str
    path: str
    chapter: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Pages under one heading, "menu.<code>"."""

    code: str
    entries: tuple[Entry, ...]


MENU = (
    Group("start", (Entry("home", "/", "first-day"),)),
    Group(
        "desk",
        (
            Entry("desk", "/desk", "desk", (DESK,)),
            Entry("patrons", "/patrons", "patrons", (DESK,)),
            Entry("items", "/items", "items", (DESK,)),
            Entry("loans", "/loans", "items", (DESK,)),
            Entry("reservations", "/reservations", "reservations", (DESK,)),
            Entry("hold_shelf", "/hold-shelf", "reservations", (DESK,)),
            Entry("fees", "/fees", "patrons", (DESK,)),
            Entry("attention", "/attention", "attention", (DESK, MACHINES)),
        ),
    ),
    Group(
        "rules",
        (
            Entry("self_service", "/self-service", "self-service", (RULES,)),
            Entry("rules", "/rules", "rules", (RULES, DESK)),
            Entry("drafts", "/drafts", "drafts", (RULES,)),
            Entry("rule_sets", "/rule-sets", "rules", (RULES,)),
            Entry("what_if", "/what-if", "answers", (DESK,)),
            Entry("decisions", "/decisions", "answers", (DESK,)),
            Entry("rule_help", "/rule-help", "rules", (RULES, DESK)),
        ),
    ),
    Group(
        "notices",
        (
            Entry("notice_log", "/notices", "notices", (DESK,)),
            Entry("notice_tonight", "/notices/tonight", "notices", (DESK, ADMIN)),
            Entry("notice_texts", "/notice-texts", "notices", (ADMIN,)),
            Entry("notice_effect", "/notices/effect", "notices", (DESK,)),
            Entry("tasks", "/tasks", "notices", (ADMIN,)),
            Entry("mail", "/mail", "notices", (ADMIN,)),
            Entry("notice_setup", "/notices/setup", "notices", (ADMIN,)),
        ),
    ),
    Group(
        "house",
        (
            Entry("calendar", "/calendar", "calendar", (ADMIN, RULES)),
            Entry("organisations", "/organisations", "house", (ADMIN,)),
            Entry("codes", "/codes", "house", (ADMIN,)),
            Entry("usage", "/usage", "answers"),
        ),
    ),
    Group(
        "machines",
        (
            Entry("machines", "/machines", "machines", (MACHINES,)),
            Entry("machine_settings", "/machine-settings", "machines", (MACHINES,)),
        ),
    ),
    Group(
        "staff",
        (
            Entry("members", "/members", "staff", (ADMIN,)),
            Entry("tokens", "/tokens", "staff", (ADMIN,)),
            Entry("audit", "/audit", "staff", (ADMIN,)),
        ),
    ),
    Group("help", (Entry("manual", "/manual", "first-day"),)),
)


def menu_for(roles: Collection[str]) -> tuple[Group, ...]:
    """What of the menu somebody with these roles may open; groups without a page are left out."""
    shown = (Group(group.code, tuple(one for one in group.entries if _may(one, roles))) for group in MENU)
    return tuple(group for group in shown if group.entries)


def _may(entry: Entry, roles: Collection[str]) -> bool:
    return not entry.roles or not set(entry.roles).isdisjoint(roles)


# Pages that stand beside the one of the menu they belong to, where what is below it may have any name.
BESIDE = {"/items-new": "/items", "/me": "/members", "/rule": "/rules"}


def current(path: str) -> Entry | None:
    """The page of the menu a path belongs to: the longest one it begins with."""
    path = BESIDE.get(path, path)
    found = [one for group in MENU for one in group.entries if path == one.path or path.startswith(f"{one.path}/")]
    return max(found, key=lambda one: len(one.path), default=None)
