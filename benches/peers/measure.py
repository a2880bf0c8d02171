"""One command as a whole process: wall clock, processor time, peak memory, laps."""

import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")
# Who takes longer stands still, and is killed: exit code -9.
LIMIT_S = 3600


@dataclass
class Run:
    wall: float
    cpu: float
    peak_mb: float
    # Processor seconds that others used meanwhile: how quiet the machine was.
    others: float
    laps: dict[str, float]
    code: int
    errors: str


def busy() -> float:
    """Processor seconds that the whole machine has used."""
    with open("/proc/stat") as stat:
        values = [int(value) for value in stat.readline().split()[1:]]
    user, nice, system, _idle, _wait, interrupt, soft, steal = values[:8]
    return (user + nice + system + interrupt + soft + steal) / TICKS


def run(command: list[str], environment: dict[str, str]) -> Run:
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        used = busy()
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=environment)
        limit = threading.Timer(LIMIT_S, process.kill)
        limit.start()
        _, status, usage = os.wait4(process.pid, 0)
        limit.cancel()
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime
        output.seek(0)
        errors.seek(0)
        return Run(
            wall=wall,
            cpu=cpu,
            peak_mb=usage.ru_maxrss / 1024,
            others=max(0.0, busy() - used - cpu),
            laps=laps(output),
            code=process.returncode,
            errors=errors.read()[-4000:],
        )


def laps(output) -> dict[str, float]:
    """Lines of a name and seconds."""
    found = {}
    for line in output:
        words = line.split()
        if len(words) == 2:
            try:
                found[words[0]] = float(words[1])
            except ValueError:
                continue
    return found
