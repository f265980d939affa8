"""The machine for a parent process: intents as lines of JSON on standard input, screens on standard output (design 6).

Only whoever started the process can press a button here; there is no network and no configuration for it.
"""

from __future__ import annotations

from kiosk.compose import Kiosk
from kiosk.config import Config
from kiosk.jsonlines import LineError, error_line, read_intent, write_screen
from kiosk.parent import Parent


def run(config: Config) -> None:
    """Run until standard input ends or SIGTERM or SIGINT arrives.

    Raises:
        EnrolmentError: the machine is not enrolled.
        JournalError: the journal cannot be used.
    """
    with Parent() as parent:
        kiosk = Kiosk(config, lambda screen: parent.write(write_screen(screen)))

        def refuse(error: LineError) -> None:
            parent.write(error_line(error))

        def take(line: str) -> None:
            try:
                kiosk.post(read_intent(line))
            except LineError as error:
                refuse(error)

        kiosk.start()
        try:
            parent.read(take, refuse)
        finally:
            kiosk.stop()
