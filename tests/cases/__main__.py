"""Play a file of acceptance cases: ``python -m tests.cases FILE.toml --database URL``.

Prints expected and actual facts as JSON; the exit code is 1 if a fact differs, 2 if the file or a part of it cannot be
played.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from argon2 import PasswordHasher
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from circulation.errors import CirculationError
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store.engine import Database
from tests.cases import tasking
from tests.cases.actions import play
from tests.cases.comparing import same
from tests.cases.equality import plain
from tests.cases.filling import fill, settle
from tests.cases.playing import Playing
from tests.cases.reading import Case, CaseError, CaseFile, Step, read
from tests.circulation.running import TestClock, serving

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # KiB; what is tested is not how hard hashes are
APART = "cases_apart"  # schema in which steps on a fresh copy of the world run
Result = dict[str, Any]


class Runner:
    """Plays the cases of a file in one database."""

    def __init__(self, file: CaseFile, url: str, folder: Path) -> None:
        self.file, self.url, self.folder = file, url, folder

    def case(self, case: Case) -> Result:
        """Play one case; its steps with what differs."""
        kept: dict[str, str] = {}
        steps: list[Result] = []
        try:
            if case.wrong:
                raise CaseError(case.wrong)
            with self.world(case, {}, apart=False) as main:
                main.kept = kept
                for step in case.steps:
                    steps.append(self.step(case, step, main))
        except Exception as error:  # noqa: BLE001 whatever it is, the other cases are still told
            steps.append({"step": None, "same": False, "error": f"{type(error).__name__}: {error}"})
        return {"case": case.id, "title": case.title, "same": all(step["same"] for step in steps), "steps": steps}

    def step(self, case: Case, step: Step, main: Playing) -> Result:
        """Play one step and compare it."""
        try:
            if step.wrong:
                raise CaseError(step.wrong)
            if step.apart:
                with self.world(case, step.inputs.get("settings", {}), apart=True) as fresh:
                    fresh.kept = main.kept
                    fresh.clock.now = step.at
                    facts = play(fresh, step)
            else:
                main.clock.now = step.at
                if "settings" in step.inputs:
                    settle(main.service, case, step.inputs["settings"])
                facts = play(main, step)
        except Exception as error:  # noqa: BLE001 whatever it is, the other steps are still told
            return {"step": step.id, "action": step.action, "same": False, "error": f"{type(error).__name__}: {error}"}
        return {"step": step.id, "action": step.action, **self.compared(case, step, facts)}

    def compared(self, case: Case, step: Step, facts: Mapping[str, Any]) -> Result:
        """Expected and actual facts, and which differ."""
        expected = {**case.expect.get(step.id, {})}
        wanted = {name: value for name, value in expected.items() if name != "refusals_in_order"}
        unknown = sorted(name for name in wanted if name not in facts and name != "comment")
        ordered = expected.get("refusals_in_order") is True
        errors: dict[str, str] = {}
        differs = [name for name in wanted if name in facts and not _same(name, wanted, facts, errors)]
        if ordered and list(expected.get("refusals", [])) != facts.get("refusals"):
            differs.append("refusals_in_order")
        unclear = {name: value for name, value in case.unclear.get(step.id, {}).items() if name != "question"}
        return {
            "same": not differs and not unknown,
            "differs": sorted({*differs, *unknown}),
            "unknown_facts": unknown,
            "expected": plain(expected),
            **({"errors": errors} if errors else {}),
            "actual": plain({name: facts.get(name) for name in {**expected, **unclear}}),
            **({"unclear": [n for n in unclear if not _same(n, unclear, facts, errors)]} if unclear else {}),
        }

    @contextmanager
    def world(self, case: Case, settings: Mapping[str, Any], *, apart: bool) -> Iterator[Playing]:
        """The world of a case as it is before its first step, served."""
        start = case.steps[0].at
        clock = TestClock(start)
        database = self.database(apart)
        try:
            database.migrate()
            service = Service(database, Secrets(self.folder / "secrets", QUICK), clock)
            world = fill(service, self.file, case, start, settings)
            with serving(service) as central:
                playing = Playing(case, self.file.timezone, service, central, clock, world, {})
                tasking.every(playing)
                yield playing
        finally:
            database.close()

    def database(self, apart: bool) -> Database:
        """The database named, or a second place beside it for a fresh copy of the world."""
        if not apart:
            return Database(self.url)
        if self.url.startswith("sqlite"):
            return Database(f"sqlite:///{self.folder}/apart.db")
        first = Database(self.url)
        with first.writing() as db:
            db.execute(CreateSchema(APART, if_not_exists=True))
        first.close()
        url = first.url.update_query_dict({"options": f"-csearch_path={APART}"})
        return Database(url.render_as_string(hide_password=False))


def _same(name: str, wanted: Mapping[str, Any], facts: Mapping[str, Any], errors: dict[str, str]) -> bool:
    """Whether a fact is as expected; what cannot be compared is not, and is told, so that the others still are."""
    try:
        return same(name, wanted[name], facts)
    except Exception as error:  # noqa: BLE001 whatever it is, the other facts are still compared
        errors[name] = f"{type(error).__name__}: {error}"
        return False


def main() -> int:
    """Play a file."""
    parser = argparse.ArgumentParser(prog="python -m tests.cases", description="Play acceptance cases.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--database", required=True, help="address of an empty database, e.g. sqlite:////tmp/cases.db")
    parser.add_argument("--case", action="append", help="only this case")
    asked = parser.parse_args()
    try:
        file = read(asked.file)
        cases = [case for case in file.cases if not asked.case or case.id in asked.case]
        with tempfile.TemporaryDirectory() as folder:
            results = [Runner(file, asked.database, Path(folder)).case(case) for case in cases]
    except (CaseError, CirculationError, SQLAlchemyError) as error:
        sys.stderr.write(f"cases: {error}\n")
        return 2
    differing = [result["case"] for result in results if not result["same"]]
    summary = {"cases": len(results), "differing": differing}
    sys.stdout.write(json.dumps({"summary": summary, "results": results}, indent=1, ensure_ascii=False) + "\n")
    wrong = [said for case in cases for said in (case.wrong, *(step.wrong for step in case.steps)) if said]
    sys.stderr.writelines(f"cases: {said}\n" for said in wrong)
    return 2 if wrong else 1 if differing else 0


if __name__ == "__main__":
    # What the service logs goes where it does not stand between the results.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
