"""A stack's next picture on the way to what the core wants shown. Pure.

A whole stack may be told at once. Drawn in one picture it would hold up a touch; so a few rows change with each.
"""

from __future__ import annotations

from dataclasses import replace

from kiosk.screens import Borrow, Return, Row, Screen

ROWS_A_PICTURE = 3


def next_step(shown: Screen | None, wanted: Screen) -> Screen:
    """What to show next: ``wanted`` itself as soon as at most ``ROWS_A_PICTURE`` rows differ from what is shown.

    Rows change from the first to the last; one that is to change later keeps what it says, one that is new comes later.
    """
    if not (
        (isinstance(wanted, Borrow) and isinstance(shown, Borrow))
        or (isinstance(wanted, Return) and isinstance(shown, Return))
    ):
        return wanted
    old = {row.key: row for row in shown.rows}
    rows: list[Row] = []
    changed = 0
    for row in wanted.rows:
        changed += old.get(row.key) != row
        if old.get(row.key) == row or changed <= ROWS_A_PICTURE:
            rows.append(row)
        elif row.key in old:
            rows.append(old[row.key])
    return wanted if changed <= ROWS_A_PICTURE else replace(wanted, rows=tuple(rows))
