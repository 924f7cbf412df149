"""What a process tree has cost so far, read from the kernel.

CPU comes from the process's own CPU clock (nanoseconds, threads that have ended included), so a
minute of idling can be measured; /proc's 10 ms ticks could not. Linux only, like the cluster.
"""

import time
from pathlib import Path

import attrs

_KIB = 1024
_MB = 1_000_000


@attrs.frozen(kw_only=True)
class Usage:
    """Totals over a process and its living descendants."""

    cpu_s: float
    rss_mb: float
    peak_mb: float


def usage_of(pid: int) -> Usage:
    """Return the usage of the tree below `pid`; what has ended counts nothing."""
    cpu, rss, peak = 0.0, 0, 0
    for member in _tree(pid):
        try:
            cpu += time.clock_gettime(_cpu_clock(member))
            status = Path(f"/proc/{member}/status").read_text(encoding="ascii", errors="replace")
        except OSError:  # it ended between the two looks
            continue
        rss += _field(status, "VmRSS")
        peak += _field(status, "VmHWM")
    return Usage(cpu_s=cpu, rss_mb=rss * _KIB / _MB, peak_mb=peak * _KIB / _MB)


def _cpu_clock(pid: int) -> int:
    """Return the clock id of a process's CPU time, as clock_getcpuclockid(3) builds it."""
    return (~pid << 3) | 2


def _tree(pid: int) -> list[int]:
    found, todo = [], [pid]
    while todo:
        member = todo.pop()
        found.append(member)
        try:
            tasks = list(Path(f"/proc/{member}/task").iterdir())
            for task in tasks:
                todo.extend(map(int, (task / "children").read_text(encoding="ascii").split()))
        except OSError:
            continue
    return found


def _field(status: str, name: str) -> int:
    for line in status.splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0
