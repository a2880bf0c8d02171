"""The churn learner beside LightGBM on the same numbers: quality, and a ratio of times.

    python3 benches/churn/run.py [--learner PATH] [--rows 50000] [--scored 1000000]

Makes a B2B world of thirty features (some missing, three of them categories as numbers),
whose true probability is known, and lets both learn from the same rows with the same
settings: rate 0.05, depth 4, early stopping on the same 15 %. Without --learner it builds
`cargo bench --bench churn` first. Both get two threads and run one after the other.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
FEATURES = 30


def environment(folder):
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        requirements = HERE / "requirements.txt"
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    return python


def world(rows, seed):
    import numpy as np

    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, FEATURES))
    x[:, 0] = np.round(draw.exponential(20, rows))
    x[:, 1] = draw.integers(0, 365, rows)
    x[:, 2] = draw.integers(0, 21, rows)
    x[:, 3] = draw.poisson(1.2, rows)
    x[:, 4] = np.round(np.clip(7.5 + 2 * draw.normal(size=rows), 0, 10))
    x[:, 5] = np.where(draw.random(rows) < 0.12, draw.integers(1, 90, rows), 0)
    for column, many in ((6, 12), (7, 5), (8, 3)):
        x[:, column] = draw.integers(0, many, rows)
    for column, share in ((4, 0.45), (9, 0.3), (10, 0.3)):
        x[draw.random(rows) < share, column] = np.nan
    by_industry = np.random.default_rng(7).normal(0, 0.4, 12)
    eta = -3.4 + 0.03 * np.minimum(x[:, 0], 60) + 1.0 * (x[:, 1] < 90) * (x[:, 2] < 8)
    eta += -0.05 * x[:, 2] + 0.6 * (x[:, 3] >= 3) + 0.9 * (x[:, 5] > 30)
    eta += np.where(np.isnan(x[:, 4]), 0.3, 0.15 * (7 - np.nan_to_num(x[:, 4])))
    eta += by_industry[x[:, 6].astype(int)] + 0.3 * np.nan_to_num(x[:, 9]) * (x[:, 8] == 0)
    eta += 0.25 * x[:, 11] + 0.2 * x[:, 12] * x[:, 13] - 0.2 * np.abs(x[:, 14])
    truth = 1 - np.exp(-np.exp(eta))
    return x, truth, (draw.random(rows) < truth).astype("uint8")


def auc(scores, labels):
    import numpy as np

    values, places = np.unique(scores, return_inverse=True)
    counts = np.bincount(places)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    happened = labels == 1
    few = int(happened.sum())
    return (ranks[happened].sum() - few * (few + 1) / 2) / (few * (len(labels) - few))


def loss(scores, labels):
    import numpy as np

    kept = np.clip(scores, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(labels == 1, np.log(kept), np.log1p(-kept))))


def lightgbm_side(kept, watched, test):
    import lightgbm

    settings = {
        "objective": "binary", "learning_rate": 0.05, "max_depth": 4, "num_leaves": 15,
        "lambda_l2": 5.0, "min_sum_hessian_in_leaf": 5.0, "min_data_in_leaf": 1,
        "feature_fraction": 0.8, "num_threads": 2, "verbosity": -1, "seed": 1,
    }
    begun = time.perf_counter()
    data = lightgbm.Dataset(kept[0], kept[1])
    aside = lightgbm.Dataset(watched[0], watched[1], reference=data)
    stop = lightgbm.early_stopping(50, verbose=False)
    booster = lightgbm.train(settings, data, 2000, valid_sets=[aside], callbacks=[stop])
    fitted = time.perf_counter()
    scores = booster.predict(test[0], num_threads=2)
    scored = time.perf_counter()
    few = test[0][:2000]
    booster.predict(few, pred_contrib=True, num_threads=2)
    explained = (time.perf_counter() - scored) / len(few) * len(test[0])
    return scores, {
        "trees": booster.best_iteration, "fit": fitted - begun, "score": scored - fitted,
        "parts": explained,
    }


def kenko_side(learner, folder, kept, watched, test):
    import numpy as np

    for name, (x, _, labels) in (("kept", kept), ("watched", watched), ("test", test)):
        np.ascontiguousarray(x, dtype="<f8").tofile(folder / name)
        labels.tofile(folder / f"{name}_labels")
    (folder / "columns").write_text(str(FEATURES))
    said = subprocess.run([*learner, "fit", folder], check=True, capture_output=True, text=True)
    words = said.stdout.split()
    figures = dict(zip(words[::2], map(float, words[1::2])))
    return np.fromfile(folder / "kenko_scores", dtype="<f8"), figures


def compare(options):
    import os

    os.environ["RAYON_NUM_THREADS"] = "2"
    learner = [options.learner] if options.learner else ["cargo", "bench", "-q", "--bench", "churn", "--"]
    x, truth, labels = world(options.rows, 1)
    cut = options.rows * 85 // 100
    kept = (x[:cut], truth[:cut], labels[:cut])
    watched = (x[cut:], truth[cut:], labels[cut:])
    test = world(options.scored, 2)
    theirs, peer = lightgbm_side((kept[0], kept[2]), (watched[0], watched[2]), test)
    with tempfile.TemporaryDirectory() as folder:
        ours, own = kenko_side(learner, pathlib.Path(folder), kept, watched, test)
    print(f"{options.rows} rows to learn from, {options.scored} to score, {FEATURES} features")
    print(f"truth    auc {auc(test[1], test[2]):.4f} loss {loss(test[1], test[2]):.5f}")
    for name, scores, times in (("LightGBM", theirs, peer), ("kenko", ours, own)):
        print(
            f"{name:8} auc {auc(scores, test[2]):.4f} loss {loss(scores, test[2]):.5f} "
            f"trees {times['trees']:.0f} fit {times['fit']:.2f} s score {times['score']:.2f} s "
            f"score with contributions {times['parts']:.1f} s"
        )
    ratios = {key: round(own[key] / peer[key], 3) for key in ("fit", "score", "parts")}
    print("kenko / LightGBM:", json.dumps(ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learner", help="the built benchmark binary")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--scored", type=int, default=1_000_000)
    parser.add_argument("--environment", default=str(HERE / ".venv"))
    options = parser.parse_args()
    try:
        import lightgbm  # noqa: F401
    except ImportError:
        python = environment(pathlib.Path(options.environment))
        sys.exit(subprocess.run([python, __file__, *sys.argv[1:]]).returncode)
    compare(options)


if __name__ == "__main__":
    main()
