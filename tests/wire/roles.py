"""The demo catalogue by role, so that a test says "a DVD that is free" and not a number."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).parents[2] / "circulation" / "demo" / "catalogue.toml"


@dataclass(frozen=True, slots=True)
class Roles:
    """Items and patrons of the demo catalogue."""

    items: tuple[dict[str, Any], ...]
    patrons: tuple[dict[str, Any], ...]

    def free(self, media_type: str, count: int = 1, parts: int = 1) -> list[str]:
        """Items of a media type that nobody has, in catalogue order."""
        found = [
            item["id"]
            for item in self.items
            if item["media_type"] == media_type
            and len(item["tags"]) == parts
            and not item.get("loan")
            and not item.get("set_aside")
            and not item.get("state")
        ]
        assert len(found) >= count, f"the demo catalogue has only {len(found)} free {media_type} of {parts} part(s)"
        return found[:count]

    def set_aside(self, patron: str) -> str:
        """An item set aside for a patron."""
        return next(str(item["id"]) for item in self.items if item.get("set_aside") == patron)

    def lent(self, patron: str, media_type: str) -> str:
        """An item of a media type that a patron has on loan."""
        return next(
            str(item["id"])
            for item in self.items
            if item.get("loan", {}).get("patron") == patron and item["media_type"] == media_type
        )


def read_roles() -> Roles:
    """Read the catalogue as it is shipped."""
    data = tomllib.loads(CATALOGUE.read_text("utf-8"))
    return Roles(tuple(data["item"]), tuple(data["patron"]))
