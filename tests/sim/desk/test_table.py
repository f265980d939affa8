"""What a movement of the hand means."""

from __future__ import annotations

from typing import Any

import pytest

from sim.desk.antenna import HOLDS, Antenna
from sim.desk.table import LOUD_FIRST, SHELVES, SWITCHES, Desk, Part, Person, Thing, dropped, read, switched
from sim.desk.words import WORDS


def tag(name: str, shape: str = "book", security: str = "armed", title: str = "") -> dict[str, Any]:
    thing = name.split("/")[0]
    return {"name": name, "thing": thing, "title": title, "shape": shape, "security": security, "damaged": False}


SHOW: dict[str, Any] = {
    "pad": [tag("300/2"), tag("100/1")],
    "people": [{"name": "ben", "title": "Ben", "pin": "2345"}],
    "card": None,
    "plugged": {"pad": True, "card": False, "scanner": False},
    "faults": [{"line": "printer paper_out all"}, {"line": "pad mute on write_afi next 2"}],
    "printer": {"paper_lines": 1000},
}
BY_CODE = {switch.code: switch for switch in SWITCHES}
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
    assert switched(DESK, BY_CODE["card_unplugged"]) == ("plug card",)
    assert switched(DESK, BY_CODE["pad_unplugged"]) == ("unplug pad",)
    assert switched(DESK, BY_CODE["paper_out"]) == ("heal printer",)


def test_what_is_broken_without_a_switch_is_told_as_it_would_be_typed() -> None:
    assert DESK.others == ("scanner unplug", "pad mute on write_afi next 2")


def test_a_switch_mends_nothing_else() -> None:
    faults = ("pad flicker 0.3 all", "pad mute on write_afi next 2", "printer paper_out all")
    desk = Desk(faults=faults, unplugged=frozenset({"pad", "printer"}))
    assert switched(desk, BY_CODE["flicker"]) == ("heal pad", "fault pad mute on write_afi next 2", "unplug pad")
    assert switched(desk, BY_CODE["paper_out"]) == ("heal printer", "unplug printer")


def test_an_empty_roll_is_paper_out_and_is_replaced() -> None:
    desk = read(TAGS, {**SHOW, "faults": [], "printer": {"paper_lines": 0}}, {"receipts": [], "open": []})
    assert "paper_out" in desk.switches
    assert switched(desk, BY_CODE["paper_out"]) == ("heal printer", "paper 2000")


@pytest.mark.parametrize(
    ("parts", "states"),
    [
        (((1, "armed", False),), (("armed", ""),)),
        (((1, "disarmed", False), (2, "disarmed", False)), (("disarmed", ""),)),
        (((1, "disarmed", False), (2, "armed", False), (3, "disarmed", False)), (("disarmed", "1, 3"),)),
        (((1, "armed", True), (2, "other", False), (3, "armed", False)), (("damaged", "1"), ("other", "2"))),
    ],
)
def test_the_bits_of_a_set(parts: tuple[tuple[int, str, bool], ...], states: tuple[tuple[str, str], ...]) -> None:
    found = tuple(Part(f"300/{number}", number, security, damaged) for number, security, damaged in parts)
    assert Thing("300", "", "sets", "disc", found, 3).states == states


def test_the_antenna_is_on_while_it_is_asked_and_a_little_longer() -> None:
    def log(count: int) -> dict[str, Any]:
        return {"devices": {"pad": {"inventory": {"count": count}}}}

    first = Antenna().seen(log(7), 10.0)
    assert not first.on(10.0)
    asked = first.seen(log(8), 11.0)
    assert asked.on(11.0)
    assert asked.seen(log(8), 11.1).on(11.1)
    assert not asked.seen(log(8), 11.0 + HOLDS).on(11.0 + HOLDS)
    assert not first.seen({"devices": {}}, 11.0).on(11.0)


@pytest.mark.parametrize(
    ("what", "where", "lines"),
    [
        ("200", "pad", ("put 200",)),
        ("100", "pad", ()),
        ("300", "pad", ("put 300/1",)),
        ("300", "table", ("take 300/2",)),
        ("300/1 300/2", "pad", ("put 300/1",)),
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
    assert {*BY_CODE, *SHELVES, *LOUD_FIRST} <= set(WORDS["en"])
