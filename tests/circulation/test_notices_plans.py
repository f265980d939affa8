"""What a run looks up on SQLite: by an index that holds only what is open or waits, however much is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from benchmarks import direct
from benchmarks.big_library import LAST, NOW, SOON
from circulation.notices.content import DUE_WARNING
from circulation.service import Service
from circulation.store import notices as store
from tests.postgres.processes import filled

ASKED: dict[str, tuple[Callable[[Connection], object], str]] = {
    "borrowers": (lambda db: store.borrowers(db, SOON, LAST, "p1", 200), "ix_loan_open_patron (patron_id>?)"),
    "loans": (
        lambda db: store.loans_due(db, ["p1", "p2"], SOON, LAST),
        "ix_loan_open_patron (patron_id=? AND due>? AND due<?)",
    ),
    "waiting": (lambda db: store.waiting(db, DUE_WARNING, 1, NOW, 0, 100), "ix_message_waits (kind=? AND id>?)"),
    "next try": (lambda db: store.next_try(db, DUE_WARNING, NOW), "ix_message_waits (kind=?)"),
    "cut off": (lambda db: store.cut_off(db, DUE_WARNING), "ix_message_waits (kind=?)"),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = Path(tmp_path_factory.mktemp("library"))
    found = filled(f"sqlite:///{folder}/circulation.db", folder)
    yield found
    found.database.close()


@pytest.mark.parametrize("name", ASKED)
def test_what_is_over_is_not_read(library: Service, name: str) -> None:
    ask, index = ASKED[name]
    with library.database.reading() as db:
        with direct.noted(library) as seen:
            ask(db)
        ((statement, parameters),) = seen
        plan = [row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert plan[0] == f"SEARCH {index.split('_')[1]} USING INDEX {index}"


def test_borrowers_come_in_their_order_without_sorting(library: Service) -> None:
    with library.database.reading() as db:
        with direct.noted(library) as seen:
            store.borrowers(db, SOON, LAST, "", 200)
        ((statement, parameters),) = seen
        assert len(list(db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))) == 1
