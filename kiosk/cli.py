"""The command ``kiosk`` without a screen: headless, enrol, journal, doctor, devices, tag."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from drivers.devices.probe import list_devices, read_tags
from kiosk import VERSION, doctor, enrolment, logs
from kiosk import headless as headless_mode
from kiosk.central import api
from kiosk.central.rest import RestApi
from kiosk.compose import JOURNAL
from kiosk.config import Config, ConfigError, load
from kiosk.journal import HistoryLine, Journal, JournalError
from kiosk.messages import OpenOperation

app = typer.Typer(help="One self-service machine.", no_args_is_help=True)
console = Console(soft_wrap=True, highlight=False)
errors = Console(stderr=True, soft_wrap=True, highlight=False)

ConfigFile = Annotated[Path, typer.Option("--config", envvar="KIOSK_CONFIG", help="The machine's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def stop(text: str) -> typer.Exit:
    """What to raise to end the command with a sentence."""
    errors.print(f"kiosk: {text}", markup=False)
    return typer.Exit(1)


def load_config(file: Path) -> Config:
    """The configuration; ends the command with every mistake in it."""
    try:
        return load(file)
    except ConfigError as error:
        for mistake in error.mistakes:
            errors.print(f"{file}: {mistake}", markup=False)
        raise stop(f"mistakes in the configuration: {len(error.mistakes)}") from None


@contextmanager
def running() -> Iterator[None]:
    """Around a machine that runs: the log is set up, and what keeps it from running is said in a sentence."""
    logs.set_up()
    try:
        yield
    except (enrolment.EnrolmentError, JournalError) as error:
        raise stop(str(error)) from None


@app.command()
def headless(config: ConfigFile) -> None:
    """Run the machine for a parent process: intents in, screens out, as lines of JSON."""
    known = load_config(config)
    with running():
        headless_mode.run(known)


@app.command()
def enrol(
    url: str,
    code: str,
    config: ConfigFile,
    ca: Annotated[Path | None, typer.Option(help="Authority to verify the service with.")] = None,
) -> None:
    """Enrol this machine with a one-time code."""
    known = load_config(config)
    try:
        client = RestApi(url, "", ca or known.ca)
    except ValueError as error:
        raise stop(str(error)) from None
    try:
        given = client.enrol(code, known.machine.name, VERSION)
        made = enrolment.Enrolment(url=url, **{**given, "owner": tuple(map(str, given["owner"]))})
        enrolment.save(known.state, made)
    except (api.CentralError, ValueError) as error:
        raise stop(f"not enrolled: {error}") from None
    except OSError as error:
        raise stop(f"not enrolled: {known.state} cannot be written ({error.strerror})") from None
    finally:
        client.close()
    console.print(f"enrolled as {known.machine.name} at {made.branch_name}")


@app.command()
def journal(
    config: ConfigFile,
    as_json: AsJson = False,
    most: Annotated[int, typer.Option(help="How many of the newest lines.")] = 50,
) -> None:
    """What this machine began, what is still open, and the items staff should look at."""
    opened = _open_journal(load_config(config))
    try:
        left, doubts, lines = opened.read(), opened.staff_list(), opened.history(most)
    except JournalError as error:
        raise stop(str(error)) from None
    finally:
        opened.close()
    if as_json:
        found = {
            "open": [{**asdict(operation), "tags": dict(operation.tags)} for operation in left.operations],
            "doubts": [{**asdict(doubt), "since": doubt.since.isoformat()} for doubt in doubts],
            "history": [asdict(line) for line in lines],
        }
        typer.echo(json.dumps(found))
        return
    _print_journal(left.operations, doubts, lines)


def _open_journal(config: Config) -> Journal:
    path = config.state / JOURNAL
    if not path.exists():
        raise stop(f"{path} is not there: this machine has not been started yet")
    try:
        return Journal(path, bytes)
    except JournalError as error:
        raise stop(str(error)) from None


def _print_journal(
    operations: tuple[OpenOperation, ...], doubts: tuple[api.Doubt, ...], lines: tuple[HistoryLine, ...]
) -> None:
    table = Table("item", "should be", "last read", "since", title="Please look at these items")
    for doubt in doubts:
        table.add_row(doubt.item, doubt.wanted, doubt.last or "?", doubt.since.isoformat(timespec="seconds"))
    console.print(table if doubts else "No item is in doubt.")
    table = Table("item", "action", "step", "operation", title="Still open")
    for operation in operations:
        table.add_row(operation.item, operation.action, operation.step, operation.operation)
    console.print(table if operations else "No operation is open.")
    table = Table("time", "item", "action", "step", "note", title="Newest first")
    for line in lines:
        table.add_row(line.at[:19], line.item, line.action, line.step, line.note)
    console.print(table)


@app.command("doctor")
def doctor_command(config: ConfigFile, as_json: AsJson = False) -> None:
    """Look at everything this machine needs; say what is wrong and what cures it."""
    found = []
    for finding in doctor.examine(config):
        found.append(finding)
        if as_json:
            continue
        sign = "[green]well[/green]   " if finding.ok else "[red]problem[/red]"
        console.print(f"{sign}  {finding.name}: ", end="")
        console.print(finding.text, markup=False)
        if finding.cure:
            console.print(f"         -> {finding.cure}", markup=False)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found]))
    raise typer.Exit(0 if all(finding.ok for finding in found) else 1)


@app.command()
def devices() -> None:
    """List serial ports and card readers of this computer."""
    table = Table("kind", "name", "what it says")
    for kind, name, text in list_devices():
        table.add_row(kind, name, text)
    console.print(table)


@app.command()
def tag(config: ConfigFile) -> None:
    """Read what lies on the pad, once."""
    known = load_config(config)
    driver, options = known.devices["pad"]
    table = Table("UID", "item", "part", "owner", "security", "model")
    problem = None
    for uid, cells in read_tags(driver, options, time.monotonic() + 10):
        if uid is None:
            problem = cells[0]
        else:
            table.add_row(uid, *cells)
    if problem is not None:
        raise stop(problem)
    console.print(table)
