"""The page of what machines and desks did."""

from __future__ import annotations

from datetime import date

from sqlalchemy import insert

from circulation.staffing import MACHINES
from circulation.store import tables as t
from tests.circulation.running import Central
from tests.circulation.world import World
from tests.console.looking import HOSTILE, reader


def counted(world: World, *lines: tuple[str, str, str, str, str, str, int]) -> None:
    values = [(date.fromisoformat(day), *rest) for day, *rest in lines]
    with world.service.database.writing() as db:
        db.execute(insert(t.usage), [dict(zip(t.usage.c.keys(), line, strict=True)) for line in values])


def test_what_was_done_and_refused_is_told_by_month_reason_and_media_type(world: World, central: Central) -> None:
    counted(
        world,
        ("2026-05-31", "N1", "kiosk", "checkout", "BOOK", "", 3),
        ("2026-05-31", "N2", "desk", "checkout", "BOOK", "", 1),
        ("2026-06-01", "N1", "kiosk", "return", "DVD", "", 2000),
        ("2026-06-01", "N1", "kiosk", "checkout", "DVD18", "self_service.checkout", 7),
        ("2026-06-01", "N1", "kiosk", "checkout", "", "item_unknown", 2),
    )
    with reader(central, MACHINES) as anna:
        told = anna.read("/usage", since="2026-05-01", until="2026-06-30")
        assert "May 2026 4 4 0 0 0 0 75% 0 June 2026 0 0 2000 2,000 0 0 9" in told
        assert "checkout at the machine 7 7 item unknown 2 2" in told
        assert "DVD 2,000 0 0 DVD18 0 0 7 BOOK 3 1 0 Unknown item 0 0 2" in told
        assert "100%" in anna.read("/usage", since="2026-05-01", until="2026-05-31", branch="N1")
        assert "Nothing was counted" in anna.read("/usage", since="2026-05-01", until="2026-05-30")
        lines = anna.get("/usage/export", since="2026-05-31", until="2026-05-31").text.splitlines()
        assert lines[1:] == ["2026-05-31,N1,kiosk,checkout,BOOK,,3", "2026-05-31,N2,desk,checkout,BOOK,,1"]


def test_days_that_cannot_be_are_told(world: World, central: Central) -> None:
    with reader(central, MACHINES) as anna:
        for wrong in ({"since": "x"}, {"since": "2026-07-01", "until": "2026-06-01"}, {"since": "1900-01-01"}):
            answer = anna.get("/usage", **wrong)
            assert answer.status_code in (400, 422), wrong
            assert 'role="alert"' in answer.text
            assert anna.get("/usage/export", **wrong).status_code in (400, 422), wrong
        assert "DROP TABLE" not in anna.get("/usage", branch=HOSTILE).text
