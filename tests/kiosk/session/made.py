"""Worlds made for the core's tests."""

from __future__ import annotations

from kiosk.central.api import PublishedRules
from tests.kiosk.session.world import MEDIA, Item, World


def rules_document() -> PublishedRules:
    """A rule set that lends no DVD18 and takes back no GAME at the machine."""
    doc = {
        "number": 1,
        "compiled": {("self_service.checkout", "DVD18"), ("self_service.return", "GAME")},
        "branch": "N1",
        "media_types": MEDIA,
        "owner": ("DE-Mus1",),
    }
    return PublishedRules("1", 1, doc)


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
