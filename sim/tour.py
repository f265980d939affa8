"""``make demo``: the main job through the real programs, told line by line.

A central service, a simulated pad, card reader, scanner and printer, and the machine itself, each a process of its own;
this tour only lays things down, holds cards, touches the screen, and reads what the machine shows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from sim.stage import Screen, Stage, StageError

console = Console(highlight=False)
PATIENCE = 30.0
SIGNS = {
    "lent": "[green]lent[/green]",
    "returned": "[green]returned[/green]",
    "renewed": "[green]renewed[/green]",
    "not_on_loan": "[green]was not on loan[/green]",
    "kept": "[green]taken back, booked later[/green]",
    "refused": "[red]not here[/red]",
    "part_missing": "[yellow]a part is missing[/yellow]",
    "put_back": "[yellow]put it back[/yellow]",
    "take_off": "[yellow]take it off[/yellow]",
    "staff": "[magenta]to staff[/magenta]",
    "unknown": "[magenta]unclear, to staff[/magenta]",
}

STACK = {
    "30000000000012": "a book",
    "30000000000145": "a book",
    "30000000000327": "a film",
    "30000000000376": "a film from 18",
    "30000000000459/1": "disc 1 of an audiobook",
    "30000000000459/3": "disc 3 of it",
    "30000000000277": "a book somebody else has",
    "30000000000269": "a book set aside for somebody else",
    "damaged": "a book with a damaged label",
}
OPEN = ("arriving", "checking", "asking")


class Tour:
    """One tour over one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """One line, with the seconds since the beginning."""
        console.print(f"[dim]{time.monotonic() - self._started:5.1f} s[/dim]  {text}")

    def play(self) -> None:
        """Borrow a mixed stack, complete a set, print a receipt, return it, renew, and live through a power cut."""
        self.say("[bold]the machine is ready[/bold]")
        self.borrow()
        self.bring_back()
        self.renew()
        self.power_cut()

    # --- scenes -------------------------------------------------------------------------------------------------------

    def borrow(self) -> None:
        """The mixed stack."""
        self.say(f"Mira lays down {len(STACK)} things: {', '.join(STACK.values())}")
        self._stage.sim(f"put {' '.join(STACK)}")
        self._sign_in("ada", "1234")
        self._rows(self._still("Borrow", 8))
        self.say("she finds disc 2 in the case and lays it down too")
        self._stage.sim("put 30000000000459/2")
        self._rows(
            self._until("Borrow", lambda screen: _states(screen).get("30000000000459") == "lent"), "30000000000459"
        )
        self._stage.intent("finish")
        self._until("LeaveOpen")
        self._stage.intent("finish")
        self._until("ReceiptChoice")
        self._stage.intent("choose_receipt", way="print")
        self._until("Goodbye")
        for line in self._stage.sim("printed")["receipts"][-1]:
            console.print(f"           | {line}", markup=False)
        self._empty_pad()

    def bring_back(self) -> None:
        """The same stack, without a card."""
        self.say("somebody brings the stack back, without a card")
        self._stage.intent("return")
        self._until("Return")
        self._stage.sim(f"put {' '.join(STACK)} 30000000000459/2")
        self._rows(self._still("Return", 8))
        self._end()

    def renew(self) -> None:
        """Renewals, each with its own answer."""
        self.say("Max, who has 14 items, renews everything")
        self._stage.intent("show_account")
        self._until("Card")
        self._sign_in("max", "1357", "Account")
        self._until("Account", lambda screen: not screen["busy"])
        self._stage.intent("renew")
        screen = self._until("Renew", lambda screen: bool(screen["finish_now"]))
        counted = list(_states(screen).values())
        self.say(f"renewed: {counted.count('renewed')}, refused with a reason each: {counted.count('refused')}")
        self._end()

    def power_cut(self) -> None:
        """The plug is pulled between the loan and the security bit."""
        self.say("[bold]a power cut[/bold]: the machine is killed after the loan and before the label is switched")
        self._sign_in("ben", "2345")
        self._stage.sim("fault pad mute on write_afi")
        self._stage.sim("put 30000000000020")
        self._wait(lambda: any(line["step"] == "loaned" for line in self._stage.journal()["open"]))
        self._stage.kill_kiosk()
        self._stage.sim("heal all")
        self._stage.restart_kiosk()
        self.say("it is started again, sees the book, asks the central service, and puts the label right")
        self._wait(lambda: self._security("30000000000020/1") == "disarmed" and not self._stage.journal()["doubts"])
        self.say("[green]the loan stands, the label is switched, nothing is in doubt[/green]")

    # --- hands and eyes -----------------------------------------------------------------------------------------------

    def _sign_in(self, card: str, pin: str, page: str = "Borrow") -> None:
        self._stage.sim(f"present {card}")
        self._until("Pin")
        self._stage.sim("remove-card")
        self._stage.intent("pin", digits=pin)
        screen = self._until(page)
        self.say(f"card and PIN: hello {screen['frame']['first_name']}")

    def _until(self, name: str, fits: Callable[[Screen], bool] = lambda screen: True) -> Screen:
        return self._stage.wait_screen(lambda screen: screen["screen"] == name and fits(screen), PATIENCE)

    def _still(self, name: str, rows: int) -> Screen:
        """Wait until this many rows are there and the machine is at work on none."""

        def fits(screen: Screen) -> bool:
            states = list(_states(screen).values())
            return len(states) >= rows and not any(state in OPEN for state in states)

        return self._until(name, fits)

    def _rows(self, screen: Screen, only: str | None = None) -> None:
        for row in screen["rows"]:
            if only is None or row["key"] == only:
                due = f", due {row['due']}" if row["due"] else ""
                title = row["title"] or "item without a readable label"
                console.print(
                    f"           {title}: {SIGNS.get(row['state'], row['state'])}{due} [dim]{row['says']['code']}[/dim]"
                )

    def _end(self) -> None:
        self._stage.intent("finish")
        screen = self._stage.wait_screen(
            lambda shown: shown["screen"] in ("LeaveOpen", "ReceiptChoice", "Goodbye"), PATIENCE
        )
        if screen["screen"] == "LeaveOpen":
            self._stage.intent("finish")
        self._until("ReceiptChoice")
        self._stage.intent("choose_receipt", way="none")
        self._until("Goodbye")
        self._empty_pad()

    def _empty_pad(self) -> None:
        self._stage.sim("take all")
        self._stage.intent("finish")
        self._until("Start")

    def _security(self, name: str) -> str:
        return next(str(tag["security"]) for tag in self._stage.sim("tags")["tags"] if tag["name"] == name)

    def _wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise StageError("it did not happen in time")
            time.sleep(0.1)


def _states(screen: Screen) -> dict[str, str]:
    return {row["key"]: row["state"] for row in screen["rows"]}


def main() -> int:
    """Play the tour; 0 if everything happened."""
    with tempfile.TemporaryDirectory(prefix="library-") as folder:
        stage = Stage(Path(folder))
        tour = Tour(stage)
        stage.said = tour.say
        try:
            with stage:
                tour.play()
        except StageError as error:
            console.print(f"the tour stopped: {error}", markup=False, style="red")
            return 1
        except KeyboardInterrupt:
            return 130
    tour.say("[bold green]done[/bold green]: every program was the shipped one, over its real protocol")
    return 0


if __name__ == "__main__":
    sys.exit(main())
