"""Which tags are on the pad, folded from one look after another.

Responsible for when a tag has come, when it has left, and whether its data were told. Pure: no thread, no clock. Not
responsible for looking (devices) or for telling (worker). Kept over a reconnect, so that leftovers stay leftovers.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import Inventory, TagUid

MISSED_LOOKS = 3
"""Complete looks in a row without a tag until it has left."""

READ_TRIES = 3
"""Looks at which a tag that is there may fail to be read until that is told as a problem."""

UNCLEAR_LOOKS = 2
"""Looks in a row with tags that cannot be told apart until that is told: one may be noise."""


@dataclass(slots=True)
class _Visit:
    missed: int = 0
    told: bool = False
    failed: int = 0
    seen: bool = True  # at the last look, and not tried since


@dataclass(frozen=True, slots=True)
class Change:
    """What a look has changed."""

    entered: tuple[TagUid, ...]
    left: tuple[TagUid, ...]
    unresolved: int


class Visits:
    """Every tag that is on the pad, in order of arrival."""

    def __init__(self) -> None:
        self._visits: dict[TagUid, _Visit] = {}
        self._unresolved = 0
        self._unclear = 0

    def __contains__(self, uid: TagUid) -> bool:
        return uid in self._visits

    def look(self, look: Inventory) -> Change | None:
        """Fold one look; None if nothing changed.

        A tag may come with an incomplete look. It leaves only after it was missing in complete ones.
        """
        left = tuple(uid for uid, visit in self._visits.items() if self._missing(uid, visit, look))
        for uid in left:
            del self._visits[uid]
        entered = tuple(sorted(look.uids - self._visits.keys()))
        self._visits |= {uid: _Visit() for uid in entered}
        unresolved = self._clear_or_not(look)
        if not entered and not left and unresolved == self._unresolved:
            return None
        self._unresolved = unresolved
        return Change(entered, left, unresolved)

    def _missing(self, uid: TagUid, visit: _Visit, look: Inventory) -> bool:
        visit.seen = uid in look.uids
        if visit.seen:
            visit.missed = 0
        elif look.complete:
            visit.missed += 1
        return visit.missed >= MISSED_LOOKS

    def _clear_or_not(self, look: Inventory) -> int:
        if look.complete:
            self._unclear = 0
            return 0
        if not look.unresolved:
            return self._unresolved
        self._unclear += 1
        return look.unresolved if self._unclear >= UNCLEAR_LOOKS else self._unresolved

    def unread(self) -> TagUid | None:
        """The tag to read next: seen at the last look, not told yet, not tried since."""
        return next((uid for uid, visit in self._visits.items() if visit.seen and not visit.told), None)

    def failed(self, uid: TagUid) -> bool:
        """The tag was silent when it was read. True if that has happened too often to go on trying."""
        visit = self._visits[uid]
        visit.failed += 1
        visit.seen = False
        return visit.failed >= READ_TRIES

    def told(self, uid: TagUid) -> None:
        """The tag's data (or problem) were told; it is not read again unless asked for."""
        self._visits[uid].told = True
