"""Becomes another program that the kernel kills when its parent dies: `bound_to_parent.py PARENT_PID PROGRAM ARG…`.

Run as a script in an isolated interpreter (15 ms), because setting the signal between fork and exec of a process with
threads is not safe. The signal survives exec; the program's own children do not inherit it (prctl(2)).
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CANNOT_EXECUTE = 127
"""As shells report it."""


def main(arguments: list[str]) -> None:
    parent, program = int(arguments[0]), arguments[1]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # It died before the signal was set.
        sys.exit(CANNOT_EXECUTE)
    try:
        os.execvp(program, arguments[1:])  # noqa: S606 # becoming the given program is the purpose
    except OSError as error:
        sys.stderr.write(f"cannot execute {program}: {error.strerror}\n")
        sys.exit(CANNOT_EXECUTE)


if __name__ == "__main__":
    main(sys.argv[1:])
