"""Writes a simulated company as Parquet: one file of events a day, and the tables beside them.

    generate.py FOLDER --events 20000000

The same arguments give the same rows. Days may be written by several processes, because
each draws from a generator of its own. Times are strictly increasing within a file, so
that no answer depends on how a tie is broken.
"""

import argparse
import datetime as dt
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import job

NAMES = list(job.KINDS) + job.FEATURES
DAY_US = 86_400_000_000
EPOCH = dt.date(1970, 1, 1)
INSTANT = pa.timestamp("us", tz="UTC")

# The usual channel of a kind of event; a share of events comes by any other.
USUAL = {
    "page_view": "web",
    "pricing_view": "web",
    "content_download": "web",
    "doc_view": "web",
    "support_view": "web",
    "demo_request": "web",
    "quote_request": "web",
    "purchase": "web",
    "email_open": "email",
    "email_click": "email",
    "ad_click": "ads",
    "webinar_register": "event",
    "webinar_attend": "event",
    "api_call": "api",
}
TIMED = {"page_view", "login", "doc_view", "pricing_view", "webinar_attend", *job.FEATURES}


def event_shares() -> np.ndarray:
    """The share of each kind; features share what is left, the first ones most."""
    popularity = np.arange(1, len(job.FEATURES) + 1) ** -0.9
    rest = 1 - sum(job.KINDS.values())
    return np.concatenate([list(job.KINDS.values()), rest * popularity / popularity.sum()])


class Company:
    """Who exists, and how active they are: drawn once, the same in every process."""

    def __init__(self, accounts: int, days: int, seed: int):
        draw = np.random.default_rng([seed, 0])
        self.days = days
        self.accounts = accounts
        self.segment = draw.choice(3, accounts, p=[0.6, 0.3, 0.1])
        size = np.array([4.0, 10.0, 26.0])[self.segment] * draw.lognormal(0, 0.5, accounts)
        self.people = np.maximum(1, draw.poisson(size))
        self.account_of = np.repeat(np.arange(accounts), self.people)
        self.pull = np.array([1.0, 1.6, 3.0])[self.segment] * draw.lognormal(0, 0.9, accounts)
        is_old = draw.random(accounts) < 0.7
        self.joined = np.where(is_old, 0, draw.integers(0, days * 4 // 5, accounts))
        stays = draw.random(accounts) < 0.85
        self.left = np.where(stays, days, self.joined + draw.integers(30, days, accounts))
        self.trend = draw.normal(0, 0.002, accounts)
        self.weight = draw.pareto(1.5, len(self.account_of)) + 0.2

    def weights_of_people(self, day: int) -> np.ndarray:
        """How likely an event of `day` is each person's."""
        is_there = (self.joined <= day) & (day < self.left)
        of_account = self.pull * is_there * np.exp(self.trend * day)
        return self.weight * of_account[self.account_of]


def events_of_days(events: int, first: dt.date, days: int) -> np.ndarray:
    """Events of each day: fewer on weekends, more from month to month."""
    weekday = np.array([(first + dt.timedelta(day)).weekday() for day in range(days)])
    weight = np.where(weekday >= 5, 0.25, 1.0) * np.linspace(0.8, 1.2, days)
    counts = np.floor(weight / weight.sum() * events).astype(np.int64)
    counts[: events - counts.sum()] += 1
    return counts


def microseconds(day: dt.date) -> int:
    return (day - EPOCH).days * DAY_US


def write(table: pa.Table, path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # Written beside and renamed, so that an interrupted run leaves no half file.
    pq.write_table(table, path + ".part", compression="zstd", store_schema=False)
    os.replace(path + ".part", path)


def texts(codes: np.ndarray, names: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names)).cast(
        pa.string()
    )


def write_events(folder: str, company: Company, seed: int, day: int, date: dt.date, ids: range):
    draw = np.random.default_rng([seed, 1, day])
    count = len(ids)
    reach = np.cumsum(company.weights_of_people(day))
    person = np.searchsorted(reach, draw.random(count) * reach[-1], side="right")
    hours = np.clip(draw.normal(13.5, 3.5, count), 0, 23.9)
    within = np.sort((hours * 3.6e9).astype(np.int64) + draw.integers(0, 1_000_000, count))
    # Where two times are the same, the later ones move on by a microsecond.
    order = np.arange(count)
    within = np.maximum.accumulate(within - order) + order
    shares = np.cumsum(event_shares())
    kind = np.searchsorted(shares / shares[-1], draw.random(count), side="right")
    usual = np.array([job.CHANNELS.index(USUAL.get(name, "product")) for name in NAMES])
    is_usual = draw.random(count) < 0.85
    channel = np.where(is_usual, usual[kind], draw.integers(0, len(job.CHANNELS), count))
    is_timed = np.array([name in TIMED for name in NAMES])
    seconds = np.minimum(draw.lognormal(3.5, 1.1, count), 7200).astype(np.int64)
    table = pa.table(
        {
            "event_id": pa.array(np.arange(ids.start, ids.stop, dtype=np.int64)),
            "occurred_at": pa.array(microseconds(date) + within).cast(INSTANT),
            "account_id": pa.array(company.account_of[person] + 1, pa.int64()),
            "contact_id": pa.array(person + 1, pa.int64()),
            "name": texts(kind, NAMES),
            "channel": texts(channel, job.CHANNELS),
            "seconds": pa.array(np.where(is_timed[kind], seconds, 0), pa.int64()),
        }
    )
    write(table, f"{folder}/event/day={date}/part-0.parquet")


def write_company(folder: str, company: Company, seed: int, first: dt.date) -> None:
    """Accounts and people, who are there from the beginning."""
    draw = np.random.default_rng([seed, 2])
    accounts = company.accounts
    table = pa.table(
        {
            "account_id": pa.array(np.arange(1, accounts + 1, dtype=np.int64)),
            "segment": texts(company.segment, job.SEGMENTS),
            "industry": texts(
                draw.integers(0, 12, accounts), [f"industry_{number:02d}" for number in range(12)]
            ),
            "region": texts(draw.integers(0, 4, accounts), ["JP", "APAC", "EMEA", "AMER"]),
        }
    )
    write(table, f"{folder}/account.parquet")
    table = pa.table(
        {
            "contact_id": pa.array(np.arange(1, len(company.account_of) + 1, dtype=np.int64)),
            "account_id": pa.array(company.account_of + 1, pa.int64()),
        }
    )
    write(table, f"{folder}/contact.parquet")


def write_revenue(folder: str, company: Company, seed: int, first: dt.date) -> None:
    """What each account pays a month, and the deals in the making; amounts in cents."""
    draw = np.random.default_rng([seed, 3])
    accounts = company.accounts
    price = np.array([300, 2000, 12000])[company.segment] * draw.lognormal(0, 0.6, accounts)
    months = sorted({(first + dt.timedelta(day)).replace(day=1) for day in range(company.days)})
    parts = []
    for number, month in enumerate(months):
        start = (month - first).days
        pays = np.flatnonzero((company.joined <= start + 15) & (company.left > max(start, 0)))
        amount = price[pays] * np.exp(company.trend[pays] * 30 * number)
        amount = amount * draw.lognormal(0, 0.02, len(pays))
        age = max(start, 0) - company.joined[pays]
        ends = company.joined[pays] + 365 * (1 + np.maximum(age, 0) // 365)
        parts.append(
            pa.table(
                {
                    "account_id": pa.array(pays + 1, pa.int64()),
                    "month": pa.array([month] * len(pays), pa.date32()),
                    "mrr_cents": pa.array(np.round(amount * 100).astype(np.int64)),
                    "ends_on": pa.array((first - EPOCH).days + ends, pa.int32()).cast(pa.date32()),
                }
            )
        )
    write(pa.concat_tables(parts), f"{folder}/subscription.parquet")
    deals = accounts * 3
    stages = ["qualify", "discover", "propose", "negotiate", "won", "lost"]
    opened = (first - EPOCH).days + draw.integers(0, company.days, deals)
    table = pa.table(
        {
            "opportunity_id": pa.array(np.arange(1, deals + 1, dtype=np.int64)),
            "account_id": pa.array(draw.integers(1, accounts + 1, deals)),
            "created_on": pa.array(opened.astype(np.int32)).cast(pa.date32()),
            "amount_cents": pa.array(np.round(draw.lognormal(9, 1, deals) * 100).astype(np.int64)),
            "stage": texts(draw.choice(6, deals, p=[0.15, 0.15, 0.15, 0.1, 0.25, 0.2]), stages),
        }
    )
    write(table, f"{folder}/opportunity.parquet")


def write_voice(folder: str, company: Company, seed: int, first: dt.date) -> None:
    """Tickets and answers to surveys."""
    draw = np.random.default_rng([seed, 4])
    span = company.days * 86_400
    start = microseconds(first)
    tickets = company.accounts * 10
    asker = draw.integers(0, len(company.account_of), tickets)
    opened = draw.integers(0, span, tickets)
    closed = opened + draw.lognormal(11, 1.2, tickets).astype(np.int64)
    table = pa.table(
        {
            "ticket_id": pa.array(np.arange(1, tickets + 1, dtype=np.int64)),
            "account_id": pa.array(company.account_of[asker] + 1, pa.int64()),
            "opened_at": pa.array(start + opened * 1_000_000).cast(INSTANT),
            "closed_at": pa.array(
                start + closed * 1_000_000, mask=draw.random(tickets) < 0.06
            ).cast(INSTANT),
            "severity": pa.array(draw.choice(4, tickets, p=[0.05, 0.2, 0.45, 0.3]) + 1, pa.int64()),
            "csat": pa.array(
                draw.integers(1, 6, tickets), pa.int64(), mask=draw.random(tickets) < 0.6
            ),
        }
    )
    write(table, f"{folder}/ticket.parquet")
    answers = company.accounts * 5
    person = draw.integers(0, len(company.account_of), answers)
    metric = draw.choice(3, answers, p=[0.5, 0.3, 0.2])
    score = np.where(metric == 0, draw.binomial(10, 0.75, answers), draw.integers(1, 6, answers))
    table = pa.table(
        {
            "response_id": pa.array(np.arange(1, answers + 1, dtype=np.int64)),
            "account_id": pa.array(company.account_of[person] + 1, pa.int64()),
            "metric": texts(metric, ["nps", "csat", "ces"]),
            "score": pa.array(score, pa.int64()),
            "responded_at": pa.array(
                start + draw.integers(0, span, answers) * 1_000_000
            ).cast(INSTANT),
        }
    )
    write(table, f"{folder}/survey.parquet")


COMPANY: Company | None = None


def open_company(accounts: int, days: int, seed: int) -> None:
    global COMPANY
    COMPANY = Company(accounts, days, seed)


def one_day(arguments) -> None:
    folder, seed, day, date, ids = arguments
    write_events(folder, COMPANY, seed, day, date, ids)


def generate(
    folder: str, events: int, accounts: int, days: int, last: dt.date, seed: int, processes: int
) -> None:
    first = last - dt.timedelta(days - 1)
    company = Company(accounts, days, seed)
    for part in (write_company, write_revenue, write_voice):
        part(folder, company, seed, first)
    counts = events_of_days(events, first, days)
    ends = np.cumsum(counts) + 1
    work = [
        (folder, seed, day, first + dt.timedelta(day), range(int(ends[day] - counts[day]), int(ends[day])))
        for day in range(days)
    ]
    with ProcessPoolExecutor(
        processes, initializer=open_company, initargs=(accounts, days, seed)
    ) as pool:
        list(pool.map(one_day, work, chunksize=8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--last", type=dt.date.fromisoformat, default=dt.date(2026, 2, 4))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    given = parser.parse_args()
    generate(
        given.folder,
        given.events,
        given.accounts,
        given.days,
        given.last,
        given.seed,
        given.processes,
    )


if __name__ == "__main__":
    main()
