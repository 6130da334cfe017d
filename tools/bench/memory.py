"""Memory that a set of processes really takes: PSS, where shared pages count once."""

from collections.abc import Iterable
from pathlib import Path

import psutil


def pss_mib(pids: Iterable[int]) -> float:
    """The sum over the processes in MiB (proc(5), smaps_rollup)."""
    total_kib = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total_kib += int(line.split()[1])
    return total_kib / 1024


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]
