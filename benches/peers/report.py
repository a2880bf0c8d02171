"""Measured runs as a page and as JSON: medians, ratios, and whether the aims are reached."""

import argparse
import json
import os
import platform
import subprocess
from dataclasses import asdict
from pathlib import Path
from statistics import median

import job
from measure import Run

PEERS = ["duckdb", "polars", "chdb", "dbt"]


def setting(
    given: argparse.Namespace, python: Path, kenko: Path, company: Path, root: Path
) -> dict[str, str]:
    """What was run on what."""

    def said(*command) -> str:
        found = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        return found.stdout.strip()

    frozen = dict(
        line.split("==") for line in said(python, "-m", "pip", "freeze").splitlines() if "==" in line
    )
    versions = ["duckdb", "polars", "chdb", "dbt-core", "dbt-duckdb"]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    size = sum(file.stat().st_size for file in company.rglob("*.parquet"))
    described = {
        "processor": f"{processor()}, {os.cpu_count()} cores, {given.threads} threads each",
        "memory": f"{memory / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "company": f"{given.events:,} events of {given.accounts:,} accounts in {given.days} daily "
        f"files, {size / 1e6:.0f} MB in all",
        "rounds": str(given.repeats),
        "kenko": f"{said(kenko, '--version')}, {said('git', '-C', root, 'rev-parse', '--short', 'HEAD')}",
        "peers": ", ".join(f"{name} {frozen.get(name)}" for name in versions)
        + f"; Python {platform.python_version()}",
    }
    if given.note:
        described["note"] = given.note
    return described


def processor() -> str:
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def middle(runs: list[Run], what: str) -> float:
    return median(getattr(run, what) for run in runs)


def aims(runs: dict[str, list[Run]]) -> list[tuple[str, float, float]]:
    """What is to be reached: in words, the ratio found, the most it may be."""
    peers = [name for name in PEERS if name in runs]
    best = min(middle(runs[name], "wall") for name in peers)
    found = [
        ("full job, to the best peer's", middle(runs["kenko full"], "wall") / best, 1 / 2),
        ("a night, to the best peer's full job", middle(runs["kenko night"], "wall") / best, 1 / 20),
    ]
    if "duckdb" in runs:
        ratio = middle(runs["kenko full"], "peak_mb") / middle(runs["duckdb"], "peak_mb")
        found.append(("peak memory of the full job, to DuckDB's", ratio, 1.0))
    if "chdb levels" in runs:
        ratio = middle(runs["kenko levels"], "wall") / middle(runs["chdb levels"], "wall")
        found.append(("window_funnel, to ClickHouse's", ratio, 1.0))
    return found


def page(name: str, described: dict[str, str], runs: dict[str, list[Run]]) -> str:
    floors = [middle(found, "wall") for system, found in runs.items() if "floor" in system]
    floor = min(floors) if floors else float("nan")
    best = min(middle(runs[peer], "wall") for peer in PEERS if peer in runs)
    lines = [f"# The job beside its peers, {name}", ""]
    lines += [f"- {key}: {value}" for key, value in described.items()]
    lines += [
        "- All answers were the same before anything was measured.",
        "- Whole processes, files in the page cache, one system after the other in each round.",
        "",
        "| | seconds (median, least to most) | processor seconds | peak MB | to the best peer "
        "| to the floor | used by others |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for system, found in runs.items():
        walls = [run.wall for run in found]
        lines.append(
            f"| {system} | {median(walls):.2f} ({min(walls):.2f} to {max(walls):.2f}) "
            f"| {middle(found, 'cpu'):.2f} | {middle(found, 'peak_mb'):.0f} "
            f"| {median(walls) / best:.3f} | {median(walls) / floor:.1f} "
            f"| {middle(found, 'others') / sum(walls) * len(walls) / os.cpu_count():.0%} |"
        )
    lines += [
        "",
        "The floor is the least time in which a peer decodes the columns that are needed.",
        "",
        "| to be reached | found | at most | |",
        "|---|---:|---:|---|",
    ]
    for what, ratio, most in aims(runs):
        verdict = "reached" if ratio <= most else "missed"
        lines.append(f"| {what} | {ratio:.3f} | {most:.3f} | {verdict} |")
    with_laps = [system for system in PEERS if system in runs and runs[system][0].laps]
    lines += ["", "Median seconds of each answer:", ""]
    lines += [f"| | {' | '.join(job.ANSWERS)} |", "|---" + "|---:" * len(job.ANSWERS) + "|"]
    for system in with_laps:
        laps = [median(run.laps[answer] for run in runs[system]) for answer in job.ANSWERS]
        lines.append(f"| {system} | {' | '.join(f'{lap:.2f}' for lap in laps)} |")
    return "\n".join(lines) + "\n"


def write(folder: Path, name: str, described: dict[str, str], runs: dict[str, list[Run]]) -> str:
    """Keeps `NAME.md` and `NAME.json` in `folder`; gives the page."""
    folder.mkdir(parents=True, exist_ok=True)
    text = page(name, described, runs)
    (folder / f"{name}.md").write_text(text)
    plain = {
        system: [{**asdict(run), "errors": ""} for run in found] for system, found in runs.items()
    }
    kept = {"setting": described, "runs": plain}
    (folder / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
    return text
