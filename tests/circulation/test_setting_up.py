"""``circulation init``: an empty database becomes a library, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner, Result

from circulation import audit, machines, organising, staffing
from circulation.cli import app
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.setting_up import Library, set_up
from circulation.store import house
from circulation.store import tables as t
from circulation.store.engine import Database
from tests.circulation.taking import rows

RIGHT = {"isil": "DE-Mus1", "currency": "EUR", "time_zone": "Europe/Berlin", "branch": "N1", "branch-name": "Main"}


def init(file: Path, name: str = "Town library", **changes: str) -> Result:
    options = [part for key, value in {**RIGHT, **changes}.items() for part in (f"--{key.replace('_', '-')}", value)]
    env = {"CIRCULATION_DATABASE": f"sqlite:///{file}"}
    return CliRunner().invoke(app, ["init", name, *options], env=env, catch_exceptions=False)


def test_an_empty_database_is_set_up_once_and_says_what_is_next(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    done = init(file)
    assert done.exit_code == 0
    for step in ("circulation admin create", "circulation serve", "sign in"):
        assert step in done.output
    database = Database(f"sqlite:///{file}")
    with database.reading() as db:
        here, tree = house.installation(db), house.organisations(db)
    database.close()
    assert (here.library, here.isils, here.currency, here.time_zone) == (
        "Town library",
        ("DE-Mus1",),
        "EUR",
        "Europe/Berlin",
    )
    assert (tree.chain("N1"), tree.nodes["N1"].kind) == (("N1", "DE-Mus1"), "branch")
    assert (tree.nodes["DE-Mus1"].name, tree.nodes["DE-Mus1"].kind) == ("Town library", "account")
    again = init(file, "Another")
    assert (again.exit_code, "set up already" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("isil", "DEMus1", "ISIL"),
        ("isil", "DE-" + "x" * 12, "ISIL"),
        ("isil", "DE_1-x y", "ISIL"),
        ("currency", "EURO", "currency"),
        ("currency", "eur", "currency"),
        ("time-zone", "Europe/Lindenau", "time zone"),
        ("time-zone", "../../etc/passwd", "time zone"),
        ("branch", "N|1", "code"),
        ("branch", "DE-Mus1", "different codes"),
        ("account", "x" * 65, "code"),
        ("branch-name", " ", "name"),
    ],
)
def test_what_cannot_be_so_is_named_and_nothing_is_set_up(tmp_path: Path, option: str, value: str, said: str) -> None:
    file = tmp_path / "x.db"
    done = init(file, **{option: value})
    assert (done.exit_code, said in done.output) == (1, True)
    assert init(file).exit_code == 0


def test_what_is_set_up_is_enough_for_staff_and_machines(service: Service) -> None:
    library = Library("L", "DE-1", "EUR", "UTC", "L", "B", "Branch")
    with service.database.writing() as db:
        db.execute(delete(t.installation))
    with pytest.raises(CirculationError, match="set up already"):
        set_up(service, library)
    with service.database.writing() as db:
        for under in (["N1", "N2", "BUS"], ["North"], ["A"]):
            db.execute(delete(t.organisation).where(t.organisation.c.id.in_(under)))
    set_up(service, library)
    staffing.create(service, audit.COMMAND_LINE, "anna", "a good long password", staffing.ROLES, may_override=True)
    assert machines.new_code(service, "B")
    organising.add_media_type(service, "anna", "LP", {"en": "Records"})
    assert rows(service, t.audit)[0].action == "installation.create"
