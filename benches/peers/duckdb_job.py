"""The job in SQL for DuckDB, each answer in the fastest form that was found for it.

    duckdb_job.py DATA OUT AS_OF [floor]

What makes the forms fast: distinct people by list_unique and distinct features by bits
rather than COUNT DISTINCT; features from the days of accounts rather than from events, and
for people from one bit mask over all windows; the frequent first step of the funnel by an
as-of join rather than a window; small integers in place of names.
"""

import datetime as dt
import sys

import duckdb

import job
from stopwatch import Stopwatch, threads

BIT = "case when name like 'feature%' then 1::bigint << right(name, 2)::int else 0::bigint end"


def names(values: list[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


CHANNELS = [f"ch_{name}" for name in job.CHANNELS]


def account_days(as_of: dt.date) -> str:
    """Kept in memory: the answer, and what features are made of."""
    channels = ", ".join(
        f"count(*) filter (where channel = '{name}') as ch_{name}" for name in job.CHANNELS
    )
    return f"""
        select account_id, day, count(*) as events, list_unique(list(contact_id)) as contacts,
            bit_or({BIT}) as bits, sum(seconds)::bigint as seconds,
            count(*) filter (where name = 'login') as logins, {channels}
        from event where day <= date '{as_of}' group by account_id, day"""


def account_day() -> str:
    return f"""
        select account_id, day, events, contacts, bit_count(bits) as features, seconds,
            {", ".join(CHANNELS)}
        from account_days"""


def looking_back(as_of: dt.date) -> str:
    rows = job.lookback(as_of)
    columns = {
        "cutoff": (f"date '{row[0]}'" for row in rows),
        "day": (f"date '{row[1]}'" for row in rows),
        "age": (str(row[2]) for row in rows),
    }
    return "select " + ", ".join(
        f"unnest([{', '.join(values)}]) as {name}" for name, values in columns.items()
    )


def people(as_of: dt.date) -> str:
    """People of each account active in 7, 30 and 90 days, from one look at their days."""
    windows = job.day_windows(as_of)
    days = ", ".join(f"date '{day}'" for day in windows)
    bits = ", ".join(f"{bits}::bigint" for bits in windows.values())
    ends = ", ".join(
        f"(date '{cutoff}', {3 * number})" for number, cutoff in enumerate(job.cutoffs(as_of))
    )
    return f"""
        with day_window as (select unnest([{days}]) as day, unnest([{bits}]) as windows),
        person as (
            select account_id, contact_id, bit_or(windows) as windows
            from event join day_window using (day) group by account_id, contact_id
        )
        select cutoff, account_id, sum((windows >> place) & 1)::bigint as contacts_7,
            sum((windows >> (place + 1)) & 1)::bigint as contacts_30,
            sum((windows >> (place + 2)) & 1)::bigint as contacts_90
        from person, (values {ends}) as ends(cutoff, place) group by cutoff, account_id"""


def features(as_of: dt.date) -> str:
    """Of every cutoff; kept in memory for two answers."""
    return f"""
        with total as (
            select cutoff, account_id,
                coalesce(sum(events) filter (where age <= 7), 0)::bigint as events_7,
                coalesce(sum(events) filter (where age <= 30), 0)::bigint as events_30,
                sum(events)::bigint as events_90,
                coalesce(sum(events) filter (where age between 31 and 60), 0)::bigint
                    as events_31_60,
                coalesce(bit_count(bit_or(bits) filter (where age <= 30)), 0) as features_30,
                bit_count(bit_or(bits)) as features_90,
                coalesce(sum(logins) filter (where age <= 30), 0)::bigint as logins_30,
                coalesce(sum(seconds) filter (where age <= 30), 0)::bigint as seconds_30,
                count(*) filter (where age <= 30) as days_30, min(age) as days_since
            from account_days join ({looking_back(as_of)}) using (day) group by cutoff, account_id
        )
        select * from total join ({people(as_of)}) using (cutoff, account_id)"""


def feature(as_of: dt.date) -> str:
    return f"select * exclude (cutoff) from features where cutoff = date '{as_of}'"


def feature_month_end(as_of: dt.date) -> str:
    ends = ", ".join(f"date '{end}'" for end in job.month_ends(as_of))
    return f"""select cutoff as month_end, * exclude (cutoff) from features
        where cutoff in ({ends})"""


def reached(unit: str, as_of: dt.date) -> str:
    """Touches with the latest start of a chain that comes so far: `start_n` is that of a
    chain whose n-th step is this touch or an earlier one."""
    step = "case name " + " ".join(
        f"when '{name}' then {number}" for number, name in enumerate(job.STEPS, 1)
    )
    parts = [
        f"""entry as (
            select {unit} as unit, epoch_us(occurred_at) as us from event
            where name = '{job.STEPS[0]}' and day <= date '{as_of}'
        )""",
        f"""later as (
            select {unit} as unit, epoch_us(occurred_at) as us, {step} end as step from event
            where name in ({names(job.STEPS[1:])}) and day <= date '{as_of}'
        )""",
        f"""second as (
            select later.unit, later.us, entry.us as start from later
            asof join entry on later.unit = entry.unit and later.us > entry.us
            where later.step = 2 and later.us - entry.us <= {job.WINDOW_US}
        )""",
        """touch_2 as (
            select unit, us, 2 as step, start as start_2 from second
            union all select unit, us, step, null from later where step > 2
        )""",
    ]
    for number in range(3, len(job.STEPS) + 1):
        before = number - 1
        parts.append(
            f"""carried_{before} as (
                select unit, us, step, max(start_{before}) over (
                    partition by unit order by us rows unbounded preceding) as start
                from touch_{before}
            )"""
        )
        parts.append(
            f"""touch_{number} as (
                select unit, us, step,
                    case when step = {number} and us - start <= {job.WINDOW_US} then start end
                        as start_{number}
                from carried_{before} where step >= {number}
            )"""
        )
    return ", ".join(parts)


def funnel(unit: str, as_of: dt.date) -> str:
    """Units and medians by segment. A unit that converts is timed from its first entry
    in the window before its first conversion."""
    people = (
        "account"
        if unit == "account_id"
        else "(select contact_id, segment from contact join account using (account_id))"
    )
    sets = [("reached_1", "select distinct unit from entry")]
    sets += [
        (f"reached_{number}", f"select distinct unit from touch_{number} where start_{number} is not null")
        for number in range(2, len(job.STEPS))
    ]
    last = len(job.STEPS)
    return f"""
        with {reached(unit, as_of)},
        {", ".join(f"{name} as ({query})" for name, query in sets)},
        converted as (
            select unit, min(us) as us from touch_{last} where start_{last} is not null group by unit
        ),
        reached_{last} as (
            select converted.unit, any_value(converted.us) - min(entry.us) as took
            from converted join entry on converted.unit = entry.unit
                and entry.us between converted.us - {job.WINDOW_US} and converted.us
            group by converted.unit
        )
        select segment, count(*) as units,
            {", ".join(f"count(reached_{number}.unit) as step_{number}" for number in range(1, last + 1))},
            median(took / 1e6) as median_seconds
        from {people} as who
        {" ".join(f"left join reached_{number} on who.{unit} = reached_{number}.unit" for number in range(1, last + 1))}
        group by segment"""


def health(as_of: dt.date, features: str) -> str:
    end = as_of + dt.timedelta(1)

    def since(days: int) -> str:
        return f"timestamptz '{end - dt.timedelta(days)} 00:00:00+00'"

    known = f"closed_at < {since(0)}"
    month, earlier = job.months_before(as_of, 0), job.months_before(as_of, 3)
    ranks = " + ".join(
        f"{weight} * (rank() over (partition by segment order by {part}) - 1)"
        for part, weight in job.WEIGHTS.items()
    )
    return f"""
        with tickets as (
            select account_id,
                count(*) filter (where opened_at >= {since(90)} and severity <= 2) as severe_tickets,
                count(*) filter (where closed_at is null or not {known}) as open_tickets,
                sum(epoch_us(closed_at) - epoch_us(opened_at))
                    filter (where opened_at >= {since(90)} and {known})::double
                    / (3.6e9 * count(*) filter (where opened_at >= {since(90)} and {known}))
                    as hours_to_close,
                sum(csat) filter (where opened_at >= {since(180)} and {known})::double
                    / count(csat) filter (where opened_at >= {since(180)} and {known}) as csat
            from ticket where opened_at < {since(0)} group by account_id
        ),
        voice as (
            select account_id, count(*) as responses,
                sum(score) filter (where metric = 'nps')::double
                    / count(*) filter (where metric = 'nps') as nps
            from survey where responded_at >= {since(180)} and responded_at < {since(0)}
            group by account_id
        ),
        revenue as (
            select account_id, max(mrr_cents) filter (where month = date '{month}') as mrr_cents,
                max(mrr_cents) filter (where month = date '{earlier}') as mrr_before,
                max(ends_on) as ends_on
            from subscription where month <= date '{as_of}' group by account_id
        ),
        deals as (
            select account_id, sum(amount_cents) filter (where stage not in ('won', 'lost'))::bigint
                as pipeline_cents, count(*) filter (where stage = 'won') as won
            from opportunity where created_on <= date '{as_of}' group by account_id
        ),
        people as (select account_id, count(*) as people from contact group by account_id),
        measure as (
            select account_id, segment, industry, region, mrr_cents, ends_on,
                coalesce(events_30, 0) as events_30,
                case when coalesce(events_31_60, 0) = 0 then 1.0::double
                    else events_30::double / events_31_60 end as trend,
                coalesce(contacts_30, 0)::double / people as coverage,
                coalesce(features_30, 0) as features_30, coalesce(days_since, 91) as days_since,
                coalesce(severe_tickets, 0) as severe_tickets,
                coalesce(open_tickets, 0) as open_tickets,
                coalesce(hours_to_close, 24.0::double) as hours_to_close,
                coalesce(csat, 3.0::double) as csat, coalesce(nps, 7.0::double) as nps,
                coalesce(responses, 0) as responses,
                case when mrr_before > 0 and mrr_cents is not null
                    then mrr_cents::double / mrr_before else 1.0::double end as growth,
                coalesce(pipeline_cents, 0) as pipeline_cents, coalesce(won, 0) as won
            from account join people using (account_id)
            left join {features} using (account_id)
            left join tickets using (account_id) left join voice using (account_id)
            left join revenue using (account_id) left join deals using (account_id)
        ),
        scored as (
            select *, ({ranks})::double / (count(*) over (partition by segment) - 1) as score
            from measure
        )
        select *,
            case when score >= {job.GREEN} then 'green' when score >= {job.YELLOW} then 'yellow'
                else 'red' end as tier,
            score < {job.YELLOW} and coalesce(ends_on < date '{end + dt.timedelta(90)}', false)
                as is_at_risk
        from scored"""


def touched(as_of: dt.date) -> str:
    """Every touch with the two that follow it, counted; names as small integers."""
    numbers = ", ".join(f"('{name}', {number})" for number, name in enumerate(job.TOUCHES))
    follows = "over (partition by account_id order by us)"
    return f"""
        with number as (
            select name, id::utinyint as id from (values {numbers}) as listed(name, id)
        ),
        touch as (
            select account_id, epoch_us(occurred_at) as us, id from event join number using (name)
            where name in ({names(job.TOUCHES)}) and day <= date '{as_of}'
        ),
        chain as (
            select account_id, id as first, lead(id) {follows} as second,
                lead(id, 2) {follows} as third, lead(us) {follows} - us as gap
            from touch
        )
        select segment, first, second, third, count(*) as times, sum(gap)::bigint as gap
        from chain join account using (account_id)
        where second is not null group by segment, first, second, third"""


def name_of(column: str) -> str:
    listed = "[" + names(job.TOUCHES) + "]"
    return f"{listed}[{column}::int + 1] as {column}"


def transition() -> str:
    return f"""
        select segment, {name_of("first")}, {name_of("second")}, sum(times)::bigint as times,
            sum(gap)::double / (1e6 * sum(times)) as mean_seconds
        from touched group by segment, touched.first, touched.second"""


def path() -> str:
    return f"""
        select {name_of("first")}, {name_of("second")}, {name_of("third")},
            sum(times)::bigint as times
        from touched where third is not null
        group by touched.first, touched.second, touched.third
        order by times desc, 1, 2, 3 limit {job.PATHS}"""


FLOOR = """
    select sum(account_id), sum(contact_id), max(occurred_at), sum(length(name)),
        sum(length(channel)), sum(seconds) from event"""


def connect(data: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"set threads = {threads()}")
    connection.execute("set preserve_insertion_order = false")
    connection.execute("set timezone = 'UTC'")
    connection.execute(
        f"create view event as select * from read_parquet('{data}/event/*/*.parquet', "
        "hive_partitioning = true, hive_types = {'day': DATE})"
    )
    for table in ("account", "contact", "subscription", "opportunity", "ticket", "survey"):
        connection.execute(f"create view {table} as select * from '{data}/{table}.parquet'")
    return connection


def main() -> None:
    data, out, as_of = sys.argv[1], sys.argv[2], dt.date.fromisoformat(sys.argv[3])
    watch = Stopwatch()
    connection = connect(data)
    if sys.argv[4:] == ["floor"]:
        connection.execute(FLOOR).fetchall()
        return watch.lap("floor")
    queries = {
        "account_day": account_day(),
        "account_funnel": funnel("account_id", as_of),
        "contact_funnel": funnel("contact_id", as_of),
        "feature": feature(as_of),
        "feature_month_end": feature_month_end(as_of),
        "health": health(as_of, f"'{out}/feature.parquet'"),
        "transition": transition(),
        "path": path(),
    }
    kept = {
        "account_day": ("account_days", account_days(as_of)),
        "feature": ("features", features(as_of)),
        "transition": ("touched", touched(as_of)),
    }
    for answer in job.ANSWERS:
        if answer in kept:
            name, query = kept[answer]
            connection.execute(f"create temp table {name} as {query}")
        connection.execute(
            f"copy ({queries[answer]}) to '{out}/{answer}.parquet' "
            "(format parquet, compression zstd)"
        )
        watch.lap(answer)


if __name__ == "__main__":
    main()
