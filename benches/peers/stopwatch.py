"""What the jobs of all peers share: laps on standard output, and how many threads to use."""

import os
import time


class Stopwatch:
    def __init__(self):
        self.at = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        print(f"{name} {now - self.at:.3f}", flush=True)
        self.at = now


def threads() -> int:
    return int(os.environ.get("PEER_THREADS") or os.cpu_count())
