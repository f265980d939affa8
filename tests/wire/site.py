"""A library in one folder: the shipped programs on real wires, with hands, eyes and a look behind the counter."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from kiosk.cli import app
from sim.stage import Screen, Stage, states
from tests.wire.roles import Roles, read_roles

PATIENCE = 20.0
ON_DISPLAY = pytest.param("display", marks=pytest.mark.soak)
"""For ``hands``: also on an X server, in the long campaigns; the window is drawn by the same program."""
DONE = {"lent", "returned", "renewed", "not_on_loan"}


class Site:
    """One machine of the demo library with its surroundings and its central service."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.roles: Roles = read_roles()
        self.pins = {patron["key"]: patron["pin"] for patron in self.roles.patrons}

    # --- hands ---

    def put(self, *names: str) -> None:
        self.sim(f"put {' '.join(names)}")

    def take(self, *names: str) -> None:
        self.sim(f"take {' '.join(names)}")

    def sim(self, line: str) -> dict[str, Any]:
        return self.stage.sim(line)

    def do(self, intent: str, **fields: object) -> None:
        self.stage.do(intent, **fields)

    def sign_in(self, key: str, page: str = "Borrow") -> Screen:
        """Hold a card to the reader, type its PIN, take the card away."""
        return self.stage.sign_in(key, self.pins[key], page)

    # --- eyes ---

    @property
    def screen(self) -> Screen:
        return self.stage.screen

    def see(
        self, name: str, condition: Callable[[Screen], bool] = lambda screen: True, seconds: float = PATIENCE
    ) -> Screen:
        """Wait until this screen is shown and fits."""
        return self.stage.wait_screen(name, seconds, condition)

    def rows(self, wanted: dict[str, str], name: str | None = None, seconds: float = PATIENCE) -> Screen:
        """Wait until every named row has its state."""
        return self.stage.wait_screen(name or (), seconds, lambda screen: wanted.items() <= states(screen).items())

    # --- behind the counter ---

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        db = sqlite3.connect(f"file:{self.stage.database}?mode=ro", uri=True)
        try:
            return db.execute(statement, values).fetchall()
        finally:
            db.close()

    def loans(self) -> set[str]:
        """Items on loan, as the central service has it."""
        return {row[0] for row in self.query("SELECT item_id FROM loan WHERE returned_at IS NULL")}

    def loan_count(self, item: str) -> int:
        return int(self.query("SELECT COUNT(*) FROM loan WHERE item_id = ?", item)[0][0])

    def disarmed(self) -> set[str]:
        """Tags whose bit is off, as "item/part"."""
        return {tag["name"] for tag in self.sim("tags")["tags"] if tag["security"] == "disarmed"}

    def tag(self, name: str) -> dict[str, Any]:
        """One tag; part 1 where no part is named."""
        named = name if "/" in name else f"{name}/1"
        (found,) = [tag for tag in self.sim("tags")["tags"] if tag["name"] == named]
        return dict(found)

    def journal(self) -> dict[str, Any]:
        """What ``kiosk journal --json`` says; asked in this process, which need not start for each look."""
        said = CliRunner().invoke(
            app, ["journal", "--json", "--config", str(self.stage.config)], catch_exceptions=False
        )
        assert said.exit_code == 0, said.output
        found: dict[str, Any] = json.loads(said.stdout)
        return found

    def informed(self) -> None:
        """Wait until the machine holds the list of items, without which it takes nothing back by itself."""
        wait(lambda: any(self.stage.folder.rglob("items.json")))

    def settled(self, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait until the machine has nothing open."""
        end = time.monotonic() + seconds
        while True:
            found = self.journal()
            if not found["open"]:
                return found
            assert time.monotonic() < end, f"still open: {found['open']}"
            time.sleep(0.1)

    def invariant(self, *items: str) -> None:
        """Design 5 for these items: disarmed exactly if on loan, or on the staff list."""
        doubts = {doubt["item"] for doubt in self.settled()["doubts"]}
        loans, tags = self.loans(), self.sim("tags")["tags"]
        for tag in tags:
            item = tag["name"].split("/")[0]
            if item not in items or item in doubts:
                continue
            on_loan = item in loans
            assert (tag["security"] == "disarmed") == on_loan, f"{tag['name']} is {tag['security']}, on loan: {on_loan}"


def wait(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait for something outside the screens."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
    return value
