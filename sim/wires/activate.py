"""Becomes another program, with a bound socket as file descriptor 3, as socket activation hands it over.

``python -m sim.wires.activate DESCRIPTOR PROGRAM [ARGUMENT ...]``. A process of its own, because LISTEN_PID must be the
program's own process id. The program ends with its parent. Where allowed it gets a /run of its own:
pcscd, run as root, would otherwise write its process id where the system's own card daemon keeps it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

FIRST_DESCRIPTOR = 3  # sd_listen_fds(3)
PR_SET_PDEATHSIG = 1
CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18


def _own_run_folder(libc: ctypes.CDLL) -> None:
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        return  # not allowed here: then /run cannot be written to either, or it is a container's own
    libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, None)


def main() -> None:
    """Replace this process."""
    descriptor, program = int(sys.argv[1]), sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.geteuid() == 0:
        _own_run_folder(libc)
    if descriptor != FIRST_DESCRIPTOR:
        os.dup2(descriptor, FIRST_DESCRIPTOR)
    os.set_inheritable(FIRST_DESCRIPTOR, True)
    environment = dict(os.environ, LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    os.execve(program[0], program, environment)


if __name__ == "__main__":
    main()
