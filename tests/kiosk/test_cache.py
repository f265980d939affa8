"""What is held across a restart is whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.central import api
from kiosk.central.cache import Cache

ITEMS = api.ItemList('"7"', {"1": api.ItemRecord("1", "红楼梦", "曹雪芹", "BOOK", 3, "paper", None, "adult", True)})
RULES = api.PublishedRules('"3"', 3, {"number": 3, "format": "x"})


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.save_items(ITEMS)
    cache.save_rules(RULES)
    cache.save_generation("g")
    again = Cache(tmp_path)
    assert (again.items(), again.rules(), again.generation()) == (ITEMS, RULES, "g")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["generation.json", "items.json", "rules.json"]


def test_nothing_kept_is_nothing_held(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert (cache.items(), cache.rules(), cache.generation()) == (None, None, None)


@pytest.mark.parametrize("at", range(0, 300, 17))
def test_one_wrong_byte_is_as_good_as_none_at_all(tmp_path: Path, at: int) -> None:
    cache = Cache(tmp_path)
    cache.save_items(ITEMS)
    raw = bytearray((tmp_path / "items.json").read_bytes())
    raw[at % len(raw)] ^= 0x01
    (tmp_path / "items.json").write_bytes(raw)
    assert cache.items() in (None, ITEMS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.integers(1, 100_000).map(lambda depth: b"[" * depth))
def test_any_bytes_are_nothing_held_and_no_crash(tmp_path: Path, raw: bytes) -> None:
    for name in ("items", "rules", "generation"):
        (tmp_path / f"{name}.json").write_bytes(raw)
    cache = Cache(tmp_path)
    assert (cache.items(), cache.rules(), cache.generation()) == (None, None, None)


def test_a_folder_that_is_gone_is_an_error_the_worker_can_take(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        Cache(tmp_path / "gone").save_rules(RULES)
