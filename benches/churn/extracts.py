"""The churn model learned from extracts, in a simulated company whose truth is known.

    python3 benches/churn/extracts.py --world chance --seeds 10
    python3 benches/churn/extracts.py --world observable --accounts 20000 --days 1096

For each seed: `kenko sample`, the shipped pipeline on it, `kenko train`. Said is what the
card says, and how well the true probability ranks the rows that the card was judged by:
accounts of which the truth is known at the newest four quarters of month-ends. Nothing is
handed over but extracts, so the SQL is measured with the learner.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import run  # noqa: E402

QUARTERS, MONTHS_OF_QUARTER = 4, 3
HORIZON_DAYS = 90
UNTIL = "2026-06-30"


def simulated(kenko, folder, options, seed):
    subprocess.run([kenko, "init", folder], check=True, capture_output=True)
    order = [
        kenko, "sample", "--world", options.world, "--accounts", str(options.accounts),
        "--days", str(options.days), "--events", str(options.events or options.accounts * 150),
        "--truth-every", "1", "--seed", str(seed), "--until", UNTIL, "--to", folder / "testdata",
    ]
    subprocess.run(order, check=True, capture_output=True)
    file = folder / "pipelines" / "nightly.yaml"
    # Month-ends before the first event would be learned from as if nobody used anything.
    months = (options.days - HORIZON_DAYS) // 31
    text, found = re.subn(
        r"(?ms)(^churn_model:$.*?^  months: )\d+$", rf"\g<1>{months}", file.read_text(), count=1
    )
    assert found == 1, "the pipeline says of how many months a model learns"
    file.write_text(text)
    return file


def card_of(folder):
    log = sorted((folder / "out/_kenko/models/nightly/log").iterdir())
    decision = json.loads(log[-1].read_text())
    file = folder / f"out/_kenko/models/nightly/{decision['newest']}.json"
    model = json.loads(file.read_text())
    lines = {
        (line["metric"], line["dimension"], line["dimension_value"]): line
        for line in model["card"]["lines"]
    }
    return model, lines, decision


def judged_rows(folder):
    """True probability, what happened, and the scorecard, of the rows that were forecast."""
    import duckdb

    taken = json.loads((folder / "out/_kenko/cutoffs/training.json").read_text())["results"]
    files = {
        model: [str(folder / "out" / path) for path in taken if f"/{model}/" in path]
        for model in ("int_churn_example", "int_paid_run")
    }
    return duckdb.execute(
        """
        with example as (
            select
                as_of, account_id, scorecard_log_odds,
                dense_rank() over (order by as_of desc) as age
            from read_parquet($examples)
            where as_of <= cast($until as date) - $horizon
        )
        select
            truth.churn_probability_90d,
            coalesce(paid.ended_on <= example.as_of + $horizon, false) as is_lost,
            example.scorecard_log_odds
        from example
        join read_parquet($paid) as paid
            on example.account_id = paid.account_id
            and paid.started_on <= example.as_of
            and (paid.ended_on is null or paid.ended_on > example.as_of)
        left join read_parquet($truth) as truth
            on example.account_id = truth.account_id
            and example.as_of = truth.day
        where example.age <= $forecast
        order by example.as_of, example.account_id
        """,
        {
            "examples": files["int_churn_example"], "paid": files["int_paid_run"],
            "truth": str(folder / "testdata/truth/account_day.parquet"), "until": UNTIL,
            "horizon": HORIZON_DAYS, "forecast": QUARTERS * MONTHS_OF_QUARTER,
        },
    ).fetchnumpy()


def one(kenko, folder, options, seed):
    file = simulated(kenko, folder, options, seed)
    said = subprocess.run(
        [kenko, "train", file, "--as-of", UNTIL, "--memory", options.memory],
        capture_output=True, text=True,
    )
    if said.returncode != 0:
        sys.exit(said.stderr)
    model, card, decision = card_of(folder)

    def figure(metric):
        line = card.get((metric, "all", "all"))
        return line["value"] if line and line["value"] is not None else float("nan")

    answer = f"seed {seed}: {model['kind']}, {model['verdict']}, lost {figure('lost_accounts'):.0f}"
    if model["kind"] != "none":
        rows = judged_rows(folder)
        probability, lost = rows["churn_probability_90d"], rows["is_lost"].astype("uint8")
        n = card[("auc", "all", "all")]["n"]
        answer += f", rows {n}, auc {figure('auc'):.4f}, ece {figure('expected_calibration_error'):.4f}"
        answer += f", log loss {figure('log_loss'):.5f}"
        # In a smaller company a quarter may be too young to be forecast, and there is chance
        # where everybody has one probability.
        if options.world != "chance" and len(lost) == n:
            truth, card_auc = run.auc(probability, lost), figure("auc")
            answer += f"; truth: auc {truth:.4f}, log loss {run.loss(probability, lost):.5f}"
            answer += f"; gap {truth - card_auc:.4f}"
            answer += f"; scorecard: auc {run.auc(rows['scorecard_log_odds'], lost):.4f}"
    print(answer, flush=True)
    print(f"    {decision['note_en']}", flush=True)
    return model["verdict"]


def measure(options):
    verdicts = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        if options.keep:
            folder = pathlib.Path(options.keep) / f"{options.world}-{seed}"
            verdicts.append(one(options.kenko, folder, options, seed))
        else:
            with tempfile.TemporaryDirectory() as folder:
                verdicts.append(one(options.kenko, pathlib.Path(folder), options, seed))
    for verdict in sorted(set(verdicts)):
        print(f"{verdict}: {verdicts.count(verdict)} of {len(verdicts)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kenko", default="target/release/kenko", help="the optimised binary")
    parser.add_argument("--world", choices=("observable", "hidden", "chance"), required=True)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--events", type=int, help="about 150 for each account unless said")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--memory", default="4GiB")
    parser.add_argument("--keep", help="a folder that the companies are left in")
    parser.add_argument("--environment", default=str(HERE / ".venv"))
    options = parser.parse_args()
    try:
        import duckdb  # noqa: F401
        import numpy  # noqa: F401
    except ImportError:
        python = run.environment(pathlib.Path(options.environment))
        sys.exit(subprocess.run([python, __file__, *sys.argv[1:]]).returncode)
    measure(options)


if __name__ == "__main__":
    main()
