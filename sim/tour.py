"""``make demo``: the main job through the real programs, by touches on the real screen, told line by line.

A central service, a simulated pad, card reader, scanner and printer, and the machine itself, each a process of its own.
With a display the machine and the desk open side by side, to play with. Without one this tour lays things down, holds
cards, touches the screen, and leaves a picture of every screen in every language it visits.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from sim.contact_sheet import contact_sheet
from sim.side_by_side import play as play_side_by_side
from sim.stage import Screen, Stage, StageError, states

console = Console(highlight=False)
OUT = Path("demo-out")
PATIENCE = 30.0
LANGUAGES = ("en", "de")
SCREENS = 15  # in each language
IDLE_SECONDS = 5.0
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

AUDIOBOOK = "30000000000459"
STACK = {
    "30000000000012": "a book",
    "30000000000145": "a book",
    "30000000000327": "a film",
    "30000000000376": "a film from 18",
    f"{AUDIOBOOK}/1": "disc 1 of an audiobook",
    f"{AUDIOBOOK}/3": "disc 3 of it",
    "damaged": "a book with a damaged label",
}
SOMEBODY_ELSES = {"en": "30000000000541", "de": "30000000000558"}
ROWS = 7
OPEN = ("arriving", "checking", "asking")
KIOSK: Mapping[str, tuple[str, ...]] = {
    "session": (f"idle_seconds = {IDLE_SECONDS}", "goodbye_seconds = 1.0", "pad_grace_seconds = 5.0"),
    "screen": ("fullscreen = false", "less_motion = true"),
}


class Tour:
    """One tour over one stage.

    Args:
        stage: with the machine on its screen.
        out: folder for the pictures.
    """

    def __init__(self, stage: Stage, out: Path) -> None:
        self._stage = stage
        self._out = out
        self._started = time.monotonic()
        self.pictures: list[Path] = []

    def say(self, text: str) -> None:
        """One line, with the seconds since the beginning and how many of the pictures are taken."""
        done = f"{len(self.pictures):2}/{SCREENS * len(LANGUAGES)}"
        console.print(f"[dim]{time.monotonic() - self._started:5.1f} s  {done}[/dim]  {text}")

    def play(self) -> None:
        """Each scene in each language; between them a power cut, and at the end a reader without its plug."""
        for language, patron, card, pin in (("en", "Ben", "ben", "2345"), ("de", "Mira", "ada", "1234")):
            self.borrow(language, patron, card, pin)
            self.bring_back(language)
        self.renew("en", "Max, who has 14 items,", "max", "1357")
        self.power_cut()
        self.another_language()
        self.renew("de", "Ben", "ben", "2345")
        self.reader_gone()
        contact_sheet(sorted(self.pictures), self._out / "contact-sheet.png")

    # --- scenes -------------------------------------------------------------------------------------------------------

    def borrow(self, language: str, patron: str, card: str, pin: str) -> None:
        """A mixed stack, item by item, a set that is completed, a receipt, and a pad that is left full."""
        self._speak(language)
        self._picture("Start", language)
        self._stage.do("borrow")
        self._picture("Card", language)
        things = {**STACK, SOMEBODY_ELSES[language]: "a book somebody else has"}
        self.say(f"{patron} lays down {len(things)} things: {', '.join(things.values())}")
        self._stage.sim(f"put {' '.join(things)}")
        self._stage.sim(f"present {card}")
        self._picture("Pin", language)
        self._stage.sim("remove-card")
        self._stage.do("pin", digits=pin)
        self._rows(self._still("Borrow"))
        self._picture("Borrow", language)
        self._stage.do("ask_help")
        self._picture("Help", language)
        self._stage.do("back")
        self.say("disc 2 is in the case, and is laid down too")
        self._stage.sim(f"put {AUDIOBOOK}/2")
        self._rows(self._until("Borrow", lambda screen: states(screen).get(AUDIOBOOK) == "lent"), AUDIOBOOK)
        self._stage.do("finish")
        self._picture("LeaveOpen", language)
        self._stage.do("finish")
        self._picture("ReceiptChoice", language)
        self._stage.do("choose_receipt", way="print")
        self._picture("Goodbye", language)
        for line in self._stage.sim("printed")["receipts"][-1]:
            console.print(f"                 | {line}", markup=False)
        self._until("ClearPad")
        self._speak(language)
        self._picture("ClearPad", language)
        self._stage.sim("take all")
        self._until("Start")

    def bring_back(self, language: str) -> None:
        """The same stack, without a card."""
        self.say("somebody brings the stack back, without a card")
        self._speak(language)
        self._stage.do("return")
        self._until("Return")
        self._stage.sim(f"put {' '.join(STACK)} {AUDIOBOOK}/2 {SOMEBODY_ELSES[language]}")
        self._rows(self._still("Return"))
        self._picture("Return", language)
        self._end()

    def renew(self, language: str, who: str, card: str, pin: str) -> None:
        """Renewals, each with its own answer; then nobody touches the screen for a while."""
        self.say(f"{who} renews everything")
        self._speak(language)
        self._stage.do("show_account")
        self._until("Card")
        self._stage.sign_in(card, pin, "Account")
        self._speak(language)
        self._until("Account", lambda screen: not screen["busy"])
        self._picture("Account", language)
        self._stage.do("renew")
        counted = list(states(self._until("Renew", lambda screen: bool(screen["finish_now"]))).values())
        self._picture("Renew", language)
        self.say(f"renewed: {counted.count('renewed')}, refused with a reason each: {counted.count('refused')}")
        self.say(f"nobody touches the screen for {IDLE_SECONDS:.0f} seconds")
        self._picture("TimeOutWarning", language)
        self._stage.do("more_time")
        self._until("Renew")
        self._end()

    def power_cut(self) -> None:
        """The plug is pulled between the loan and the security bit, and put back in before the pad's."""
        self.say("[bold]a power cut[/bold]: the machine is killed after the loan and before the label is switched")
        self._stage.sign_in("ben", "2345")
        self._stage.sim("fault pad mute on write_afi")
        self._stage.sim("put 30000000000020")
        self._wait(lambda: any(line["step"] == "loaned" for line in self._stage.journal()["open"]))
        self._stage.kill_kiosk()
        self._stage.sim("heal all")
        self._start_again("en")
        self.say("it is started again, sees the book, asks the central service, and puts the label right")
        self._wait(lambda: self._security("30000000000020/1") == "disarmed" and not self._stage.journal()["doubts"])
        self.say("[green]the loan stands, the label is switched, nothing is in doubt[/green]")
        self._stage.sim("take all")
        self._until("Start")

    def another_language(self) -> None:
        """The library changes a setting."""
        self.say("the library makes German the machine's own language, and starts it again")
        self._stage.kiosk_settings["session"] = (*KIOSK["session"], 'languages = ["de", "en"]')
        self._stage.write_config()
        self._stage.kill_kiosk(signal.SIGTERM)
        self._start_again("de")
        self._until("Start")

    def reader_gone(self) -> None:
        """The pad's plug is pulled for good."""
        self.say("the pad is unplugged, and stays so")
        self._stage.sim("unplug pad")
        for language in reversed(LANGUAGES):
            self._until("OutOfOrder")
            self._speak(language)
            self._picture("OutOfOrder", language)
        self._stage.sim("plug pad")
        self._until("Start")
        self.say("plugged in again, the machine comes back by itself")

    def _start_again(self, language: str) -> None:
        """Start the machine before its pad is plugged in, so that it has to wait."""
        self._stage.sim("unplug pad")
        self._stage.restart_kiosk(shows="Starting")
        self._picture("Starting", language)
        self._stage.sim("plug pad")

    # --- hands and eyes -----------------------------------------------------------------------------------------------

    def _speak(self, language: str) -> None:
        if self._stage.screen["frame"]["language"] != language:
            self._stage.do("choose_language", language=language)
            self._stage.wait_screen(fits=lambda screen: screen["frame"]["language"] == language)

    def _picture(self, name: str, language: str) -> None:
        self._until(name, lambda screen: screen["frame"]["language"] == language)
        file = self._out / f"{name}.{language}.png"
        self._stage.order(picture=str(file.absolute()))
        self.pictures.append(file)
        self.say(f"[cyan]{name}[/cyan] in {language}: {file}")

    def _until(self, name: str, fits: Callable[[Screen], bool] = lambda screen: True) -> Screen:
        return self._stage.wait_screen(name, PATIENCE, fits)

    def _still(self, name: str) -> Screen:
        """Wait until all rows are there and the machine is at work on none."""

        def fits(screen: Screen) -> bool:
            found = list(states(screen).values())
            return len(found) >= ROWS and not any(state in OPEN for state in found)

        return self._until(name, fits)

    def _rows(self, screen: Screen, only: str | None = None) -> None:
        for row in screen["rows"]:
            if only is None or row["key"] == only:
                due = f", due {row['due']}" if row["due"] else ""
                title = row["title"] or "item without a readable label"
                sign = SIGNS.get(row["state"], row["state"])
                console.print(f"                 {title}: {sign}{due} [dim]{row['says']['code']}[/dim]")

    def _end(self) -> None:
        self._stage.do("finish")
        screen = self._stage.wait_screen(("LeaveOpen", "ReceiptChoice", "Goodbye", "Start"), PATIENCE)
        if screen["screen"] == "LeaveOpen":
            self._stage.do("finish")
            screen = self._stage.wait_screen(("ReceiptChoice", "Goodbye"), PATIENCE)
        if screen["screen"] == "ReceiptChoice":
            self._stage.do("choose_receipt", way="none")
        self._stage.sim("take all")
        self._until("Start")

    def _security(self, name: str) -> str:
        return next(str(tag["security"]) for tag in self._stage.sim("tags")["tags"] if tag["name"] == name)

    def _wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise StageError("it did not happen in time")
            time.sleep(0.1)


def play_tour(folder: Path, out: Path) -> None:
    """Play the tour without a display. Raises StageError."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.png"):
        old.unlink()
    stage = Stage(folder, KIOSK, {"SDL_VIDEODRIVER": "offscreen"}, machine="demo")
    tour = Tour(stage, out)
    stage.said = tour.say
    with stage:
        tour.play()
    tour.say("[bold green]done[/bold green]: every program was the shipped one, over its real protocol")
    tour.say(f"all pictures at once: {out / 'contact-sheet.png'}")


def main() -> int:
    """Play; 0 if everything happened. However it ends, the programs it started end with it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(128 + signal.SIGTERM))
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    with tempfile.TemporaryDirectory(prefix="library-") as folder:
        try:
            if has_display:
                play_side_by_side(Path(folder), console)
            else:
                play_tour(Path(folder), out)
        except StageError as error:
            console.print(f"the demo stopped: {error}", markup=False, style="red")
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
