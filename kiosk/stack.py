"""What lies on the pad: tags folded into items and sets.

Responsible for arriving, lying and leaving, for leftovers of an earlier session, and for which parts of a set are here.
Not responsible for what is done with an item (session) or whether it may be done (selfservice).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from drivers.api import ItemTag, Security, TagProblem, TagUid

Tag = ItemTag | TagProblem


@dataclass(frozen=True, slots=True)
class PadTag:
    """One tag that is on the pad now.

    Attributes:
        data: what it says; None until it was read.
        security: its bit as last read or written back.
        leftover: it was here when the last session ended and has not been lifted since.
        checked: its bit was compared with the loan state during this visit.
    """

    uid: TagUid
    data: Tag | None = None
    security: Security | None = None
    leftover: bool = False
    checked: bool = False

    @property
    def item(self) -> ItemTag | None:
        """The item the tag names, None if it was not read or names none."""
        return self.data if isinstance(self.data, ItemTag) else None


@dataclass(frozen=True, slots=True)
class Pad:
    """Every tag on the pad, in order of arrival; ``unresolved`` more are there that cannot be told apart."""

    tags: Mapping[TagUid, PadTag] = field(default_factory=dict)
    unresolved: int = 0

    def changed(self, entered: Iterable[TagUid], left: Iterable[TagUid], unresolved: int) -> Pad:
        """The pad after tags came and went. A tag that is already here stays as it is."""
        gone = set(left)
        tags = {uid: tag for uid, tag in self.tags.items() if uid not in gone}
        for uid in entered:
            tags.setdefault(uid, PadTag(uid))
        return Pad(tags, unresolved)

    def read(self, data: Tag) -> Pad:
        """The pad after a tag was read; a tag that has left meanwhile is not brought back."""
        known = self.tags.get(data.uid)
        if known is None:
            return self
        return self.with_tag(replace(known, data=data, security=data.security))

    def with_security(self, uid: TagUid, security: Security | None) -> Pad:
        """The pad after a tag's bit was written and read back."""
        known = self.tags.get(uid)
        return self if known is None else self.with_tag(replace(known, security=security))

    def with_tag(self, tag: PadTag) -> Pad:
        """The pad with one tag replaced, order kept."""
        return replace(self, tags={**self.tags, tag.uid: tag})

    def all_leftover(self) -> Pad:
        """The pad at the end of a session: whatever lies here belongs to nobody until it is lifted."""
        return replace(self, tags={uid: replace(tag, leftover=True) for uid, tag in self.tags.items()})

    def here(self, uid: TagUid) -> bool:
        """Whether the tag is on the pad."""
        return uid in self.tags

    def fresh(self) -> tuple[PadTag, ...]:
        """Tags of the running (or next) session, in order of arrival."""
        return tuple(tag for tag in self.tags.values() if not tag.leftover)

    def leftovers(self) -> tuple[PadTag, ...]:
        """Tags of the session before."""
        return tuple(tag for tag in self.tags.values() if tag.leftover)

    def of_item(self, item: str) -> tuple[PadTag, ...]:
        """Every tag here that names the item."""
        return tuple(tag for tag in self.tags.values() if tag.item is not None and tag.item.item_id == item)


def count_items(tags: Iterable[PadTag]) -> int:
    """How many things a person would count: a set is one, an unread tag is one."""
    return len({tag.item.item_id if tag.item else str(tag.uid) for tag in tags})


def parts_here(tags: Iterable[PadTag]) -> frozenset[int]:
    """Ordinal numbers of the parts among these tags; a single volume without a number is part 1."""
    return frozenset(max(tag.item.part, 1) for tag in tags if tag.item is not None)


def missing_parts(tags: Iterable[PadTag], parts: int) -> tuple[int, ...]:
    """Which of the item's parts (1..parts) are not among these tags."""
    here = parts_here(tags)
    return tuple(number for number in range(1, parts + 1) if number not in here) if parts > 1 else ()


def duplicates(tags: Iterable[PadTag]) -> tuple[TagUid, ...]:
    """Tags that repeat an item id and part which an earlier tag already carries."""
    seen: set[tuple[str, int]] = set()
    again: list[TagUid] = []
    for tag in tags:
        if tag.item is None:
            continue
        place = (tag.item.item_id, tag.item.part)
        if place in seen:
            again.append(tag.uid)
        seen.add(place)
    return tuple(again)
