"""Doing the first step of the next one while the one before goes through the others.

Not responsible for what a step is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from itertools import zip_longest
from typing import TypeVar

T = TypeVar("T")
Done = TypeVar("Done")


def one_ahead(pool: Executor, work: Callable[[T], Done], items: Sequence[T]) -> Iterator[tuple[T, Future[Done]]]:
    """Each item in turn, with what the pool does with it; that of the next one is begun before this one is dealt with.

    Args:
        pool: of one thread, so that no more than one is done at a time.
        work: what is done; what it raises comes with the item's own result.
        items: in their order.
    """
    begun = [pool.submit(work, item) for item in items[:1]]
    for item, following in zip_longest(items, items[1:]):
        current = begun.pop()
        if following is not None:
            begun.append(pool.submit(work, following))
        yield item, current
