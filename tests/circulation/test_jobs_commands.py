"""The command ``circulation jobs``."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from circulation import audit
from circulation.cli import app
from circulation.jobs import tasks
from circulation.jobs.running import Preview
from circulation.jobs.tasks import Wanted
from circulation.jobs.types import BACKUP, TIDYING
from circulation.service import Service
from tests.circulation.scheduling import DAILY


@pytest.fixture
def file(service: Service) -> Path:
    """The database of the test world."""
    assert service.database.file is not None
    return service.database.file


def run(file: Path, *words: str) -> Result:
    where = ("--database", f"sqlite:///{file}", "--secrets", f"{file.parent}/secrets")
    return CliRunner().invoke(app, ["jobs", *words, *where])


def test_tasks_are_listed_with_their_next_run(file: Path) -> None:
    listed = run(file, "list")
    assert listed.exit_code == 0
    assert all(name in listed.output for name in ("reservation_expiry", "retention", "tidying"))


def test_a_task_is_run_by_hand_and_the_log_tells(service: Service, file: Path) -> None:
    done = run(file, "run", TIDYING)
    assert (done.exit_code, "tidying: done: operation 0" in done.output) == (0, True)
    last = tasks.one(service, tasks.named(service, TIDYING)).last
    assert last is not None
    assert (last.state, last.by_hand, last.slot) == ("done", True, None)
    with service.database.reading() as db:
        line = audit.listed(db)[0]
    assert (line["who"], line["action"], line["subject"]) == ("command line", "task.run", "task tidying")


def test_a_run_that_fails_says_so_and_ends_with_an_error(service: Service, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    tasks.create(service, "anna", Wanted(BACKUP, "nightly backup", {"folder": str(folder)}, DAILY))
    done = run(file, "run", "nightly backup")
    assert (done.exit_code, f"failed: backup: {folder} is no folder" in done.output) == (1, True)
    assert f"{folder} is no folder" in run(file, "list").output


@pytest.mark.requirement("R63")
def test_a_task_is_paused_and_resumed(service: Service, file: Path) -> None:
    assert run(file, "pause", TIDYING).exit_code == 0
    assert "paused" in run(file, "list").output
    task = tasks.named(service, TIDYING)
    assert tasks.one(service, task).paused
    done = run(file, "resume", TIDYING)
    assert (done.exit_code, "tidying runs next at 20" in done.output) == (0, True)
    assert not tasks.one(service, task).paused
    with service.database.reading() as db:
        assert [line["action"] for line in audit.listed(db)] == ["task.resume", "task.pause"]


@pytest.mark.requirement("R75")
def test_a_task_without_a_dry_run_says_so(file: Path) -> None:
    done = run(file, "dry-run", TIDYING)
    assert (done.exit_code, "has no dry run" in done.output) == (1, True)


@pytest.mark.requirement("R75")
def test_a_dry_run_tells_amounts_as_a_person_reads_them(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ({"loan": "17", "fee": "50"}, {"loan": "18", "fee": "0"})
    would = Preview({"messages": 2, "estimated_fees": 50}, lines, frozenset({"estimated_fees", "fee"}))
    monkeypatch.setattr("circulation.jobs.running.preview", lambda *_: would)
    done = run(file, "dry-run", TIDYING)
    assert done.exit_code == 0
    assert "tidying would do: messages 2, estimated_fees €0.50" in done.output
    assert [line.split()[1::2] for line in done.output.splitlines() if "│ 1" in line] == [
        ["17", "€0.50"],
        ["18", "€0.00"],
    ]


@pytest.mark.parametrize("command", ["run", "dry-run", "pause", "resume"])
def test_a_task_that_is_not_there_is_said_so(file: Path, command: str) -> None:
    done = run(file, command, "letters")
    assert (done.exit_code, "there is no task 'letters'" in done.output) == (1, True)
