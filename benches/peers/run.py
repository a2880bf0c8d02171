"""Runs the job on kenko and its peers, side by side, and keeps the result.

    python3 benches/peers/run.py [--events 20000000] [--repeats 3] [--kenko PATH]

Makes the virtual environment, the company and a release build of kenko when they are not
there yet; lets every system answer once and compares the answers; only then measures whole
processes, one system after the other, round after round. Needs nothing but Python.
"""

import argparse
import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import measure
import report
from job import ANSWERS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = ["duckdb", "polars", "chdb", "dbt"]
KENKO = ["kenko full", "kenko night"]
LEVELS = ["chdb levels", "kenko levels"]


class Bench:
    def __init__(self, given: argparse.Namespace):
        self.given = given
        self.work = given.work.resolve()
        self.python = self.work / "venv" / "bin" / "python"
        self.company = self.work / f"company-{given.events}-{given.accounts}-{given.days}"
        self.last: dt.date = given.last
        self.before = self.last - dt.timedelta(1)
        # What kenko reads: the same paths night after night, where a day's file arrives.
        self.pipeline = self.work / "kenko"
        self.warm = self.work / "out" / "kenko before the night"
        self.kenko: Path = given.kenko

    def prepare(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        wanted = (HERE / "requirements.txt").read_bytes()
        mark = self.work / "venv" / hashlib.sha256(wanted).hexdigest()
        if not mark.exists():
            say("virtual environment")
            subprocess.run([sys.executable, "-m", "venv", self.work / "venv"], check=True)
            install = [self.python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"]
            subprocess.run(install, check=True)
            mark.touch()
        if not (self.company / "complete").exists():
            say(f"a company of {self.given.events:,} events")
            sizes = [
                *["--events", str(self.given.events), "--accounts", str(self.given.accounts)],
                *["--days", str(self.given.days), "--last", str(self.last)],
            ]
            command = [self.python, HERE / "generate.py", self.company, *sizes]
            subprocess.run(command, check=True)
            (self.company / "complete").touch()
        if self.kenko is None:
            say("release build of kenko")
            subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
            target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
            self.kenko = target / "release" / "kenko"
        self.kenko = self.kenko.resolve()
        shutil.rmtree(self.pipeline, ignore_errors=True)
        shutil.copytree(HERE / "kenko", self.pipeline)
        shutil.copytree(self.company, self.pipeline / "data", copy_function=link)

    def out(self, system: str) -> Path:
        return self.work / "out" / system

    def environment(self, system: str) -> dict[str, str]:
        return os.environ | {
            "PEER_THREADS": str(self.given.threads),
            "PEER_OUT": str(self.out(system)),
            "TMPDIR": str(fresh(self.work / "scratch")),
        }

    def command(self, system: str) -> list:
        """What is measured, as one process."""
        name, _, part = system.partition(" ")
        if name == "dbt":
            variables = {"data": self.company, "out": self.out("dbt"), "as_of": self.last}
            given = ", ".join(f'"{key}": "{value}"' for key, value in variables.items())
            folders = [
                *["--project-dir", HERE / "dbt", "--profiles-dir", HERE / "dbt"],
                *["--target-path", self.work / "dbt", "--log-path", self.work / "dbt"],
            ]
            dbt = self.python.parent / "dbt"
            return [dbt, "--quiet", "build", *folders, "--vars", "{" + given + "}"]
        if name == "kenko":
            return self.kenko_run(self.last, self.out(system), part)
        parts = [part] if part else []
        script = HERE / f"{name}_job.py"
        return [self.python, script, self.company, self.out(system), self.last, *parts]

    def kenko_run(self, as_of: dt.date, output: Path, part: str = "full") -> list:
        machine = ["--threads", self.given.threads, "--memory", self.given.memory]
        pipeline = self.pipeline / ("levels.yaml" if part == "levels" else "peers.yaml")
        return [self.kenko, "run", pipeline, "--as-of", as_of, "--output", output, *machine]

    def set_out(self, system: str) -> None:
        """What has to be there before `system` starts; not part of what is measured."""
        arriving = self.pipeline / "data" / "event" / f"day={self.last}"
        arriving.mkdir(parents=True, exist_ok=True)
        file = arriving / "part-0.parquet"
        if not file.exists():
            link(self.company / "event" / f"day={self.last}" / file.name, file)
        if system != "kenko night":
            fresh(self.out(system))
            return
        if not self.warm.exists():
            file.unlink()
            arriving.rmdir()
            self.one(self.kenko_run(self.before, self.warm), system)
            self.set_out(system)
            return
        shutil.rmtree(self.out(system), ignore_errors=True)
        shutil.copytree(self.warm, self.out(system))

    def one(self, command: list, system: str) -> measure.Run:
        found = measure.run([str(part) for part in command], self.environment(system))
        if found.code != 0:
            sys.exit(f"{system} ended with {found.code}:\n{found.errors}")
        return found

    def answers_of(self, system: str) -> Path:
        """The folder in which check.py finds the answers of `system`."""
        if not system.startswith("kenko"):
            return self.out(system)
        shown = fresh(self.work / "out" / f"{system} answers")
        for answer in ANSWERS:
            file = self.out(system) / "latest" / f"{answer}.parquet"
            if file.exists():
                link(file, shown / file.name)
        # The days of accounts are kept for the next night, not published.
        for file in (self.out(system) / "_kenko/state/int_customer_day").rglob("*.parquet"):
            day = file.parent.name
            (shown / "account_day").mkdir(exist_ok=True)
            link(file, shown / "account_day" / f"{day}.parquet")
        return shown

    def check(self, systems: list[str]) -> None:
        """Lets every system answer once; nothing is measured unless all agree."""
        for system in systems:
            say(f"answers of {system}")
            self.set_out(system)
            self.one(self.command(system), system)
        folders = [self.answers_of(system) for system in systems]
        compared = [self.python, HERE / "check.py", *folders]
        if subprocess.run(compared).returncode != 0:
            sys.exit("the answers differ: nothing is measured")

    def check_levels(self, reference: str) -> None:
        """The same for the funnels' levels, which are measured by themselves."""
        for system in LEVELS:
            self.set_out(system)
            self.one(self.command(system), system)
        compared = [HERE / "check.py", "levels", self.answers_of(reference)]
        compared += [self.out("chdb levels"), self.out("kenko levels") / "latest"]
        if subprocess.run([self.python, *compared]).returncode != 0:
            sys.exit("the levels differ: nothing is measured")

    def measured(self, systems: list[str]) -> dict[str, list[measure.Run]]:
        runs: dict[str, list[measure.Run]] = {system: [] for system in systems}
        for number in range(self.given.repeats):
            for system in systems:
                self.set_out(system)
                found = self.one(self.command(system), system)
                runs[system].append(found)
                say(f"round {number + 1}: {system} {found.wall:.2f} s, {found.peak_mb:.0f} MB")
        return runs


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def link(source, target) -> None:
    """A second name for the same file where the disk allows it, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--last", type=dt.date.fromisoformat, default=dt.date(2026, 2, 4))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--memory", default="4GiB", help="what kenko may use")
    parser.add_argument("--kenko", type=Path, help="a release build; made when not given")
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "peers")
    parser.add_argument("--keep", type=Path, default=ROOT / "benches" / "runs")
    parser.add_argument("--note", default="", help="what else the machine was doing")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    bench = Bench(given)
    bench.prepare()
    shutil.rmtree(bench.warm, ignore_errors=True)
    bench.check([*given.peers, *KENKO])
    floors = [f"{peer} floor" for peer in given.peers if peer != "dbt"]
    levels = LEVELS if "chdb" in given.peers else []
    if levels:
        bench.check_levels(given.peers[0])
    runs = bench.measured([*floors, *given.peers, *KENKO, *levels])
    folder = given.keep / dt.date.today().isoformat()
    name = f"{given.events / 1_000_000:g}m"
    setting = report.setting(given, bench.python, bench.kenko, bench.company, ROOT)
    print(report.write(folder, name, setting, runs))


if __name__ == "__main__":
    main()
