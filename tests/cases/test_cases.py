"""The acceptance cases of worked.toml, each on SQLite and on PostgreSQL; and what the command says of a bad file."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from circulation.store.engine import Database
from tests.cases.__main__ import Runner, main
from tests.cases.reading import Case, read
from tests.postgres.cluster import Cluster

WORKED = Path(__file__).parent / "worked.toml"
FILE = read(WORKED)
REQUIREMENTS: dict[str, list[str]] = {
    case["id"]: case["requirements"] for case in tomllib.loads(WORKED.read_text("utf-8"))["case"]
}
MINIMAL = """
format = "cases/1"
timezone = "Europe/Berlin"
age_groups = {{ child = [0, 17] }}
patron_categories = ["normal"]
media_types = ["BOOK"]

[[case]]
id = "M"
title = "minimal"
rules = '''
format = "circulation-rules/1"
rule = [{{ id = "l", kind = "periods.loan", org = "A", value = {{ days = 28 }} }}]
'''
world.branches = [{{ code = "A", type = "account" }}, {{ code = "N1", type = "branch", parent = "A" }}]
world.patrons = [{{ id = "p"{patron} }}]
world.items = [{{ id = "b", branch = "N1" }}]
{world}
[[case.steps]]
id = "s1"
at = 2026-06-01T10:00:00
action = "{action}"
inputs = {{ {inputs} }}

[case.expect.s1]
allowed = true
due = {due}
"""
LENDING = 'patron = "p", item = "b", branch = "N1", channel = "desk"'
Command = Callable[..., tuple[int, str, str]]


def _notices(world: str) -> dict[str, str]:
    """A case that runs the tasks of a world, or due warnings."""
    return {"action": "run", "inputs": "", "world": world}


CASES = [
    pytest.param(case, id=case.id, marks=[pytest.mark.requirement(number) for number in REQUIREMENTS[case.id]])
    for case in FILE.cases
]


def _play(case: Case, url: str, folder: Path) -> None:
    result = Runner(FILE, url, folder).case(case)

    differing = [step for step in result["steps"] if not step["same"]]
    assert not differing, json.dumps(differing, indent=1, ensure_ascii=False)


def _made(url: str) -> None:
    """An empty database with its tables: cases begin with a copy of it."""
    database = Database(url)
    database.migrate()
    database.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("cases") / "cases.db"
    _made(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_made(cluster: Cluster) -> str:
    name = cluster.create()
    _made(cluster.url(name))
    return name


@pytest.mark.parametrize("case", CASES)
def test_a_case_comes_out_as_worked_out_by_hand_on_sqlite(case: Case, made: Path, tmp_path: Path) -> None:
    _play(case, f"sqlite:///{shutil.copy(made, tmp_path)}", tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_a_case_comes_out_as_worked_out_by_hand_on_postgresql(
    case: Case, cluster: Cluster, postgres_made: str, tmp_path: Path
) -> None:
    name = cluster.create(postgres_made)
    _play(case, cluster.url(name), tmp_path)
    cluster.drop(name)


def test_every_expectation_has_a_step_and_every_step_an_expectation() -> None:
    for case in FILE.cases:
        steps = [step.id for step in case.steps]
        assert len(steps) == len(set(steps)), case.id
        assert set(case.expect) == set(steps), case.id
        assert set(case.unclear) <= set(steps), case.id


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Play a small file that differs from a sound one in the places named: exit code, output, errors."""

    def play(
        *,
        action: str = "checkout",
        inputs: str = LENDING,
        world: str = "",
        patron: str = "",
        due: str = "2026-06-29",
    ) -> tuple[int, str, str]:
        path = tmp_path / "file.toml"
        path.write_text(MINIMAL.format(action=action, inputs=inputs, world=world, patron=patron, due=due), "utf-8")
        monkeypatch.setattr("sys.argv", ["cases", str(path), "--database", f"sqlite:///{tmp_path}/cases.db"])
        code = main()
        said = capsys.readouterr()
        return code, said.out, said.err

    return play


def test_a_case_that_comes_out_as_expected_ends_with_0(command: Command) -> None:
    code, out, _ = command()

    assert code == 0
    assert json.loads(out)["summary"] == {"cases": 1, "differing": []}


def test_a_difference_ends_with_1_and_shows_both(command: Command) -> None:
    code, out, _ = command(due="2026-06-30")

    assert code == 1
    found = json.loads(out)
    assert found["summary"]["differing"] == ["M"]
    step = found["results"][0]["steps"][0]
    assert (step["differs"], step["expected"]["due"], step["actual"]["due"]) == (["due"], "2026-06-30", "2026-06-29")


def test_whatever_goes_wrong_in_a_step_is_told_as_an_error_of_it(command: Command) -> None:
    code, out, _ = command(action="pay", inputs='patron = "p", amount = "plenty"')

    assert code == 1
    (step,) = json.loads(out)["results"][0]["steps"]
    assert (step["step"], step["same"]) == ("s1", False)
    assert "InvalidOperation" in step["error"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"action": "checkotu"}, ("M.s1", "checkotu")),
        ({"inputs": "shelf = 3"}, ("M.s1", "checkout", "shelf")),
        ({"world": "world.weather = 3"}, ("M", "weather")),
    ],
    ids=["action", "input", "world"],
)
def test_what_is_not_known_is_an_error_that_names_the_place(
    command: Command, wrong: dict[str, str], named: tuple[str, ...]
) -> None:
    code, out, err = command(**wrong)

    assert code == 2, out
    assert all(word in err for word in named), err
    (step,) = json.loads(out)["results"][0]["steps"]  # what is known is played and told all the same
    assert all(word in step["error"] for word in named), step["error"]


def test_a_fact_that_cannot_be_compared_differs_and_the_others_are_compared(command: Command) -> None:
    code, out, _ = command(due="2026-06-29\nrefusals = 3")

    assert code == 1
    (step,) = json.loads(out)["results"][0]["steps"]
    assert step["differs"] == ["refusals"]
    assert "refusals" in step["errors"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"patron": ', hobby = "chess"'}, ("M", "patrons", "hobby")),
        ({"patron": ', prefers = "pigeon"'}, ("M", "patrons", "pigeon")),
        ({"world": "world.org_settings.N1 = { fee_basis = 3 }"}, ("M.org_settings", "fee_basis")),
        ({"world": 'world.calendar.N1 = { closed = ["Good Friday"] }'}, ("M.calendar.N1", "Good Friday")),
        ({"world": 'world.calendar.N1 = { weekly_closed = "Someday" }'}, ("M.calendar.N1", "someday")),
        ({"world": 'world.reservations = [{ patron = "p", item = "b", state = "lent out" }]'}, ("M", "lent out")),
        ({"world": 'world.reservations = [{ patron = "p", title = "t" }]'}, ("M.reservations", "item")),
        ({"action": "borrow_until_refused", "inputs": 'patron = "p", sequence = ["5 LPs"]'}, ("s1", "5 LPs")),
        (_notices("world.mail_server = { weather = 3 }"), ("M", "mail_server", "weather")),
        (_notices('world.mail_server = { permanent = ["nobody"] }'), ("M", "mail_server", "nobody")),
        (_notices("world.tasks = [{ id = 'T', schedule = 'fortnightly' }]"), ("M", "tasks", "fortnightly")),
        (_notices("world.tasks = [{ id = 'T', filter_moon = 1 }]"), ("M", "tasks", "filter_moon")),
        (_notices("world.tasks = [{ id = 'T', type = 'orders' }]"), ("T", "orders")),
    ],
    ids=[
        *("patron", "channel", "setting", "closing", "weekday", "state", "title", "sequence"),
        *("mail", "recipient", "schedule", "filter", "type"),
    ],
)
def test_what_is_not_known_within_a_part_of_a_world_is_an_error_of_its_case(
    command: Command, wrong: dict[str, str], named: tuple[str, ...]
) -> None:
    code, out, _ = command(**wrong)

    assert code != 0
    (step,) = json.loads(out)["results"][0]["steps"]
    assert not step["same"]
    assert all(word in step["error"] for word in named), step["error"]
