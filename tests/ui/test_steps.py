"""A whole stack told at once is shown in steps of a few rows."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kiosk.screens import Borrow, RowState, Sentence
from ui.gallery import account, borrow_empty, borrow_many, frame
from ui.steps import ROWS_A_PICTURE, next_step

STATES = st.sampled_from((RowState.ARRIVING, RowState.CHECKING, RowState.LENT))
STACKS = st.dictionaries(st.integers(0, 21), STATES, max_size=22)


def stack(states: dict[int, RowState]) -> Borrow:
    rows = borrow_many("en").rows
    return replace(borrow_many("en"), rows=tuple(replace(rows[n], state=state) for n, state in states.items()))


@given(STACKS, STACKS)
def test_each_step_changes_a_few_rows_and_the_last_is_what_was_wanted(
    before: dict[int, RowState], after: dict[int, RowState]
) -> None:
    shown, wanted = stack(before), stack(after)
    for _ in range(1 + len(after) // ROWS_A_PICTURE):
        step = next_step(shown, wanted)
        assert isinstance(step, Borrow)
        assert sum(row not in shown.rows for row in step.rows) <= ROWS_A_PICTURE
        assert {row.key for row in step.rows} <= {row.key for row in wanted.rows}  # what was lifted is gone at once
        shown = step
    assert shown is wanted


def test_another_screen_is_shown_whole() -> None:
    wanted = borrow_many("en")
    assert next_step(None, wanted) is wanted
    assert next_step(account("en"), wanted) is wanted


def test_all_but_the_rows_is_told_at_once() -> None:
    wanted = replace(borrow_many("en"), frame=frame("de"), headline=Sentence("stack.more"))
    step = next_step(borrow_empty("en"), wanted)
    assert isinstance(step, Borrow)
    assert (step.frame, step.headline, step.stack) == (wanted.frame, wanted.headline, wanted.stack)
    assert len(step.rows) == ROWS_A_PICTURE
