"""The job for Polars, each answer in the fastest form that was found for it.

    polars_job.py DATA OUT AS_OF [floor]

What makes the forms fast: the streaming engine; aggregating by person first; features from
the days of accounts rather than from events, and for people from one bit mask over all
windows; a join with a table of names instead of work on texts; as-of joins over the rows of
funnel steps alone; for chains, a stable sort by account of rows that come in order of time.
"""

import datetime as dt
import os
import sys

from stopwatch import Stopwatch, threads

os.environ["POLARS_MAX_THREADS"] = str(threads())

import polars as pl  # noqa: E402  (reads the variable when imported)

import job  # noqa: E402

NAMES = list(job.KINDS) + job.FEATURES
col = pl.col

BITS = pl.LazyFrame(
    {
        "name": NAMES,
        "bit": [1 << int(name[-2:]) if name in job.FEATURES else 0 for name in NAMES],
    },
    schema={"name": pl.String, "bit": pl.Int64},
)


class Job:
    def __init__(self, data: str, out: str, as_of: dt.date):
        self.data, self.out, self.as_of = data, out, as_of
        self.days: pl.DataFrame | None = None
        self.of_cutoffs: pl.DataFrame | None = None
        self.chains: pl.DataFrame | None = None

    def events(self) -> pl.LazyFrame:
        found = pl.scan_parquet(
            f"{self.data}/event/*/*.parquet", hive_partitioning=True, hive_schema={"day": pl.Date}
        )
        return found.filter(col("day") <= self.as_of)

    def table(self, name: str) -> pl.LazyFrame:
        return pl.scan_parquet(f"{self.data}/{name}.parquet")

    def floor(self) -> pl.LazyFrame:
        return self.events().select(
            col("account_id").sum(),
            col("contact_id").sum(),
            col("occurred_at").max(),
            col("name").str.len_bytes().cast(pl.Int64).sum(),
            col("channel").str.len_bytes().cast(pl.Int64).sum(),
            col("seconds").sum(),
        )

    def account_days(self) -> pl.DataFrame:
        """Kept in memory: the answer, and what features are made of."""
        if self.days is None:
            by_channel = [f"ch_{name}" for name in job.CHANNELS]
            self.days = (
                self.events()
                .join(BITS, on="name")
                .group_by("account_id", "day", "contact_id")
                .agg(
                    pl.len().cast(pl.Int64).alias("events"),
                    (col("name") == "login").sum().cast(pl.Int64).alias("logins"),
                    col("bit").bitwise_or(),
                    col("seconds").sum(),
                    *[
                        (col("channel") == name).sum().cast(pl.Int64).alias(f"ch_{name}")
                        for name in job.CHANNELS
                    ],
                )
                .group_by("account_id", "day")
                .agg(
                    pl.len().cast(pl.Int64).alias("contacts"),
                    col("bit").bitwise_or(),
                    *[col(name).sum() for name in ["events", "logins", "seconds", *by_channel]],
                )
                .collect(engine="streaming")
            )
        return self.days

    def account_day(self) -> pl.LazyFrame:
        features = col("bit").bitwise_count_ones().cast(pl.Int64).alias("features")
        return self.account_days().lazy().with_columns(features).drop("bit", "logins")

    def people(self) -> pl.LazyFrame:
        """People of each account active in 7, 30 and 90 days, from one look at their days."""
        windows = job.day_windows(self.as_of)
        of_day = pl.LazyFrame(
            {"day": list(windows), "windows": list(windows.values())},
            schema={"day": pl.Date, "windows": pl.Int64},
        )
        ends = job.cutoffs(self.as_of)
        counted = (
            self.events()
            .select("account_id", "contact_id", "day")
            .join(of_day, on="day")
            .group_by("account_id", "contact_id")
            .agg(col("windows").bitwise_or())
            .group_by("account_id")
            .agg(
                ((col("windows") & (1 << place)) != 0).sum().cast(pl.Int64).alias(str(place))
                for place in range(3 * len(ends))
            )
            .collect(engine="streaming")
            .lazy()
        )
        names = ["contacts_7", "contacts_30", "contacts_90"]
        return pl.concat(
            counted.select(
                pl.lit(end).alias("cutoff"),
                "account_id",
                *[col(str(3 * number + place)).alias(name) for place, name in enumerate(names)],
            )
            for number, end in enumerate(ends)
        )

    def features(self) -> pl.LazyFrame:
        """Of every cutoff; kept in memory for two answers."""
        if self.of_cutoffs is None:
            looking_back = pl.LazyFrame(
                job.lookback(self.as_of),
                schema={"cutoff": pl.Date, "day": pl.Date, "age": pl.Int64},
                orient="row",
            )
            is_new = col("age") <= 30
            none = pl.lit(0, dtype=pl.Int64)
            total = (
                self.account_days()
                .lazy()
                .select("account_id", "day", "events", "logins", "seconds", "bit")
                .join(looking_back, on="day")
                .with_columns(pl.when(is_new).then("bit").otherwise(none).alias("bits_30"))
                .group_by("cutoff", "account_id")
                .agg(
                    col("events").filter(col("age") <= 7).sum().alias("events_7"),
                    col("events").filter(is_new).sum().alias("events_30"),
                    col("events").sum().alias("events_90"),
                    col("events").filter(col("age").is_between(31, 60)).sum().alias("events_31_60"),
                    col("bits_30").bitwise_or(),
                    col("bit").bitwise_or(),
                    col("logins").filter(is_new).sum().alias("logins_30"),
                    col("seconds").filter(is_new).sum().alias("seconds_30"),
                    is_new.sum().cast(pl.Int64).alias("days_30"),
                    col("age").min().alias("days_since"),
                )
                .with_columns(
                    col("bits_30").bitwise_count_ones().cast(pl.Int64).alias("features_30"),
                    col("bit").bitwise_count_ones().cast(pl.Int64).alias("features_90"),
                )
                .drop("bits_30", "bit")
            )
            found = total.join(self.people(), on=["cutoff", "account_id"])
            self.of_cutoffs = found.collect(engine="streaming")
        return self.of_cutoffs.lazy()

    def feature(self) -> pl.LazyFrame:
        return self.features().filter(col("cutoff") == self.as_of).drop("cutoff")

    def feature_month_end(self) -> pl.LazyFrame:
        ends = job.month_ends(self.as_of)
        return self.features().filter(col("cutoff").is_in(ends)).rename({"cutoff": "month_end"})

    def funnel(self, unit: str) -> pl.LazyFrame:
        """Chains step by step; `start` is the latest start of a chain that comes so far."""
        numbers = {name: number for number, name in enumerate(job.STEPS, 1)}
        touch = (
            self.events()
            .filter(col("name").is_in(job.STEPS))
            .select(
                col(unit).alias("unit"),
                col("occurred_at").cast(pl.Int64).alias("us"),
                col("name").replace_strict(numbers, return_dtype=pl.Int8).alias("step"),
            )
            .collect(engine="streaming")
        )
        entry = touch.filter(col("step") == 1).select("unit", "us").sort("us")
        entry = entry.with_columns(col("us").alias("start"))
        later = touch.filter(col("step") > 1).sort("us")
        chain = later.join_asof(
            entry, on="us", by="unit", strategy="backward", allow_exact_matches=False
        ).sort("unit", "us")
        reached = [entry.select("unit").unique()]
        is_in_time = col("us") - col("start") <= job.WINDOW_US
        for number in range(2, len(job.STEPS)):
            is_step = (col("step") == number) & is_in_time
            reached.append(chain.filter(is_step).select("unit").unique())
            carried = pl.when(is_step).then("start").cum_max().forward_fill().over("unit")
            chain = chain.with_columns(carried.alias("start")).filter(col("step") > number)
        converted = chain.filter(is_in_time).group_by("unit").agg(col("us").min().alias("at"))
        took = (
            entry.select("unit", "us")
            .join(converted, on="unit")
            .filter(col("us").is_between(col("at") - job.WINDOW_US, col("at")))
            .group_by("unit")
            .agg((col("at").first() - col("us").min()).alias("took"))
        )
        who = self.table("account").select("account_id", "segment")
        if unit == "contact_id":
            who = self.table("contact").join(who, on="account_id")
        for number, units in enumerate(reached, 1):
            units = units.lazy().with_columns(pl.lit(1).alias(f"step_{number}"))
            who = who.join(units, left_on=unit, right_on="unit", how="left")
        who = who.join(took.lazy(), left_on=unit, right_on="unit", how="left")
        last = len(job.STEPS)
        return who.group_by("segment").agg(
            pl.len().cast(pl.Int64).alias("units"),
            *[col(f"step_{number}").count().cast(pl.Int64) for number in range(1, last)],
            col("took").count().cast(pl.Int64).alias(f"step_{last}"),
            (col("took") / 1e6).median().alias("median_seconds"),
        )

    def account_funnel(self) -> pl.LazyFrame:
        return self.funnel("account_id")

    def contact_funnel(self) -> pl.LazyFrame:
        return self.funnel("contact_id")

    def measures(self) -> pl.LazyFrame:
        midnight = dt.datetime.combine(self.as_of, dt.time(), dt.timezone.utc)
        end = midnight + dt.timedelta(1)
        of_90, of_180 = end - dt.timedelta(90), end - dt.timedelta(180)
        is_closed = (col("closed_at") < end).fill_null(False)
        is_closed_new = is_closed & (col("opened_at") >= of_90)
        took = (col("closed_at") - col("opened_at")).dt.total_microseconds()
        csat = col("csat").filter(is_closed & (col("opened_at") >= of_180))
        month, earlier = job.months_before(self.as_of, 0), job.months_before(self.as_of, 3)
        is_nps = col("metric") == "nps"
        is_open = ~col("stage").is_in(["won", "lost"])
        parts = [
            self.table("contact").group_by("account_id").agg(pl.len().alias("people")),
            pl.scan_parquet(f"{self.out}/feature.parquet"),
            self.table("ticket")
            .filter(col("opened_at") < end)
            .group_by("account_id")
            .agg(
                ((col("opened_at") >= of_90) & (col("severity") <= 2)).sum().alias("severe_tickets"),
                (~is_closed).sum().alias("open_tickets"),
                took.filter(is_closed_new).sum().alias("took"),
                is_closed_new.sum().alias("closed"),
                csat.sum().alias("csat_sum"),
                csat.count().alias("csat_count"),
            ),
            self.table("survey")
            .filter(col("responded_at") >= of_180, col("responded_at") < end)
            .group_by("account_id")
            .agg(
                pl.len().alias("responses"),
                col("score").filter(is_nps).sum().alias("nps_sum"),
                is_nps.sum().alias("nps_count"),
            ),
            self.table("subscription")
            .filter(col("month") <= self.as_of)
            .group_by("account_id")
            .agg(
                col("mrr_cents").filter(col("month") == month).max(),
                col("mrr_cents").filter(col("month") == earlier).max().alias("mrr_before"),
                col("ends_on").max(),
            ),
            self.table("opportunity")
            .filter(col("created_on") <= self.as_of)
            .group_by("account_id")
            .agg(
                col("amount_cents").filter(is_open).sum().alias("pipeline_cents"),
                (col("stage") == "won").sum().alias("won"),
            ),
        ]
        joined = self.table("account")
        for part in parts:
            joined = joined.join(part, on="account_id", how="left")
        counted = [
            "events_30",
            "features_30",
            "severe_tickets",
            "open_tickets",
            "responses",
            "pipeline_cents",
            "won",
        ]

        def rate(total: str, count: str, missing: float) -> pl.Expr:
            is_known = col(count).fill_null(0) > 0
            return pl.when(is_known).then(col(total) / col(count)).otherwise(missing)

        is_compared = (col("mrr_before") > 0) & col("mrr_cents").is_not_null()
        return joined.with_columns(
            rate("events_30", "events_31_60", 1.0).alias("trend"),
            (col("contacts_30").fill_null(0) / col("people")).alias("coverage"),
            col("days_since").fill_null(91),
            pl.when(col("closed") > 0)
            .then(col("took") / (3.6e9 * col("closed")))
            .otherwise(24.0)
            .alias("hours_to_close"),
            rate("csat_sum", "csat_count", 3.0).alias("csat"),
            rate("nps_sum", "nps_count", 7.0).alias("nps"),
            pl.when(is_compared)
            .then(col("mrr_cents") / col("mrr_before"))
            .otherwise(1.0)
            .alias("growth"),
            *[col(name).fill_null(0).cast(pl.Int64) for name in counted],
        )

    def health(self) -> pl.LazyFrame:
        def ranked(part: str) -> pl.Expr:
            value = -col(part[1:]) if part.startswith("-") else col(part)
            return (value.rank("min").cast(pl.Int64) - 1).over("segment")

        points = sum(weight * ranked(part) for part, weight in job.WEIGHTS.items())
        soon = self.as_of + dt.timedelta(91)
        score = col("score")
        return (
            self.measures()
            .with_columns((points / (pl.len().over("segment") - 1)).alias("score"))
            .select(
                *["account_id", "segment", "industry", "region", "mrr_cents", "ends_on"],
                *["events_30", "trend", "coverage", "features_30", "days_since"],
                *["severe_tickets", "open_tickets", "hours_to_close", "csat", "nps", "responses"],
                *["growth", "pipeline_cents", "won", "score"],
                pl.when(score >= job.GREEN)
                .then(pl.lit("green"))
                .when(score >= job.YELLOW)
                .then(pl.lit("yellow"))
                .otherwise(pl.lit("red"))
                .alias("tier"),
                ((score < job.YELLOW) & (col("ends_on") < soon).fill_null(False)).alias("is_at_risk"),
            )
        )

    def chain(self) -> pl.LazyFrame:
        """Every touch with the two that follow it, counted; kept for both answers."""
        if self.chains is None:
            numbers = {name: number for number, name in enumerate(job.TOUCHES)}
            touch = (
                self.events()
                .filter(col("name").is_in(job.TOUCHES))
                .select(
                    "account_id",
                    col("occurred_at").cast(pl.Int64).alias("us"),
                    col("name").replace_strict(numbers, return_dtype=pl.UInt8).alias("first"),
                )
                .sort("account_id", maintain_order=True)
            )
            follows = col("account_id").shift(-1) == col("account_id")
            follows_two = col("account_id").shift(-2) == col("account_id")
            self.chains = (
                touch.with_columns(
                    pl.when(follows).then(col("first").shift(-1)).alias("second"),
                    pl.when(follows_two).then(col("first").shift(-2)).alias("third"),
                    (col("us").shift(-1) - col("us")).alias("gap"),
                )
                .filter(col("second").is_not_null())
                .join(self.table("account").select("account_id", "segment"), on="account_id")
                .group_by("segment", "first", "second", "third")
                .agg(pl.len().cast(pl.Int64).alias("times"), col("gap").sum())
                .collect()
            )
        return self.chains.lazy()

    def transition(self) -> pl.LazyFrame:
        return (
            self.chain()
            .group_by("segment", "first", "second")
            .agg(col("times").sum(), col("gap").sum())
            .select(
                "segment",
                named("first"),
                named("second"),
                "times",
                (col("gap") / (1e6 * col("times"))).alias("mean_seconds"),
            )
        )

    def path(self) -> pl.LazyFrame:
        columns = ["first", "second", "third"]
        return (
            self.chain()
            .filter(col("third").is_not_null())
            .group_by(columns)
            .agg(col("times").sum())
            .with_columns(*[named(name) for name in columns])
            .sort(["times", *columns], descending=[True, False, False, False])
            .head(job.PATHS)
        )


def named(column: str) -> pl.Expr:
    return col(column).replace_strict(dict(enumerate(job.TOUCHES)), return_dtype=pl.String)


def main() -> None:
    data, out, as_of = sys.argv[1], sys.argv[2], dt.date.fromisoformat(sys.argv[3])
    watch = Stopwatch()
    work = Job(data, out, as_of)
    if sys.argv[4:] == ["floor"]:
        work.floor().collect(engine="streaming")
        return watch.lap("floor")
    for answer in job.ANSWERS:
        found = getattr(work, answer)()
        found.sink_parquet(f"{out}/{answer}.parquet", compression="zstd", engine="streaming")
        watch.lap(answer)


if __name__ == "__main__":
    main()
