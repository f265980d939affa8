"""That one SQLite database has one server. Several servers need PostgreSQL."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from circulation.errors import CirculationError


@contextmanager
def only_server(file: Path | None) -> Iterator[None]:
    """Hold the one server's place beside a SQLite file, by whatever link the file was named.

    Raises:
        CirculationError: another server holds it, or nothing can be written beside the file.
    """
    if file is None:
        yield
        return
    real = Path(os.path.realpath(file))  # Path.resolve fails at a link in a circle; let the database say that
    try:
        handle = os.open(real.with_name(real.name + ".server"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CirculationError("database", f"{error.filename} cannot be used: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            detail = f"another server is running on {file}; several servers need PostgreSQL"
            raise CirculationError("second_server", detail) from None
        yield
    finally:
        os.close(handle)
