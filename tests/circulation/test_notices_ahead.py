"""While one message is dealt with, the next one is composed, and no more than that."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from circulation.notices.ahead import one_ahead

SECONDS = 10


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as found:
        yield found


@pytest.mark.parametrize("count", range(4))
def test_every_item_comes_in_its_turn_with_its_own_result(pool: ThreadPoolExecutor, count: int) -> None:
    found = [(item, done.result()) for item, done in one_ahead(pool, lambda item: item * 10, range(count))]
    assert found == [(number, number * 10) for number in range(count)]


def test_the_next_one_is_done_while_one_is_dealt_with_and_no_other(pool: ThreadPoolExecutor) -> None:
    done = [Event() for _ in range(3)]
    turns: Iterator[tuple[int, Future[None]]] = one_ahead(pool, lambda item: done[item].set(), range(3))
    next(turns)
    assert done[1].wait(SECONDS)
    assert not done[2].is_set()
    next(turns)
    assert done[2].wait(SECONDS)


def test_what_goes_wrong_with_one_concerns_no_other(pool: ThreadPoolExecutor) -> None:
    turns = one_ahead(pool, lambda item: 12 // item, (3, 0, 4))
    first, second, third = (done for _, done in turns)
    assert (first.result(), third.result()) == (4, 3)
    with pytest.raises(ZeroDivisionError):
        second.result()
