"""A process that runs a task of notices and is killed at a point: what the tests of receipts start.

Its argument is a JSON document: database, folder of secrets, type of the task and its id, time, a file that notes what
was handed over, and at which point, for which time it comes there, the process kills itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from argon2 import PasswordHasher

from circulation.notices.selecting import Asked
from circulation.notices.types import EMAIL
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store.engine import Database
from tests.circulation.posting import ALL_WAYS, Post, Trail
from tests.circulation.running import TestClock


def main() -> None:
    """Run until the point, or to the end."""
    told = json.loads(sys.argv[1])
    database = Database(told["database"])
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    service = Service(database, Secrets(Path(told["secrets"]), hasher), TestClock(datetime.fromisoformat(told["now"])))
    post = Post(service)
    post.know(told["type"], Asked(told["kind"], ALL_WAYS))
    post.boxes[EMAIL] = Trail(Path(told["trail"]))
    left = told["times"]

    def at(point: str) -> None:
        nonlocal left
        left -= point == told["point"]
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    post.at = at
    post.run(told["task"])


if __name__ == "__main__":
    main()
