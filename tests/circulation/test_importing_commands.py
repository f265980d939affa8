"""The commands as a person types them: what they say, in which language, and the exit code."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress
from sqlalchemy import select
from typer.testing import CliRunner, Result

from circulation.cli import app
from circulation.importing import commands
from circulation.store import tables as t
from circulation.store.engine import Database

ITEMS = "id;title;media_type;branch\n3001;T;BOOK;N1\n3002;U;BOOK;N1\n"
WRONG = ITEMS + "3003;=V;VINYL;N1\n3004;W;BOOK;\n"


@pytest.fixture
def file(empty_house: Path, tmp_path: Path) -> Path:
    """A database file with organisations and codes."""
    file = tmp_path / "circulation.db"
    file.write_bytes((empty_house / "circulation.db").read_bytes())
    return file


def run(file: Path, *command: str) -> Result:
    env = {"CIRCULATION_DATABASE": f"sqlite:///{file}"}
    return CliRunner().invoke(app, list(command), env=env, catch_exceptions=False)


def items(file: Path) -> list[Any]:
    database = Database(f"sqlite:///{file}")
    try:
        with database.reading() as db:
            return list(db.execute(select(t.item.c.id)).scalars())
    finally:
        database.close()


def test_items_are_imported_exported_and_updated(file: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "items.csv", tmp_path / "out.csv"
    source.write_text(ITEMS)
    done = run(file, "import", "items", str(source), "--dry-run")
    assert (done.exit_code, "2 would be new" in done.output, items(file)) == (0, True, [])
    done = run(file, "import", "items", str(source), "--language", "de")
    assert (done.exit_code, "2 neu, 0 geändert" in done.output, items(file)) == (0, True, ["3001", "3002"])
    done = run(file, "export", "items", str(out))
    assert (done.exit_code, "2 items" in done.output) == (0, True)
    done = run(file, "import", "items", str(out), "--update")
    assert (done.exit_code, "0 new, 2 changed" in done.output) == (0, True)
    assert run(file, "export", "items", str(out)).exit_code == 1


def test_problems_are_told_in_a_language_as_many_as_wanted_and_all_in_the_report(file: Path, tmp_path: Path) -> None:
    source, report = tmp_path / "items.csv", tmp_path / "report.csv"
    source.write_text(WRONG)
    command = ("import", "items", str(source), "--report", str(report), "--limit-problems", "1")
    done = run(file, *command)
    assert (done.exit_code, items(file)) == (1, [])
    for said in (
        "items.csv: line 4, media_type: There is no such media type",
        "1 more problem",
        "nothing was imported",
    ):
        assert said in done.output
    assert "line 5" not in done.output
    assert "Zeile 4" in run(file, *command, "--language", "de").output
    with report.open(encoding="utf-8-sig", newline="") as lines:
        found = list(csv.DictReader(lines, delimiter=";"))
    assert [(row["number"], row["field"], row["code"], row["found"]) for row in found] == [
        ("4", "media_type", "unknown_media_type", "VINYL"),
        ("5", "branch", "missing", ""),
    ]
    assert {(row["file"], row["unit"]) for row in found} == {("items.csv", "line")}


def test_with_faulty_lines_left_out_the_rest_is_imported_and_the_exit_code_is_right(file: Path, tmp_path: Path) -> None:
    source = tmp_path / "items.csv"
    source.write_text(WRONG)
    done = run(file, "import", "items", str(source), "--skip-faulty", "--dry-run")
    assert (done.exit_code, items(file)) == (1, [])
    done = run(file, "import", "items", str(source), "--skip-faulty")
    assert (done.exit_code, "2 problems" in done.output, items(file)) == (0, True, ["3001", "3002"])


@pytest.mark.parametrize("kind", ["patrons", "loans"])
def test_patrons_and_loans_have_their_commands(file: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out.csv"
    assert run(file, "export", kind, str(out)).exit_code == 0
    done = run(file, "import", kind, str(out))
    assert (done.exit_code, "0 new, 0 changed" in done.output) == (0, True)


def test_a_wrong_mapping_file_is_named_with_line_and_key(file: Path, tmp_path: Path) -> None:
    source, mapping = tmp_path / "items.csv", tmp_path / "map.toml"
    source.write_text(ITEMS)
    command = ("import", "items", str(source), "--mapping", str(mapping))
    assert "cannot be read" in run(file, *command).output
    mapping.write_text('format = "circulation-import/1"\n[csv]\ncolour = "x"\n')
    done = run(file, *command)
    assert (done.exit_code, "map.toml: line 3, csv.colour: There is no such field" in done.output) == (1, True)
    mapping.write_text('format = "circulation-import/1"\n[csv]\nbranch = { always = "N9" }\n')
    done = run(file, *command)
    assert (done.exit_code, "map.toml: line 3, csv.branch: There is no such branch" in done.output) == (1, True)
    mapping.write_text('format = "circulation-import/1"\n[csv]\nbranch = { always = "N2" }\n')
    assert (run(file, *command).exit_code, items(file)) == (0, ["3001", "3002"])


@pytest.mark.parametrize("kind", ["items", "patrons", "loans"])
def test_the_mapping_to_begin_with_is_printed_and_can_be_used(file: Path, tmp_path: Path, kind: str) -> None:
    done = run(file, "import", "mapping", kind, "--language", "de")
    assert (done.exit_code, f'kind = "{kind}"' in done.output) == (0, True)
    (tmp_path / "map.toml").write_text(done.output)
    run(file, "export", kind, str(tmp_path / "out.csv"))
    command = ("import", kind, str(tmp_path / "out.csv"), "--mapping", str(tmp_path / "map.toml"))
    assert run(file, *command).exit_code == 0


def test_what_there_is_no_mapping_of(file: Path) -> None:
    done = run(file, "import", "mapping", "books")
    assert (done.exit_code, "'books'" in done.output) == (2, True)


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_opened_is_named(file: Path, tmp_path: Path, name: str) -> None:
    done = run(file, "import", "items", str(tmp_path / name))
    assert (done.exit_code, "cannot be used" in done.output) == (1, True)


def test_a_report_that_cannot_be_written_is_named_before_anything_is_done(file: Path, tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text(ITEMS)
    done = run(file, "import", "items", str(tmp_path / "items.csv"), "--report", str(tmp_path))
    assert (done.exit_code, "cannot be written" in done.output, items(file)) == (1, True, [])


def test_progress_is_shown_once_it_takes_long(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(commands, "PATIENCE", -1.0)

    def add_task(_: Progress, told: str, total: int) -> int:
        shown.append(told)
        return len(shown) - 1

    monkeypatch.setattr(Progress, "add_task", add_task)
    monkeypatch.setattr(Progress, "update", lambda *_, **more: None)
    (tmp_path / "items.csv").write_text(
        "id;title;media_type;branch\n" + "".join(f"{n};T;BOOK;N1\n" for n in range(600))
    )
    run(file, "import", "items", str(tmp_path / "items.csv"), "--language", "de")
    assert shown == ["Datei wird geprüft", "wird geschrieben"]
