"""The benchmark of importing compares the same rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import importing
from circulation.importing.checking import TOGETHER


def test_both_ways_write_the_same_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = TOGETHER + 3
    found = []
    for way, run in importing.WAYS.items():
        folder = tmp_path / way
        folder.mkdir()
        importing.write_csv(folder / "items.csv", count)
        run(folder, count)
        seconds, memory = capsys.readouterr().out.split()
        assert (float(seconds) > 0, int(memory) >= 0) == (True, True)
        with closing(sqlite3.connect(folder / "circulation.db")) as db:
            found.append(db.execute("SELECT * FROM item ORDER BY id").fetchall())
    assert (len(found[0]), found[0]) == (count, found[1])


def test_an_import_that_did_not_do_its_work_is_no_figure(tmp_path: Path) -> None:
    importing.write_csv(tmp_path / "items.csv", 2)
    with pytest.raises(ValueError, match="2 of 3"):
        importing.run_import(tmp_path, 3)
