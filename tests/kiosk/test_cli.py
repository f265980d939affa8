"""The commands for staff: what the journal holds, and mistakes in the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.compose import JOURNAL
from kiosk.effects import DoubtEntry, JournalEntry, Step
from kiosk.journal import Journal
from tests.kiosk.machines import enrolled_machine

NOBODY = "http://127.0.0.1:9"
UID = "E004015000001EEF"


def _run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = enrolled_machine(tmp_path, NOBODY)
    journal = Journal(tmp_path / "state" / JOURNAL, bytes)
    journal.write([JournalEntry("op-open", Step.LOANED, "checkout", "30000000000014", {UID: "armed"})])
    journal.write([JournalEntry("op-done", Step.CLOSED, "return", "30000000000022", note="abandoned")])
    journal.write([DoubtEntry("30000000000030", (UID,), "disarmed", None, "lifted")])
    journal.close()
    return str(file)


def test_the_journal_tells_programs_what_is_open_in_doubt_and_done(config: str) -> None:
    code, text = _run("journal", "--config", config, "--json")
    found = json.loads(text)
    assert code == 0
    assert [(operation["operation"], operation["step"]) for operation in found["open"]] == [("op-open", "loaned")]
    assert [(doubt["item"], doubt["wanted"], doubt["last"]) for doubt in found["doubts"]] == [
        ("30000000000030", "disarmed", None)
    ]
    assert [line["operation"] for line in found["history"]] == ["op-done", "op-open"]


def test_the_journal_shows_staff_the_items_to_look_at(config: str) -> None:
    code, text = _run("journal", "--config", config)
    assert code == 0
    for words in ("30000000000030", "disarmed", "Still open", "op-open", "abandoned"):
        assert words in text


def test_at_most_as_many_lines_as_were_asked_for(config: str) -> None:
    _, text = _run("journal", "--config", config, "--json", "--most", "1")
    assert len(json.loads(text)["history"]) == 1


def test_a_machine_that_never_ran_has_no_journal_and_gets_none(tmp_path: Path) -> None:
    code, text = _run("journal", "--config", str(enrolled_machine(tmp_path, NOBODY)))
    assert code == 1
    assert "not been started" in text
    assert not (tmp_path / "state" / JOURNAL).exists()


@pytest.mark.parametrize("damage", [b"this is no journal" * 300, b""])
def test_a_damaged_journal_is_named_and_no_crash(config: str, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "state" / JOURNAL).write_bytes(damage)
    code, text = _run("journal", "--config", config)
    assert code == (1 if damage else 0)
    assert JOURNAL in text or not damage


def test_damaged_content_of_the_journal_is_named_and_no_crash(config: str, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state" / JOURNAL, bytes)
    journal._db.execute("UPDATE step SET tags='{'")
    journal.close()
    code, text = _run("journal", "--config", config)
    assert code == 1
    assert "damaged" in text


@pytest.mark.scenario("S7")
@pytest.mark.parametrize("command", ["headless", "journal", "tag", "doctor"])
def test_every_mistake_of_the_configuration_is_told_by_every_command(tmp_path: Path, command: str) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text('[machine]\nname = 5\nstate = ""\n[centre]\n[pad]\ndriver = "magic"\n', "utf-8")
    code, text = _run(command, "--config", str(file))
    assert code == 1
    for place in ("line 2: machine.name", "line 3: machine.state", "line 4: centre", "line 6: pad.driver"):
        assert place in text


def test_a_pad_that_is_not_there_is_named_by_tag(config: str) -> None:
    code, text = _run("tag", "--config", config)
    assert code == 1
    assert "no-pad" in text


def test_wrong_use_is_told_apart_from_a_problem() -> None:
    assert _run("journal")[0] == 2
    assert _run("fly")[0] == 2
