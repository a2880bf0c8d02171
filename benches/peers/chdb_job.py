"""The job for chDB, which is ClickHouse in process, each answer in the fastest form found.

    chdb_job.py DATA OUT AS_OF [floor | levels]

What makes the forms fast: windowFunnel for how far units come, and windows only over the
units that convert; features from the days of accounts rather than from events, and for
people from one bit mask over all windows; arrays of an account's touches rather than
windows over them; low-cardinality texts.
"""

import datetime as dt
import os
import sys

from chdb import session

import job
from stopwatch import Stopwatch, threads

BIT = (
    "if(startsWith(name, 'feature'), "
    "bitShiftLeft(toUInt64(1), toUInt8OrZero(substring(name, 9, 2))), 0)"
)
US = "toUnixTimestamp64Micro(occurred_at)"
TABLES = {
    "event": "event_id Int64, occurred_at DateTime64(6, 'UTC'), account_id Int64, "
    "contact_id Int64, name LowCardinality(String), channel LowCardinality(String), "
    "seconds Int64, day Date",
    "account": "account_id Int64, segment String, industry String, region String",
    "contact": "contact_id Int64, account_id Int64",
    "subscription": "account_id Int64, month Date32, mrr_cents Int64, ends_on Date32",
    "opportunity": "account_id Int64, created_on Date32, amount_cents Int64, stage String",
    "ticket": "account_id Int64, opened_at DateTime64(6, 'UTC'), "
    "closed_at Nullable(DateTime64(6, 'UTC')), severity Int64, csat Nullable(Int64)",
    "survey": "account_id Int64, metric String, score Int64, responded_at DateTime64(6, 'UTC')",
    "feature": "account_id Int64, events_30 Int64, events_31_60 Int64, contacts_30 Int64, "
    "features_30 Int64, days_since Int64",
}
SETTINGS = [
    f"max_threads = {threads()}",
    "use_hive_partitioning = 1",
    "output_format_parquet_compression_method = 'zstd'",
    "engine_file_truncate_on_insert = 1",
    "session_timezone = 'UTC'",
    "join_use_nulls = 1",
    "prefer_column_name_to_alias = 1",
]


def quoted(values: list[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


class Job:
    def __init__(self, data: str, out: str, as_of: dt.date):
        self.data, self.out, self.as_of = data, out, as_of
        self.session = session.Session()
        for setting in SETTINGS:
            self.session.query(f"set {setting}")

    def table(self, name: str) -> str:
        path = {
            "event": f"{self.data}/event/*/*.parquet",
            "feature": f"{self.out}/feature.parquet",
        }.get(name, f"{self.data}/{name}.parquet")
        return f"""file('{path}', Parquet, '{TABLES[name].replace("'", "''")}')"""

    def keep(self, name: str, query: str) -> None:
        self.session.query(f"create or replace temporary table {name} as {query}")

    def floor(self) -> str:
        return f"""
            select sum(account_id), sum(contact_id), max(occurred_at), sum(length(name)),
                sum(length(channel)), sum(seconds) from {self.table("event")}"""

    def account_day(self) -> str:
        """Kept in memory: the answer, and what features are made of."""
        counted = ", ".join(
            f"countIf(channel = '{name}')::Int64 as ch_{name}" for name in job.CHANNELS
        )
        self.keep(
            "account_days",
            f"""
            select account_id, day, count()::Int64 as events,
                length(arrayDistinct(groupArray(contact_id)))::Int64 as contacts,
                groupBitOr({BIT}) as bits, sum(seconds) as seconds,
                countIf(name = 'login')::Int64 as logins, {counted}
            from {self.table("event")} where day <= toDate('{self.as_of}')
            group by account_id, day""",
        )
        channels = ", ".join(f"ch_{name}" for name in job.CHANNELS)
        return f"""
            select account_id, day, events, contacts, bitCount(bits)::Int64 as features, seconds,
                {channels}
            from account_days"""

    def people(self) -> str:
        """People of each account active in 7, 30 and 90 days, from one look at their days."""
        windows = job.day_windows(self.as_of)
        days = ", ".join(f"toDate('{day}')" for day in windows)
        bits = ", ".join(f"toUInt64({bits})" for bits in windows.values())
        ends = ", ".join(
            f"(toDate('{cutoff}'), {3 * number})"
            for number, cutoff in enumerate(job.cutoffs(self.as_of))
        )
        return f"""
            select end.1 as cutoff, account_id,
                countIf(bitTest(windows, end.2))::Int64 as contacts_7,
                countIf(bitTest(windows, end.2 + 1))::Int64 as contacts_30,
                countIf(bitTest(windows, end.2 + 2))::Int64 as contacts_90
            from (
                select account_id, contact_id,
                    groupBitOr(transform(day, [{days}], [{bits}], toUInt64(0))) as windows
                from {self.table("event")} where day <= toDate('{self.as_of}')
                group by account_id, contact_id
            ) array join [{ends}] as end group by cutoff, account_id"""

    def features(self) -> str:
        ends = ", ".join(f"toDate('{cutoff}')" for cutoff in job.cutoffs(self.as_of))
        source = f"""
            select cutoff, account_id, events, bits, logins, seconds, toUInt8(cutoff + 1 - day) as age
            from (
                select *, arrayFilter(end -> day > end - 90 and day <= end, [{ends}]) as ends
                from account_days
            ) array join ends as cutoff"""
        return f"""
            select total.*, contacts_7, contacts_30, contacts_90
            from (
                select cutoff, account_id, sumIf(events, age <= 7) as events_7,
                    sumIf(events, age <= 30) as events_30, sum(events) as events_90,
                    sumIf(events, age between 31 and 60) as events_31_60,
                    bitCount(groupBitOrIf(bits, age <= 30))::Int64 as features_30,
                    bitCount(groupBitOr(bits))::Int64 as features_90,
                    sumIf(logins, age <= 30) as logins_30, sumIf(seconds, age <= 30) as seconds_30,
                    countIf(age <= 30)::Int64 as days_30, min(age)::Int64 as days_since
                from ({source}) group by cutoff, account_id
            ) as total join ({self.people()}) as people using (cutoff, account_id)"""

    def feature(self) -> str:
        self.keep("features", self.features())
        return f"select * except (cutoff) from features where cutoff = toDate('{self.as_of}')"

    def feature_month_end(self) -> str:
        ends = ", ".join(f"toDate('{end}')" for end in job.month_ends(self.as_of))
        return f"""
            select cutoff as month_end, * except (cutoff) from features
            where cutoff in ({ends})"""

    def level(self, unit: str) -> str:
        steps = ", ".join(f"name = '{name}'" for name in job.STEPS)
        return f"""
            select {unit} as unit,
                windowFunnel({job.WINDOW_US}, 'strict_increase')({US}::UInt64, {steps}) as level
            from {self.table("event")}
            where name in ({quoted(job.STEPS)}) and day <= toDate('{self.as_of}') group by unit"""

    def levels(self, unit: str) -> str:
        return f"select level, count()::Int64 as units from ({self.level(unit)}) group by level"

    def converted(self, unit: str) -> str:
        """When each unit that converts did so first, and how long it took."""
        last = len(job.STEPS)
        step = f"toUInt8(indexOf([{quoted(job.STEPS)}], name))"
        running = "over (partition by unit order by us rows unbounded preceding)"
        query = f"""
            (select unit, us, step, max(if(step = 1, us, 0)) {running} as start from touch)"""
        for number in range(2, last):
            is_step = f"step = {number} and start > 0 and us - start <= {job.WINDOW_US}"
            query = f"""
                (select unit, us, step, max(if({is_step}, start, 0)) {running} as start
                from {query} where step >= {number})"""
        return f"""
            with touch as (
                select {unit} as unit, {US} as us, {step} as step from {self.table("event")}
                where {unit} in (select unit from level_of where level = {last})
                    and name in ({quoted(job.STEPS)}) and day <= toDate('{self.as_of}')
            ),
            won as (
                select unit, min(us) as at from {query}
                where step = {last} and start > 0 and us - start <= {job.WINDOW_US} group by unit
            )
            select unit, any(at) - min(us) as took
            from (select unit, us from touch where step = 1) as entry join won using (unit)
            where us between at - {job.WINDOW_US} and at group by unit"""

    def funnel(self, unit: str) -> str:
        self.keep("level_of", self.level(unit))
        who = f"select account_id, segment from {self.table('account')}"
        if unit == "contact_id":
            who = f"""select contact_id, segment from {self.table("contact")} as contact
                join ({who}) as account using (account_id)"""
        steps = ", ".join(
            f"countIf(level >= {number})::Int64 as step_{number}"
            for number in range(1, len(job.STEPS) + 1)
        )
        return f"""
            select segment, count()::Int64 as units, {steps},
                quantileExactInclusiveIf(0.5)(assumeNotNull(took) / 1e6, took is not null)
                    as median_seconds
            from ({who}) as who left join level_of on who.{unit} = level_of.unit
            left join ({self.converted(unit)}) as converted on who.{unit} = converted.unit
            group by segment"""

    def account_funnel(self) -> str:
        return self.funnel("account_id")

    def contact_funnel(self) -> str:
        return self.funnel("contact_id")

    def health(self) -> str:
        end = self.as_of + dt.timedelta(1)

        def since(days: int) -> str:
            return f"toDateTime64('{end - dt.timedelta(days)} 00:00:00', 6, 'UTC')"

        is_closed = f"ifNull(closed_at < {since(0)}, 0)"
        is_closed_new = f"({is_closed} and opened_at >= {since(90)})"
        has_csat = f"({is_closed} and opened_at >= {since(180)} and csat is not null)"
        took = "toUnixTimestamp64Micro(assumeNotNull(closed_at)) - toUnixTimestamp64Micro(opened_at)"
        month, earlier = job.months_before(self.as_of, 0), job.months_before(self.as_of, 3)
        ranks = " + ".join(
            f"{weight} * (rank() over (partition by segment order by {part}) - 1)"
            for part, weight in job.WEIGHTS.items()
        )
        return f"""
            with tickets as (
                select account_id,
                    countIf(opened_at >= {since(90)} and severity <= 2) as severe_tickets,
                    countIf(not {is_closed}) as open_tickets,
                    sumIf({took}, {is_closed_new}) as took, countIf({is_closed_new}) as closed,
                    sumIf(assumeNotNull(csat), {has_csat}) as csat_sum,
                    countIf({has_csat}) as csat_count
                from {self.table("ticket")} where opened_at < {since(0)} group by account_id
            ),
            voice as (
                select account_id, count() as responses, sumIf(score, metric = 'nps') as nps_sum,
                    countIf(metric = 'nps') as nps_count
                from {self.table("survey")}
                where responded_at >= {since(180)} and responded_at < {since(0)}
                group by account_id
            ),
            revenue as (
                select account_id,
                    maxOrNullIf(mrr_cents, month = toDate32('{month}')) as mrr_cents,
                    maxOrNullIf(mrr_cents, month = toDate32('{earlier}')) as mrr_before,
                    max(ends_on) as ends_on
                from {self.table("subscription")} where month <= toDate32('{self.as_of}')
                group by account_id
            ),
            deals as (
                select account_id,
                    sumIf(amount_cents, stage not in ('won', 'lost')) as pipeline_cents,
                    countIf(stage = 'won') as won
                from {self.table("opportunity")} where created_on <= toDate32('{self.as_of}')
                group by account_id
            ),
            people as (
                select account_id, count() as people from {self.table("contact")}
                group by account_id
            ),
            measure as (
                select a.account_id as account_id, a.segment as segment, a.industry as industry,
                    a.region as region, r.mrr_cents as mrr_cents, r.ends_on as ends_on,
                    coalesce(f.events_30, 0)::Int64 as events_30,
                    if(coalesce(f.events_31_60, 0) = 0, 1.0, f.events_30 / f.events_31_60) as trend,
                    coalesce(f.contacts_30, 0) / p.people as coverage,
                    coalesce(f.features_30, 0)::Int64 as features_30,
                    coalesce(f.days_since, 91)::Int64 as days_since,
                    coalesce(t.severe_tickets, 0)::Int64 as severe_tickets,
                    coalesce(t.open_tickets, 0)::Int64 as open_tickets,
                    if(coalesce(t.closed, 0) = 0, 24.0, t.took / (3.6e9 * t.closed))
                        as hours_to_close,
                    if(coalesce(t.csat_count, 0) = 0, 3.0, t.csat_sum / t.csat_count) as csat,
                    if(coalesce(v.nps_count, 0) = 0, 7.0, v.nps_sum / v.nps_count) as nps,
                    coalesce(v.responses, 0)::Int64 as responses,
                    if(coalesce(r.mrr_before > 0, 0) and r.mrr_cents is not null,
                        r.mrr_cents / r.mrr_before, 1.0) as growth,
                    coalesce(d.pipeline_cents, 0)::Int64 as pipeline_cents,
                    coalesce(d.won, 0)::Int64 as won
                from {self.table("account")} as a
                left join people as p on p.account_id = a.account_id
                left join {self.table("feature")} as f on f.account_id = a.account_id
                left join tickets as t on t.account_id = a.account_id
                left join voice as v on v.account_id = a.account_id
                left join revenue as r on r.account_id = a.account_id
                left join deals as d on d.account_id = a.account_id
            ),
            scored as (
                select *, ({ranks}) / (count() over (partition by segment) - 1) as score
                from measure
            )
            select *,
                multiIf(score >= {job.GREEN}, 'green', score >= {job.YELLOW}, 'yellow', 'red')
                    as tier,
                score < {job.YELLOW}
                    and coalesce(ends_on < toDate32('{end + dt.timedelta(90)}'), 0) as is_at_risk
            from scored"""

    def count_chains(self) -> None:
        """Every touch with the two that follow it, counted; kept for both answers."""
        self.keep(
            "chain",
            f"""
            select segment, first, second, third, count() as times, sum(gap) as gap
            from (
                select account_id, link.1 as first, link.2 as second, link.3 as third,
                    link.4 as gap
                from (
                    select account_id,
                        arraySort(touch -> touch.1, groupArray(({US}, name::String))) as sorted,
                        arrayMap(touch -> touch.2, sorted) as names,
                        arrayMap(touch -> touch.1, sorted) as times,
                        arrayZip(
                            names, arrayResize(arraySlice(names, 2), length(names), ''),
                            arrayResize(arraySlice(names, 3), length(names), ''),
                            arrayMap((from, to) -> to - from, times,
                                arrayResize(arraySlice(times, 2), length(times)))
                        ) as links
                    from {self.table("event")}
                    where name in ({quoted(job.TOUCHES)}) and day <= toDate('{self.as_of}')
                    group by account_id
                ) array join links as link where link.2 != ''
            ) as linked
            join (select account_id, segment from {self.table("account")}) as account
                using (account_id)
            group by segment, first, second, third""",
        )

    def transition(self) -> str:
        self.count_chains()
        return """
            select segment, first, second, sum(times)::Int64 as times,
                sum(gap) / (1e6 * sum(chain.times)) as mean_seconds
            from chain group by segment, first, second"""

    def path(self) -> str:
        return f"""
            select first, second, third, sum(times)::Int64 as times from chain
            where third != '' group by first, second, third
            order by sum(chain.times) desc, first, second, third limit {job.PATHS}"""


def main() -> None:
    data, out = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    watch = Stopwatch()
    work = Job(data, out, dt.date.fromisoformat(sys.argv[3]))
    if sys.argv[4:] == ["floor"]:
        work.session.query(work.floor())
        return watch.lap("floor")
    if sys.argv[4:] == ["levels"]:
        for unit in ("account_id", "contact_id"):
            target = f"file('{out}/{unit.removesuffix('_id')}_level.parquet', Parquet)"
            work.session.query(f"insert into function {target} {work.levels(unit)}")
        return watch.lap("levels")
    for answer in job.ANSWERS:
        query = getattr(work, answer)()
        target = f"file('{out}/{answer}.parquet', Parquet)"
        work.session.query(f"insert into function {target} {query}")
        watch.lap(answer)


if __name__ == "__main__":
    main()
