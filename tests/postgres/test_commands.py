"""The commands as a person types them for a library on PostgreSQL, and what is left when a server dies."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import requests
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from circulation.cli import app
from circulation.store import tables as t
from tests.circulation.running import Line, Machine, operation
from tests.circulation.world import World
from tests.postgres.cluster import Cluster
from tests.postgres.processes import Library, doors, filled, process, served
from tests.waiting import wait_for

RULES = """format = "circulation-rules/1"

[[rule]]
id = "loan"
kind = "periods.loan"
name = "Four weeks"
org = "A"
value = { days = 28 }
"""


def run(url: str, folder: Path, *command: str) -> Result:
    env = {"CIRCULATION_DATABASE": url, "CIRCULATION_SECRETS": str(folder / "secrets")}
    return CliRunner().invoke(app, [*command], env=env, catch_exceptions=False)


def test_the_demo_library_is_filled_in_once_and_a_machine_can_be_enrolled(postgres_url: str, tmp_path: Path) -> None:
    done = run(postgres_url, tmp_path, "demo-data")
    assert (done.exit_code, "rule set 1 is live" in done.output) == (0, True), done.output
    assert run(postgres_url, tmp_path, "machine", "enrol", "nowhere").exit_code == 1
    again = run(postgres_url, tmp_path, "demo-data")
    assert (again.exit_code, "not empty" in again.output) == (1, True)


def test_rules_staff_machines_and_doubts_are_kept(postgres_url: str, tmp_path: Path) -> None:
    service = filled(postgres_url, tmp_path)
    with service.database.writing() as db:
        values = {"id": "m", "name": "by the door", "branch": "N1", "key_hash": "h", "enrolled_at": service.clock()}
        db.execute(insert(t.machine).values(**values))
        doubt = {"wanted": "secured", "since": service.clock(), "cleared": False}
        db.execute(insert(t.doubt).values(machine_id="m", item="30000000000012", **doubt))
    service.database.close()
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "password").write_text("a good long password")
    for command, said in (
        (("rules", "publish", str(tmp_path / "rules.toml")), "rule set 1 is live"),
        (("admin", "create", "anna", "--password-file", str(tmp_path / "password")), "anna may sign in"),
        (("machine", "list"), "by the door"),
        (("doubts",), "30000000000012"),
        (("doubts", "--clear", "30000000000012"), "yes"),
    ):
        done = run(postgres_url, tmp_path, *command)
        assert (done.exit_code, said in done.output) == (0, True), done.output


def test_without_a_folder_for_its_secrets_a_command_says_what_to_give(postgres_url: str) -> None:
    done = CliRunner().invoke(app, ["machine", "list", "--database", postgres_url], env={"CIRCULATION_SECRETS": None})
    assert (done.exit_code, "--secrets" in done.output) == (1, True)


@pytest.mark.slow
def test_what_a_killed_server_held_is_free_for_the_other_at_once(
    cluster: Cluster, postgres_url: str, tmp_path: Path
) -> None:
    service = filled(postgres_url, tmp_path)
    world = World(service)
    world.rules()
    patron, item, secrets = world.patron(), world.item(), tmp_path / "secrets"
    asked = operation("checkout", item)
    with (
        process(postgres_url, secrets, tmp_path / "one") as (one, victim),
        served(postgres_url, secrets, tmp_path / "two") as two,
        doors(Library(world, (one, two))) as (first, second),
    ):
        machine = second.machine()
        same, token = first.known(machine.key), machine.token(patron)
        # The item is locked, so the first server has recorded the operation and holds the patron when it is killed.
        with cluster.connect(service.database.url.database or "") as test, test.transaction():
            test.execute("SELECT 1 FROM item FOR UPDATE")
            asking = threading.Thread(target=_unanswered, args=(same, asked, token))
            asking.start()
            wait_for(lambda: test.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchall(), 20)
            victim.kill()
            asking.join(20)
        began = time.monotonic()
        assert machine.batch([asked], token)[0]["outcome"] == "done"
        assert time.monotonic() - began < 10  # half of what it would wait for a lock
        assert [loan.item_id for loan in world.open_loans(patron)] == [item]


def _unanswered(machine: Machine, asked: Line, token: str) -> None:
    with pytest.raises(requests.RequestException):
        machine.batch([asked], token)
