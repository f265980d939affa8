"""Taking what a world says out of its tables, so that nothing in them is left unread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tests.cases.reading import CaseError


class Taking:
    """One table of a world, whose every key must be asked for."""

    def __init__(self, place: str, raw: Any) -> None:
        if not isinstance(raw, Mapping):
            raise CaseError(f"{place}: {raw!r} is no table")
        self.place, self.left = place, dict(raw)

    def get(self, *names: str, default: Any = None) -> Any:
        """The value of the first of these names that is there."""
        found = [self.left.pop(name) for name in names if name in self.left]
        return found[0] if found else default

    def like(self, *parts: str, default: Any = None) -> Any:
        """The value of the first name that holds one of these parts."""
        return self.get(*[name for part in parts for name in self.left if part in name], default=default)

    def several(self, *names: str) -> list[Any]:
        """All that is said under any of these names."""
        said = [self.left.pop(name) for name in names if name in self.left]
        return [one for value in said for one in (value if isinstance(value, list) else [value])]

    def several_like(self, *parts: str) -> list[Any]:
        """All that is said under names that hold one of these parts."""
        return self.several(*[name for name in self.left if any(part in name for part in parts)])

    def done(self) -> None:
        """Nothing may be left.

        Raises:
            CaseError: a key is not known.
        """
        if self.left:
            raise CaseError(f"{self.place}: unknown {', '.join(sorted(self.left))}")

    def wrong(self, key: str, value: object) -> CaseError:
        """What is said under a key is not known."""
        return CaseError(f"{self.place}: unknown {key} {value!r}")


def rows(place: str, said: Any) -> Iterator[Taking]:
    """The tables of a list, or of a table by their names; a name may stand for itself."""
    named = [{"id": name, **_as_table(one)} for name, one in said.items()] if isinstance(said, Mapping) else said
    for one in named:
        yield Taking(place, {"id": one} if isinstance(one, str) else one)


def _as_table(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, Mapping) else {"": said}


def instant(day: Any, zone: str) -> datetime:
    """A day of a world as the instant at which something was done on it; in the morning unless it says when."""
    at = day if isinstance(day, datetime) else datetime.combine(day, time(9))
    return at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))
