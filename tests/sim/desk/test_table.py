"""What a movement of the hand means."""

from __future__ import annotations

from typing import Any

import pytest

from sim.desk.table import SWITCHES, Desk, Part, Person, Thing, dropped, read, switched
from sim.desk.words import WORDS


def tag(name: str, shape: str = "book", security: str = "armed", title: str = "") -> dict[str, Any]:
    thing = name.split("/")[0]
    return {"name": name, "thing": thing, "title": title, "shape": shape, "security": security, "damaged": False}


SHOW: dict[str, Any] = {
    "pad": [tag("300/2"), tag("100/1")],
    "people": [{"name": "ben", "title": "Ben", "pin": "2345"}],
    "card": None,
    "plugged": {"pad": True, "card": False},
    "faults": [{"line": "printer paper_out all"}],
}
TAGS = {"tags": [tag("100/1", title="Book"), tag("200/1", "disc"), tag("300/1"), tag("300/2"), tag("stray/1")]}
DESK = read(TAGS, SHOW, {"receipts": [["one"]], "open": ["two"]})


def test_a_set_lies_in_two_places_at_once() -> None:
    assert [(thing.name, [part.number for part in thing.parts]) for thing in DESK.pad] == [("300", [2]), ("100", [1])]
    assert [(thing.name, thing.shelf) for thing in DESK.table] == [
        ("200", "discs"),
        ("300", "sets"),
        ("stray", "strays"),
    ]
    assert DESK.pad[0].handle == "300/2"
    assert DESK.pad[1].handle == "100"
    assert DESK.pad[1].title == "Book"


def test_what_is_printing_is_the_last_receipt() -> None:
    assert DESK.receipts == (("one",), ("two",))


def test_switches_follow_plugs_and_faults() -> None:
    assert DESK.switches == {"card_unplugged", "paper_out"}
    by_code = {switch.code: switched(DESK, switch) for switch in SWITCHES}
    assert by_code["card_unplugged"] == "plug card"
    assert by_code["pad_unplugged"] == "unplug pad"
    assert by_code["paper_out"] == "heal printer"


@pytest.mark.parametrize(
    ("what", "where", "lines"),
    [
        ("200", "pad", ("put 200",)),
        ("100", "pad", ()),
        ("300/1", "pad", ("put 300/1",)),
        ("300/2", "table", ("take 300/2",)),
        ("200", "table", ()),
        ("200", "card", ()),
        ("300/1", "scanner", ("scan @300",)),
        ("ben", "card", ("present ben",)),
        ("ben", "scanner", ("scan @ben",)),
        ("ben", "pad", ()),
        ("ben", "table", ()),
    ],
)
def test_letting_go(what: str, where: str, lines: tuple[str, ...]) -> None:
    assert dropped(DESK, what, where) == lines


def test_a_card_at_the_reader_is_taken_away() -> None:
    desk = Desk(people=(Person("ben", "Ben", ""),), card="ben")
    assert dropped(desk, "ben", "table") == ("remove-card",)


def test_several_parts_go_together() -> None:
    parts = tuple(Part(f"300/{number}", number, "armed", False) for number in (1, 3))
    assert Thing("300", "", "sets", "disc", parts, 3).handle == "300/1 300/3"


def test_every_label_is_there_in_every_language() -> None:
    assert len({frozenset(words) for words in WORDS.values()}) == 1
    assert all(text for words in WORDS.values() for text in words.values())
    assert {switch.code for switch in SWITCHES} <= set(WORDS["en"])
