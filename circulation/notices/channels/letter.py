"""Letters: PDF files in a folder only its owner reads, from where they are printed and put into envelopes.

A letter has left once its file is there, whole. Not responsible for what is on the page (letters) or for printing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from circulation.clock import Clock, local_day
from circulation.notices.channels.keys import key_of
from circulation.notices.channels.replies import ours
from circulation.notices.types import SERVER, Accepted, Message, Outcome, Refused, nothing

_ONLY_OWNER, _FOLDER_OF_OWNER, _OTHERS = 0o600, 0o700, 0o077


class LetterFolder:
    """A folder as a way for messages.

    Args:
        folder: made when it is needed.
        clock: the time.
        time_zone: of the library; None = all letters lie in one folder, otherwise those of a day in one of their own.
    """

    def __init__(self, folder: Path, clock: Clock, time_zone: str | None = None) -> None:
        self._folder = folder
        self._clock = clock
        self._time_zone = time_zone

    @contextmanager
    def opened(self) -> Iterator[LetterLine]:
        """A line that writes into the folder of the day on which it was opened."""
        day = local_day(self._clock(), self._time_zone).isoformat() if self._time_zone is not None else ""
        yield LetterLine(self._folder, day)


class LetterLine:
    """Files of one day."""

    def __init__(self, folder: Path, day: str) -> None:
        self._folder = folder
        self._day = day

    def wait(self) -> None:
        """Nothing is in the way."""

    def hand_over(self, message: Message, meanwhile: Callable[[], None] = nothing) -> Outcome:
        """Write one file, named by the message's key; the same message written again takes the place of the first.

        Raises:
            ValueError: it has no pages.
        """
        if message.pdf is None:
            raise ValueError("a letter without pages")
        name = f"{key_of(message)}.pdf"
        try:
            folder = _owners(_owners(self._folder) / self._day)
            _write(folder / name, message.pdf)
        except PermissionError as error:
            return Refused(ours("folder_rights", error.strerror or ""), False, SERVER)
        except OSError as error:
            return Refused(ours("folder", error.strerror or ""), False, SERVER)
        return Accepted("/".join(filter(None, (self._day, name))))


def _owners(folder: Path) -> Path:
    """The folder, made if it is not there; one that others can read is not used."""
    folder.mkdir(mode=_FOLDER_OF_OWNER, parents=True, exist_ok=True)
    if folder.stat().st_mode & _OTHERS:
        raise PermissionError(0, "chmod 700")
    return folder


def _write(file: Path, content: bytes) -> None:
    draft = file.with_name(f".{file.name}.part")
    draft.unlink(missing_ok=True)  # of a server that was killed
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OWNER)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
