"""The commands of the simulator: ``serve``, and every control line from a shell.

Exit codes: 0 done, 1 the simulator said no, 2 wrong use.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sim.client import NoSimulator, send
from sim.clock import Clock
from sim.control import ORDERS
from sim.desk.app import MOST_NARROW, Place, run_desk
from sim.desk.words import WORDS
from sim.scenario import ScenarioError
from sim.serving import serve as run
from sim.simulator import Wiring
from sim.wires.vpcd import DaemonFailed, DaemonMissing

app = typer.Typer(no_args_is_help=True, help="The hardware around a self-service machine, on real wires.")
errors = Console(stderr=True, highlight=False, soft_wrap=True)
StateOption = Annotated[
    Path, typer.Option("--state", envvar="SIM_STATE", help="Folder of the simulator (ports, sockets, sim.json).")
]
DEMO = Path(__file__).parent / "scenarios" / "demo.toml"
ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command()
def serve(
    state: StateOption,
    scenario: Annotated[Path, typer.Option(help="Things and settings; docs/simulator.md describes the form.")] = DEMO,
    central: Annotated[str | None, typer.Option(help="URL of the central service, to put the proxy before it.")] = None,
    virtual_clock: Annotated[
        bool, typer.Option("--virtual-clock", help="Air and line time is counted, not waited.")
    ] = False,
    without_card: Annotated[bool, typer.Option("--without-card", help="Start no card daemon.")] = False,
) -> None:
    """Put the devices of one machine on their wires, and keep them there until ended by SIGTERM or Ctrl-C."""
    wiring = Wiring(state, central, Clock(not virtual_clock), not without_card)
    try:
        run(scenario, wiring, typer.echo)
    except ScenarioError as error:
        _fail(error.problems, 2)
    except ValueError as error:
        _fail([str(error)], 2)
    except (DaemonMissing, DaemonFailed, OSError) as error:
        _fail([str(error)], 1)


@app.command()
def desk(
    state: StateOption,
    language: Annotated[str, typer.Option(help=f"Of its labels: {', '.join(WORDS)}.")] = "en",
    width: Annotated[int, typer.Option(min=MOST_NARROW[0])] = Place.width,
    height: Annotated[int, typer.Option(min=MOST_NARROW[1])] = Place.height,
    left: int = Place.left,
    top: int = Place.top,
) -> None:
    """Open a table with everything around the machine, to play with by hand; docs/desk.md describes it."""
    if language not in WORDS:
        _fail([f"the desk has labels in {', '.join(WORDS)}, not in {language!r}"], 2)
    try:
        run_desk(state, language, Place(width, height, left, top))
    except ImportError:
        _fail(["the desk needs Kivy (the extra 'desk')"], 1)


def _fail(lines: list[str], code: int) -> None:
    for line in lines:
        errors.print(line, markup=False)
    raise typer.Exit(code)


def _control(name: str) -> None:
    order = ORDERS[name]

    def command(context: typer.Context, state: StateOption) -> None:
        try:
            answer = send(state, shlex.join([name, *context.args]))
        except NoSimulator as error:
            _fail([str(error)], 1)
            return
        if not answer.pop("ok"):
            _fail([str(answer["error"])], 2 if str(answer["error"]).startswith("usage:") else 1)
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))

    app.command(name, help=f"{order.says} ({order.usage})", context_settings=ANYTHING)(command)


for _name in ORDERS:
    if _name != "help":
        _control(_name)


def main() -> None:
    """Entry point."""
    app()
