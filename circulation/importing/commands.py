"""The commands ``circulation import`` and ``circulation export``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

import wording
from circulation.command_line import DatabaseUrl, SecretsFolder, StaffLanguage, console, errors, existing, opened, told
from circulation.errors import CirculationError
from circulation.importing import exporting, mapping, report, taking_in
from circulation.importing.faults import MappingFileError
from circulation.importing.fields import KINDS, Kind
from circulation.importing.taking_in import Outcome, Task, Wanted

PATIENCE = 1.0  # seconds without a word

import_app = typer.Typer(help="Take items, patrons and loans over from files.", no_args_is_help=True)
export_app = typer.Typer(help="Write items, patrons and loans into files that can be imported.", no_args_is_help=True)

MappingFile = Annotated[Path | None, typer.Option("--mapping", help="Where the file has our fields (TOML).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only check.")]
Update = Annotated[bool, typer.Option("--update", help="Change what is there already to what the file says.")]
SkipFaulty = Annotated[bool, typer.Option("--skip-faulty", help="Leave lines with problems out, import the others.")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Write every problem into this file (CSV).")]
LimitProblems = Annotated[int, typer.Option("--limit-problems", min=0, help="Show at most so many problems here.")]


ABOUT: Mapping[str, str] = {
    "items": "Import items from CSV, MARC 21 (.mrc) or MARCXML: all of them, or none if anything is wrong.",
    "patrons": "Import patrons from CSV; hashing PINs takes the longest, some ten in a second; "
    "without one nobody can sign in.",
    "loans": "Import open loans from CSV, after their items and patrons.",
}


def _importing(kind: Kind) -> Callable[..., None]:
    """The command that imports one kind; each takes the same options."""

    def run(
        file: Path,
        database: DatabaseUrl,
        secrets: SecretsFolder = None,
        mapping_file: MappingFile = None,
        dry_run: DryRun = False,
        update: Update = False,
        skip_faulty: SkipFaulty = False,
        report_file: ReportFile = None,
        language: StaffLanguage = "en",
        limit_problems: LimitProblems = 20,
    ) -> None:
        wanted = Wanted(update, skip_faulty, dry_run)
        _import(kind, file, (database, secrets), mapping_file, wanted, (report_file, language, limit_problems))

    return told(run)


for _name, _about in ABOUT.items():
    import_app.command(_name, help=_about)(_importing(KINDS[_name]))


@import_app.command("mapping")
@told
def import_mapping(
    kind: Annotated[str, typer.Argument(help="items, patrons or loans")], language: StaffLanguage = "en"
) -> None:
    """Print a mapping file to begin with: as it is it changes nothing."""
    typer.echo(mapping.commented(_kind(kind), language), nl=False)


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise typer.BadParameter(f"there is no {name!r}; there are {', '.join(KINDS)}")
    return KINDS[name]


def _import(
    kind: Kind,
    file: Path,
    where: tuple[str, Path | None],
    mapping_file: Path | None,
    wanted: Wanted,
    telling: tuple[Path | None, str, int],
) -> None:
    report_path, language, most = telling
    found = _mapping(kind, mapping_file, language)
    with opened(*where) as service, report.report_file(report_path) as out, _progress(language) as moved:
        told_so_far = report.Report(file.name, language, most, out)
        try:
            outcome = taking_in.take_in(Task(service, kind, file, found, wanted, told_so_far, moved))
        except MappingFileError as error:
            raise _refused(mapping_file, error, language) from None
    _tell(outcome, wanted, told_so_far, language)


def _mapping(kind: Kind, path: Path | None, language: str) -> mapping.FileMapping:
    if path is None:
        return mapping.standard(kind)
    try:
        return mapping.read(path.read_bytes(), kind)
    except OSError as error:
        raise CirculationError("mapping", f"{path} cannot be read: {error.strerror}") from None
    except MappingFileError as error:
        raise _refused(path, error, language) from None


def _refused(path: Path | None, error: MappingFileError, language: str) -> CirculationError:
    """Tell every problem of a mapping file."""
    name = path.name if path is not None else ""
    for problem in error.problems:
        parts = (name, report.place(problem, language), report.sentence(problem, language))
        _say_error(": ".join(filter(None, parts)))
    return CirculationError("mapping", _say("import.result.refused", language, problems=len(error.problems)))


def _say(code: str, language: str, **params: int | str) -> str:
    return wording.say_staff(code, params, language)


def _say_error(text: str) -> None:
    errors.print(text, markup=False, highlight=False, emoji=False)


def _tell(outcome: Outcome, wanted: Wanted, told_so_far: report.Report, language: str) -> None:
    for line in told_so_far.shown:
        _say_error(line)
    hidden = told_so_far.count - len(told_so_far.shown)
    if hidden:
        _say_error(_say("import.result.more", language, hidden=hidden))
    if not outcome.done:
        raise CirculationError("import", _say("import.result.refused", language, problems=told_so_far.count))
    code = "import.result.checked" if wanted.dry_run else "import.result.imported"
    console.print(_say(code, language, new=outcome.new, updated=outcome.updated), highlight=False)
    if told_so_far.count:
        console.print(_say("import.result.left_out", language, problems=told_so_far.count), highlight=False)
    if wanted.dry_run and told_so_far.count:
        raise typer.Exit(1)


@contextmanager
def _progress(language: str) -> Iterator[Callable[[str, int, int], None]]:
    """How far it is, on standard error, once it takes longer than one waits without a word."""
    shown = Progress(console=errors, transient=True)
    began = time.monotonic()
    tasks: dict[str, TaskID] = {}

    def moved(doing: str, done: int, of: int) -> None:
        if time.monotonic() - began < PATIENCE:
            return
        shown.start()
        if doing not in tasks:
            tasks[doing] = shown.add_task(_say(f"import.doing.{doing}", language), total=of)
        shown.update(tasks[doing], completed=done)

    try:
        yield moved
    finally:
        shown.stop()


def _export(kind: Kind, file: Path, database: str) -> None:
    found = existing(database)
    try:
        found.migrate()
        written, left_out = exporting.export(found, kind, file)
    finally:
        found.close()
    console.print(f"{file} is written: {written} {kind.name}", highlight=False)
    if left_out:
        _say_error(f"{left_out} {kind.name} are not in it: their patrons have no barcode to name them by")


@export_app.command("items")
@told
def export_items(file: Path, database: DatabaseUrl) -> None:
    """Write every item."""
    _export(KINDS["items"], file, database)


@export_app.command("patrons")
@told
def export_patrons(file: Path, database: DatabaseUrl) -> None:
    """Write every patron, without what proves who they are."""
    _export(KINDS["patrons"], file, database)


@export_app.command("loans")
@told
def export_loans(file: Path, database: DatabaseUrl) -> None:
    """Write every open loan."""
    _export(KINDS["loans"], file, database)
