"""The list of fees with its sums (R87)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from circulation.staffing import DESK
from circulation.store import tables as t
from tests.circulation.running import Central
from tests.circulation.world import World
from tests.console.looking import HOSTILE, harmless, reader


def fee(world: World, patron: str, **more: Any) -> None:
    values = {"reason": "overdue", "amount": 300, "open": True, "at": world.service.clock(), "branch": "N1"}
    with world.service.database.writing() as db:
        db.execute(insert(t.fee).values(patron_id=world.patron_id(patron), **{**values, **more}))


def test_fees_are_found_by_every_filter_and_summed(world: World, central: Central) -> None:
    patron = world.patron()
    fee(world, patron, title="Late", paid=100)
    fee(world, patron, title="Paid", open=False, paid=300, branch="N2", settled_by="bert", reason="uncollected")
    fee(world, patron, title="Forgiven", open=False, paid=50, settled_by="bert", waived_for="kindness")
    with reader(central, DESK) as anna:
        for asked, found in (
            ({}, {"Late"}),
            ({"open": "settled"}, {"Paid", "Forgiven"}),
            ({"open": "all", "branch": "N2"}, {"Paid"}),
            ({"open": "all", "reason": "uncollected"}, {"Paid"}),
            ({"open": "all", "since": "2026-06-02"}, set()),
            ({"open": "all", "until": "2026-06-01"}, {"Late", "Paid", "Forgiven"}),
        ):
            rows = anna.get("/fees", **asked).text.partition("<tbody>")[2]
            assert {title for title in ("Late", "Paid", "Forgiven") if f"<td>{title}</td>" in rows} == found, asked
        sums = anna.read("/fees", open="all")
        for money in ("Owed €2.00", "Paid €4.50", "Waived €2.50"):
            assert money in sums
        assert "bert: kindness" in sums


def test_hostile_text_is_shown_and_harmless(world: World, central: Central) -> None:
    patron = world.patron(last_name=HOSTILE)
    fee(world, patron, title=HOSTILE, reason=HOSTILE, waived_for=HOSTILE, open=False, settled_by="bert")
    with reader(central, DESK) as anna:
        assert harmless(anna.get("/fees", open="all").text)
        assert harmless(anna.get("/fees", reason=HOSTILE).text)
