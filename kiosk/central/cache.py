"""What the machine holds of the central service across a restart: item list and rule set, each with its ETag.

Responsible for files that are whole or not there: a damaged one is as good as none. No personal data is in them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kiosk.central import api
from kiosk.central.reading import Fields, item_list, published
from kiosk.files import replace_file


def _save(path: Path, document: Mapping[str, Any]) -> None:
    """Replace the file in one step; raises OSError."""
    body = json.dumps(document, ensure_ascii=False)
    whole = json.dumps({"checksum": hashlib.sha256(body.encode()).hexdigest(), "body": body})
    replace_file(path, whole)


def _load(path: Path) -> Any:
    """The document, None if there is none or it is damaged."""
    try:
        whole = json.loads(path.read_text("utf-8"))
        body = whole["body"]
        if hashlib.sha256(body.encode()).hexdigest() != whole["checksum"]:
            return None
        return json.loads(body)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


class Cache:
    """Item list and rule set in the machine's state folder.

    Args:
        folder: the state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._items = folder / "items.json"
        self._rules = folder / "rules.json"
        self._generation = folder / "generation.json"

    def save_items(self, items: api.ItemList) -> None:
        """Keep an item list; raises OSError."""
        _save(self._items, {"etag": items.etag, "items": [asdict(record) for record in items.items.values()]})

    def items(self) -> api.ItemList | None:
        """The list held."""
        raw = _load(self._items)
        try:
            return item_list(Fields(raw, "items"), Fields(raw, "items").get("etag", str))
        except api.CentralUnreachable:
            return None

    def save_rules(self, rules: api.PublishedRules) -> None:
        """Keep a rule set; raises OSError."""
        _save(self._rules, {"etag": rules.etag, "document": dict(rules.document)})

    def rules(self) -> api.PublishedRules | None:
        """The rule set held."""
        raw = _load(self._rules)
        try:
            fields = Fields(raw, "rules")
            return published(fields.get("document", dict), fields.get("etag", str))
        except api.CentralUnreachable:
            return None

    def save_generation(self, generation: str) -> None:
        """Keep which database was last spoken to; raises OSError."""
        _save(self._generation, {"generation": generation})

    def generation(self) -> str | None:
        """The database last spoken to."""
        raw = _load(self._generation)
        try:
            return Fields(raw, "generation").get("generation", str)
        except api.CentralUnreachable:
            return None
