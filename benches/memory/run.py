"""Runs kenko with far less memory than its data needs, and says how each run ended.

    python3 benches/memory/run.py [--kenko PATH] [--work DIR] [--data NAME...]

Every case must end in success or in "needs more memory"; see the README. Reuses the
company, the measuring and the description of the machine of ../peers.
"""

import argparse
import datetime as dt
import multiprocessing
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))

import measure  # noqa: E402
import report  # noqa: E402
from run import Bench, arguments, fresh, link, say  # noqa: E402

CAPS_MIB = [256, 512, 1024, 4096]
# Five times the company: more than ten times the smaller cap.
LARGE, LARGE_CAPS_MIB = 5, [512, 1024]
NEEDS_MORE = 7
JOIN_ROWS = 10_000_000
# Between two looks of the run at itself this much may be asked for.
BETWEEN_LOOKS = 1.10


@dataclass
class Case:
    data: str
    cap: int
    run: measure.Run

    def verdict(self) -> str:
        if self.run.code not in (0, NEEDS_MORE):
            return f"BROKEN: exit code {self.run.code}"
        if self.run.code == NEEDS_MORE and "needs more memory" not in self.run.errors:
            return "BROKEN: exit code 7 without the reason"
        if self.run.peak_mb > self.cap * BETWEEN_LOOKS:
            return "BROKEN: more than allowed was resident"
        return "needs more memory" if self.run.code else "done"


def make_skewed(company: Path, target: Path) -> None:
    """A copy of the company in which six of ten events are of one person."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for source in company.glob("*.parquet"):
        link(source, target / source.name)
    for source in sorted((company / "event").rglob("*.parquet")):
        table = pq.read_table(source, partitioning=None)
        is_moved = pc.less(pc.bit_wise_and(table["event_id"], pa.scalar(1023)), 614)
        for column in ("account_id", "contact_id"):
            moved = pc.if_else(is_moved, pa.scalar(1, pa.int64()), table[column])
            table = table.set_column(table.column_names.index(column), column, moved)
        file = target / "event" / source.parent.name / source.name
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, file, compression="zstd", store_schema=False)


def make_join(target: Path) -> None:
    """Two tables in no order, with texts that do not compress away."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = np.random.default_rng(7)
    ids = draw.permutation(JOIN_ROWS).astype(np.int64)
    notes = pa.array(draw.integers(0, 2**62, JOIN_ROWS)).cast(pa.string())
    start = int(dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc).timestamp() * 1_000_000)
    events = {
        "event_id": pa.array(ids),
        "occurred_at": pa.array(start + ids).cast(pa.timestamp("us", tz="UTC")),
        # Half of all things belong to a hundredth of the accounts.
        "account_id": pa.array(
            np.where(
                draw.random(JOIN_ROWS) < 0.5,
                draw.integers(0, JOIN_ROWS // 100, JOIN_ROWS),
                draw.integers(0, JOIN_ROWS, JOIN_ROWS),
            )
        ),
        "note": notes,
    }
    accounts = {
        "account_id": pa.array(draw.permutation(JOIN_ROWS).astype(np.int64)),
        "group_id": pa.array(draw.integers(0, 1000, JOIN_ROWS)),
        "note": notes.take(pa.array(ids)),
    }
    for name, columns in {"event": events, "account": accounts}.items():
        pq.write_table(pa.table(columns), target / f"{name}.parquet", compression="zstd")


def elsewhere(work, *given):
    """Does `work` in a process of its own: the peak of a command counts that of the
    process which started it, so this one must stay small."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


def made(folder: Path, make, *given) -> Path:
    """The folder, filled by `make` once."""
    if not (folder / "complete").exists():
        say(f"data for {folder.name}")
        elsewhere(make, *given, fresh(folder))
        (folder / "complete").touch()
    return folder


def rows_in_memory(folder: Path) -> float:
    """Bytes of all rows decoded, in MiB: what would have to fit."""
    import pyarrow.parquet as pq

    total = 0
    for file in folder.rglob("*.parquet"):
        for number in range(pq.read_metadata(file).num_row_groups):
            total += pq.ParquetFile(file).read_row_group(number).nbytes
    return total / 2**20


def measured(
    bench: Bench, name: str, data: Path, pipeline: Path, as_of: dt.date, caps: list[int]
) -> list[Case]:
    work = fresh(bench.work / "memory" / name)
    shutil.copytree(pipeline.parent, work, dirs_exist_ok=True)
    shutil.copytree(data, work / "data", copy_function=link)
    cases = []
    for cap in caps:
        output = fresh(work / "out")
        command = [bench.kenko, "run", work / pipeline.name, "--as-of", as_of, "--output", output]
        command += ["--threads", bench.given.threads, "--memory", f"{cap}MiB"]
        found = measure.run([str(part) for part in command], bench.environment(name))
        cases.append(Case(name, cap, found))
        say(f"{name} within {cap} MiB: {cases[-1].verdict()}, {found.peak_mb:.0f} MiB")
    return cases


def page(setting: dict[str, str], sizes: dict[str, float], cases: list[Case]) -> str:
    lines = ["# Runs that have too little memory", ""]
    lines += [f"- {key}: {value}" for key, value in setting.items() if key not in ("peers", "rounds")]
    lines += [
        "",
        "| data | decoded, MiB | allowed, MiB | resident at most, MiB | seconds | end |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for case in cases:
        lines.append(
            f"| {case.data} | {sizes[case.data]:.0f} | {case.cap} | {case.run.peak_mb:.0f} "
            f"| {case.run.wall:.1f} | {case.verdict()} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument("--data", nargs="*", default=["company", "skewed", "join", "large"])
    chosen, sys.argv[1:] = which.parse_known_args()
    given = arguments()
    bench = Bench(given)
    bench.prepare()
    # The rest needs the libraries of the virtual environment.
    library = next((bench.work / "venv" / "lib").glob("python*/site-packages"))
    sys.path.insert(0, str(library))
    peers = HERE.parent / "peers" / "kenko" / "peers.yaml"
    work = []
    if "company" in chosen.data:
        work.append(("company", bench.company, peers, bench.last, CAPS_MIB))
    if "skewed" in chosen.data:
        skewed = made(bench.work / "skewed", make_skewed, bench.company)
        work.append(("skewed", skewed, peers, bench.last, CAPS_MIB))
    if "join" in chosen.data:
        join = made(bench.work / "join", make_join)
        work.append(("join", join, HERE / "join" / "join.yaml", dt.date(2026, 1, 1), CAPS_MIB))
    if "large" in chosen.data:
        size = {"events": given.events * LARGE, "kenko": bench.kenko}
        large = Bench(argparse.Namespace(**(vars(given) | size)))
        large.prepare()
        work.append(("large", large.company, peers, bench.last, LARGE_CAPS_MIB))
    sizes = {name: elsewhere(rows_in_memory, data) for name, data, *_ in work}
    cases = [case for parts in work for case in measured(bench, *parts)]
    setting = report.setting(given, bench.python, bench.kenko, bench.company, HERE.parent.parent)
    text = page(setting, sizes, cases)
    folder = given.keep / dt.date.today().isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.md").write_text(text)
    print(text)
    if any("BROKEN" in case.verdict() for case in cases):
        sys.exit(1)


if __name__ == "__main__":
    main()
