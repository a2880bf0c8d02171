"""Compares `window_funnel` with ClickHouse's `windowFunnel`, unit by unit, and times both.

    python3 benches/funnel/run.py [--events 1000000] [--units 20000] [--kenko PATH]

Makes a virtual environment with chDB (ClickHouse in process) from PyPI, lets chDB generate
a log in which steps repeat, coincide and share touches, and asks both for the level of
every unit. It ends with an error where they differ and should not. Needs nothing but Python.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "peers"))

import measure  # noqa: E402

# ClickHouse's names of the modes. In the first two the levels are the same whatever happens
# at one instant; where a touch serves one step, ClickHouse has no order of touches at one
# instant and kenko goes by their ids, so units with such touches are only counted.
SAME = {"ordered": "", "strict_increase": "'strict_increase'"}
SAME_WITHOUT_TIES = {
    "strict_once": "'strict_once'",
    "strict_once+strict_increase": "'strict_once', 'strict_increase'",
}
# kenko tries every start; ClickHouse walks the touches once, so that a disturbed attempt
# hides a later one: kenko's level is never lower.
NOT_LOWER = {
    "strict_order": "'strict_order'",
    "strict_deduplication": "'strict_deduplication'",
}
MODES = SAME | SAME_WITHOUT_TIES | NOT_LOWER

LAST_DAY = "2026-03-31"

# Ninety days in quarters of an hour; three kinds of step 1 to one of step 5, one kind for
# two steps, one for none. Ids order the touches of one instant by their step.
LOG = """
    select
        concat(toString(lowest), '-', leftPad(toString(number), 10, '0')) as touch_id,
        toInt64(cityHash64(number, 'unit') % {units}) as unit,
        addSeconds(
            toDateTime64('2026-01-01 00:00:00', 6, 'UTC'),
            900 * (cityHash64(number, 'time') % 8640)
        ) as occurred_at,
        step_mask
    from (
        select
            number,
            [1, 1, 1, 2, 2, 4, 8, 16, 0, 6][1 + cityHash64(number, 'kind') % 10] as mask,
            toInt64(mask) as step_mask,
            if(mask = 0, 0, 1 + bitCount(bitAnd(bitNot(toUInt32(mask)), toUInt32(mask) - 1)))
                as lowest
        from numbers({events})
    )"""

LEVELS = """
    select '{mode}' as mode, unit,
        windowFunnel(864000000000{names})(
            toUInt64(toUnixTimestamp64Micro(occurred_at)), {steps}
        )::Int64 as level
    from file('{log}', Parquet) group by unit"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--kenko", type=Path, help="a build; `cargo build --release` if none")
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "funnel")
    return parser.parse_args()


def with_chdb(given: argparse.Namespace) -> None:
    """Goes on in a virtual environment that has chDB."""
    wanted = (HERE / "requirements.txt").read_bytes()
    folder = given.work.resolve() / "venv"
    mark = folder / hashlib.sha256(wanted).hexdigest()
    python = folder / "bin" / "python"
    if not mark.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"]
        subprocess.run(install, check=True)
        mark.touch()
    if Path(sys.prefix).resolve() != folder:
        os.execv(python, [str(python), __file__, *sys.argv[1:]])


def kenko_build(given: argparse.Namespace) -> Path:
    if given.kenko is not None:
        return given.kenko.resolve()
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return (target / "release" / "kenko").resolve()


def generate(session, folder: Path, given: argparse.Namespace) -> None:
    folder.mkdir(parents=True)
    log = LOG.format(units=given.units, events=given.events)
    accounts = "select 'a' as account_id, toDate32('2025-01-01') as created_on"
    for name, query in [("event", log), ("account", accounts)]:
        # The instants of a Parquet file need their zone, which chDB writes for UTC.
        target = f"insert into function file('{folder}/{name}.parquet', Parquet) {query}"
        session.query(target)


def levels(log: Path) -> str:
    steps = ", ".join(f"bitAnd(step_mask, {1 << bit}) != 0" for bit in range(5))
    queries = (
        LEVELS.format(mode=mode, names=f", {names}" * bool(names), steps=steps, log=log)
        for mode, names in MODES.items()
    )
    return " union all ".join(queries)


def compared(session, log: Path, theirs: Path, ours: Path) -> list[list[str]]:
    """Per mode: units, those that differ, of these without ties, those where ours is lower."""
    answer = session.query(
        f"""
        with tied as (
            select distinct unit from (
                select unit, occurred_at from file('{log}', Parquet)
                where step_mask != 0 group by unit, occurred_at having count() > 1
            )
        )
        select mode, count(), countIf(level != theirs.level),
            countIf(level != theirs.level and unit not in tied), countIf(level < theirs.level),
            countIf(level = 0 and theirs.level is null)
        from file('{ours}', Parquet) as ours
        full outer join file('{theirs}', Parquet) as theirs using (mode, unit)
        group by mode order by mode""",
        "TSV",
    )
    return [line.split("\t") for line in str(answer).splitlines()]


def main() -> None:
    given = arguments()
    with_chdb(given)
    from chdb import session as chdb

    kenko = kenko_build(given)
    folder = given.work.resolve() / "kenko"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "kenko", folder)
    session = chdb.Session()
    generate(session, folder / "data", given)
    log, theirs = folder / "data" / "event.parquet", folder / "theirs.parquet"
    code = f"""from chdb import session
session.Session().query(\"\"\"insert into function file('{theirs}', Parquet) {levels(log)}\"\"\")"""
    machine = ["--as-of", LAST_DAY, "--output", str(folder / "out")]
    systems = {
        "chdb": [sys.executable, "-c", code],
        "kenko": [str(kenko), "run", str(folder / "funnel.yaml"), *machine],
    }
    for system, command in systems.items():
        run = measure.run(command, dict(os.environ))
        if run.code != 0:
            sys.exit(f"{system} ended with {run.code}:\n{run.errors}")
        print(f"{system}: {run.wall:.2f} s, {run.cpu:.2f} processor s, {run.peak_mb:.0f} MB")
    wrong = []
    rows = compared(session, log, theirs, folder / "out" / "latest" / "funnel_level.parquet")
    print(f"{'mode':30} {'units':>7} {'differ':>7} {'without ties':>13} {'lower':>6}")
    for mode, units, differ, without_ties, lower, _ in rows:
        print(f"{mode:30} {units:>7} {differ:>7} {without_ties:>13} {lower:>6}")
        is_wrong = {
            mode in SAME: differ != "0",
            mode in SAME_WITHOUT_TIES: without_ties != "0",
            mode in NOT_LOWER: lower != "0",
        }[True]
        if is_wrong:
            wrong.append(mode)
    if len(rows) != len(MODES) or wrong:
        sys.exit(f"differences that should not be: {', '.join(wrong) or 'a mode is missing'}")


if __name__ == "__main__":
    main()
