"""Worlds made for the core's tests."""

from __future__ import annotations

from rules.compiled import RuleSet
from rules.duedate import BranchCalendar
from rules.organisation import Organisation, OrganisationTree
from rules.published import Published, read, write
from rules.rule import Conditions, Rule
from tests.kiosk.session.world import MEDIA, Item, World


def no(kind: str, media_type: str) -> Rule:
    """A rule that says no to a media type."""
    return Rule(f"{kind}-{media_type}", kind, "N1", False, when=Conditions(media_type=(media_type,)))


def rules_document(*more: Rule) -> Published:
    """A rule set that lends no DVD18 and takes back no GAME at the machine, and more rules."""
    tree = OrganisationTree({"N1": Organisation("N1", "Main library", None, "branch")})
    rules = (no("self_service.checkout", "DVD18"), no("self_service.return", "GAME"), *more)
    document = write(RuleSet(1, rules, tree), "N1", MEDIA, ("DE-Mus1",), BranchCalendar.always_open())
    return read(document)


def make_world(**changes: object) -> World:
    """Two books, a set of three, one on loan to another patron, one set aside for another, a game on loan."""
    items = [
        Item("book-1"),
        Item("book-2"),
        Item("set-3", "BOOK", parts=3),
        Item("lent-1", loan="patron-2"),
        Item("mine-1", loan="patron-1"),
        Item("kept-1", set_aside="patron-2"),
        Item("game-1", "GAME", loan="patron-2"),
        Item("film-1", "DVD18"),
    ]
    return World({item.id: item for item in items}, rules_document(), **changes)  # type: ignore[arg-type]
