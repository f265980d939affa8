"""A mail server of its own process, which says "250" once a message is on the disk, as RFC 5321 wants it (4.2.5).

``python -m benchmarks.mail_server FOLDER`` prints its port; messages are kept in the folder, as a Maildir.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

HOST = "127.0.0.1"


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """The server until the end of the block; its port."""
    command = [sys.executable, "-m", "benchmarks.mail_server", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout is not None else "")
        finally:
            process.kill()


def kept(folder: Path) -> int:
    """How many messages it has taken."""
    return sum(1 for _ in (folder / "new").iterdir())


async def serve(folder: Path) -> None:
    """Take messages until the process is killed."""
    loop, handler = asyncio.get_running_loop(), Mailbox(folder)
    listening = await loop.create_server(lambda: SMTP(handler, hostname="mail.example", loop=loop), HOST, 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
