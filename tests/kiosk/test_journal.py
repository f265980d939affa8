"""The journal is durable, whole or not there, and holds nothing personal."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.effects import DoubtEnd, DoubtEntry, Entry, HealEntry, JournalEntry, Step
from kiosk.journal import KEPT, Journal, JournalError
from tests.generated import examples

UID = "E004015000001EEF"


def _seal(request: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in request)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db", _seal)
    yield opened
    opened.close()


def _asked(operation: str, item: str = "30000000000014") -> JournalEntry:
    return JournalEntry(operation, Step.ASKED, "checkout", item, {UID: "armed"}, {"patron": "p", "item": item})


def _closed(operation: str, item: str = "30000000000014") -> JournalEntry:
    return JournalEntry(operation, Step.CLOSED, "checkout", item)


def test_the_live_connection_is_fully_synchronous(journal: Journal) -> None:
    assert journal.synchronous == 2


def test_an_open_operation_is_found_with_its_last_step_and_former_states(journal: Journal) -> None:
    journal.write([_asked("a"), _asked("b")])
    journal.write([JournalEntry("a", Step.LOANED, "checkout", "30000000000014"), _closed("b")])
    (found,) = journal.read().operations
    assert (found.operation, found.step, dict(found.tags)) == ("a", "loaned", {UID: "armed"})


def test_doubts_come_and_go(journal: Journal) -> None:
    journal.write([DoubtEntry("1", (UID,), "disarmed", None, "lifted"), DoubtEntry("2", (), "armed", "armed", "x")])
    journal.write([DoubtEnd("2", "repaired"), HealEntry("3", "armed")])
    assert dict(journal.read().doubts) == {"1": "disarmed"}
    assert [doubt.item for doubt in journal.staff_list()] == ["1"]
    assert journal.healed() == 1


def test_requests_are_kept_sealed_and_handed_back_in_order(journal: Journal) -> None:
    journal.write([_asked("a")])
    journal.write([_asked("b")])
    sealed = journal.sealed(datetime.now(UTC) - timedelta(hours=1))
    assert list(sealed) == ["a", "b"]
    assert _seal(sealed["a"]) == b'{"patron": "p", "item": "30000000000014"}'


def test_nothing_of_a_request_can_be_read_from_the_file(journal: Journal, tmp_path: Path) -> None:
    journal.write([JournalEntry("a", Step.ASKED, "checkout", "1", {}, {"patron": "patron-reference-17"})])
    journal.close()
    for file in tmp_path.iterdir():
        assert b"patron-reference-17" not in file.read_bytes()


def test_old_closed_operations_are_forgotten_and_open_ones_never(tmp_path: Path) -> None:
    now = [datetime(2026, 6, 1, tzinfo=UTC)]
    journal = Journal(tmp_path / "journal.db", _seal, lambda: now[0])
    journal.write([_asked("open"), _asked("closed"), _closed("closed")])
    now[0] += KEPT + timedelta(days=1)
    journal.prune()
    assert [line.operation for line in journal.history()] == ["open"]
    assert journal.sealed(now[0] - timedelta(days=400)) == {}
    journal.close()


def test_a_full_disk_is_an_error_that_leaves_nothing_and_ends_with_its_cause(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", _seal)
    journal.write([_asked("before")])
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(JournalError, match="full"):
        journal.write([_asked(f"{n}", "x" * 2000) for n in range(50)])
    assert not journal.works()
    assert [found.operation for found in journal.read().operations] == ["before"]
    journal._db.execute("PRAGMA max_page_count=1073741823")
    assert journal.works()
    journal.write([_asked("after")])
    assert [found.operation for found in journal.read().operations] == ["before", "after"]
    journal.close()


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be read as one" * 40, b"SQLite format 3\0" + b"\1" * 4080]
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"journal\.db"):
        Journal(path, _seal)


def test_another_versions_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(JournalError, match="another version"):
        Journal(path, _seal)


@pytest.mark.scenario("S4")
def test_cut_at_any_point_the_file_holds_whole_transactions(tmp_path: Path) -> None:
    """Power fails between two syncs: whatever of the write-ahead log is there, no transaction is half there."""
    journal = Journal(tmp_path / "journal.db", _seal)
    batches: list[list[Entry]] = [[_asked(f"{n}-{k}") for k in range(3)] for n in range(4)]
    sizes = []
    for batch in batches:
        journal.write(batch)
        sizes.append((tmp_path / "journal.db-wal").stat().st_size)
    shutil.copytree(tmp_path, tmp_path / "kept", ignore=shutil.ignore_patterns("kept"))
    journal.close()
    log = (tmp_path / "kept" / "journal.db-wal").read_bytes()
    cuts = {
        0,
        *sizes,
        *(size - 1 for size in sizes),
        *(size - 2000 for size in sizes),
        *(size - 4200 for size in sizes),
    }
    for cut in sorted(cut for cut in cuts if cut >= 0):
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        shutil.copy(tmp_path / "kept" / "journal.db", folder)
        (folder / "journal.db-wal").write_bytes(log[:cut])
        again = Journal(folder / "journal.db", _seal)
        found = [operation.operation for operation in again.read().operations]
        again.close()
        whole = sum(size <= cut for size in sizes)
        assert found == [
            entry.operation for batch in batches[:whole] for entry in batch if isinstance(entry, JournalEntry)
        ]


@pytest.mark.scenario("S4")
def test_as_it_lies_on_the_disk_after_each_sync_the_file_holds_everything_written_until_then(tmp_path: Path) -> None:
    """Also while the log is being moved into the file, and with the end of the log torn off."""
    journal = Journal(tmp_path / "journal.db", _seal)
    journal._db.execute("PRAGMA wal_autocheckpoint=3")
    written: list[str] = []
    for n in range(12):
        journal.write([_asked(f"{n}-{k}") for k in range(2)])
        written += [f"{n}-{k}" for k in range(2)]
        folder = tmp_path / f"after-{n}"
        folder.mkdir()
        for file in ("journal.db", "journal.db-wal"):
            shutil.copy(tmp_path / file, folder)
        log = (folder / "journal.db-wal").read_bytes()
        assert _read(folder) == written
        torn = tmp_path / f"torn-{n}"
        torn.mkdir()
        shutil.copy(tmp_path / f"after-{n}" / "journal.db", torn)
        (torn / "journal.db-wal").write_bytes(log[:-1])
        found = _read(torn)
        assert found == written[: len(found)]
        assert len(found) % 2 == 0
    journal.close()


def _read(folder: Path) -> list[str]:
    copy = Journal(folder / "journal.db", _seal)
    try:
        return [operation.operation for operation in copy.read().operations]
    finally:
        copy.close()


FULL_DISK = """
import resource, sys
from pathlib import Path
from kiosk.effects import JournalEntry, Step
from kiosk.journal import Journal, JournalError

path = Path(sys.argv[1])
journal = Journal(path, bytes)
journal.write([JournalEntry("before", Step.ASKED, "checkout", "1")])
log = path.with_name("journal.db-wal").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (log + 5000, resource.RLIM_INFINITY))
try:
    journal.write([JournalEntry(str(n), Step.ASKED, "checkout", "x" * 2000) for n in range(20)])
except JournalError:
    print("refused", journal.works(), [found.operation for found in journal.read().operations])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(journal.works())
journal.write([JournalEntry("after", Step.ASKED, "checkout", "1")])
journal.close()
"""


@pytest.mark.scenario("S4")
def test_where_the_system_lets_no_file_grow_nothing_is_written_and_all_is_well_afterwards(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "journal.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["refused False ['before']", "True"]
    assert _read(tmp_path) == ["before", "after"]


def test_forgetting_that_fails_stands_in_the_way_of_nothing(journal: Journal) -> None:
    journal.write([_asked("a")])
    journal._db.execute("CREATE TRIGGER t BEFORE DELETE ON step BEGIN SELECT RAISE(ABORT, 'no'); END")
    journal._now = lambda: datetime(2100, 1, 1, tzinfo=UTC)
    journal.write([JournalEntry("old", Step.CLOSED, "checkout", "1")])
    journal._now = lambda: datetime(2101, 1, 1, tzinfo=UTC)
    with pytest.raises(JournalError):
        journal.prune()
    journal.write([_asked("b")])
    assert {found.operation for found in journal.read().operations} == {"a", "b"}


def test_a_seal_that_fails_leaves_nothing_half_written(tmp_path: Path) -> None:
    def broken(request: bytes) -> bytes:
        raise RuntimeError("no key")

    journal = Journal(tmp_path / "journal.db", broken)
    with pytest.raises(RuntimeError):
        journal.write([_closed("a"), _asked("b")])
    journal.write([_closed("c")])
    assert [line.operation for line in journal.history()] == ["c"]
    journal.close()


@pytest.mark.parametrize(
    "damage",
    ["UPDATE step SET tags='{'", "UPDATE step SET tags='[]'", "UPDATE step SET step='flown'", "DROP TABLE doubt"],
)
def test_damaged_content_is_an_error_that_names_the_file(journal: Journal, damage: str) -> None:
    journal.write([_asked("a")])
    journal._db.execute(damage)
    with pytest.raises(JournalError, match=r"journal\.db"):
        journal.read()


def test_a_damaged_doubt_is_an_error_that_names_the_file(journal: Journal) -> None:
    journal.write([DoubtEntry("1", (UID,), "disarmed", None, "lifted")])
    journal._db.execute("UPDATE doubt SET since='yesterday'")
    with pytest.raises(JournalError, match=r"journal\.db"):
        journal.staff_list()


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["a", "b", "c"]).flatmap(lambda o: st.tuples(st.just(o), st.sampled_from(list(Step)))),
        max_size=20,
    )
)
def test_open_means_exactly_not_closed(tmp_path: Path, steps: list[tuple[str, Step]]) -> None:
    path = tmp_path / "any.db"
    path.unlink(missing_ok=True)
    journal = Journal(path, _seal)
    for operation, step in steps:
        journal.write([JournalEntry(operation, step, "checkout", "1")])
    expected = {operation for operation, _ in steps} - {operation for operation, step in steps if step is Step.CLOSED}
    assert {found.operation for found in journal.read().operations} == expected
    journal.close()
