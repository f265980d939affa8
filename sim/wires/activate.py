"""Becomes another program, with a bound socket as file descriptor 3, as socket activation hands it over.

``python -m sim.wires.activate DESCRIPTOR FOLDER PROGRAM [ARGUMENT ...]``. A process of its own, because LISTEN_PID must
be the program's own process id. The program runs in the folder and ends with its parent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

FIRST_DESCRIPTOR = 3  # sd_listen_fds(3)
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replace this process."""
    descriptor, folder, program = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.chdir(folder)
    if descriptor != FIRST_DESCRIPTOR:
        os.dup2(descriptor, FIRST_DESCRIPTOR)
    os.set_inheritable(FIRST_DESCRIPTOR, True)
    environment = dict(os.environ, LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    os.execve(program[0], program, environment)


if __name__ == "__main__":
    main()
