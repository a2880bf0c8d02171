"""What every system has to answer, in one place: names, days and the shape of the answers.

Nothing here reads or computes. The SQL of kenko and dbt is plain text and repeats these
constants; check.py finds out when the two differ, because the answers do.
"""

import datetime as dt

SEGMENTS = ["small", "middle", "large"]
CHANNELS = ["web", "product", "email", "ads", "event", "partner", "api", "mobile"]
FEATURES = [f"feature_{number:02d}" for number in range(1, 25)]

# Kinds of events that are no use of a feature, and their share of all events.
KINDS = {
    "page_view": 0.22,
    "login": 0.12,
    "email_open": 0.06,
    "api_call": 0.05,
    "doc_view": 0.03,
    "ad_click": 0.02,
    "email_click": 0.015,
    "support_view": 0.015,
    "pricing_view": 0.012,
    "content_download": 0.01,
    "webinar_register": 0.004,
    "invite_user": 0.003,
    "webinar_attend": 0.002,
    "quote_request": 0.0015,
    "demo_request": 0.001,
    "purchase": 0.0003,
}

# The funnel, and how long after the first step the last one still counts.
STEPS = ["page_view", "content_download", "demo_request", "quote_request", "purchase"]
WINDOW_DAYS = 90
WINDOW_US = WINDOW_DAYS * 86_400_000_000

# What transitions and paths are made of: how people come closer, use of the product aside.
TOUCHES = STEPS + [
    "ad_click",
    "email_click",
    "pricing_view",
    "webinar_register",
    "webinar_attend",
    "invite_user",
]

PATHS = 100
MONTH_ENDS = 12

# Parts of the health score, in hundredths; the better, the higher the rank.
WEIGHTS = {
    "events_30": 15,
    "trend": 15,
    "coverage": 10,
    "features_30": 10,
    "-days_since": 10,
    "-severe_tickets": 10,
    "-hours_to_close": 5,
    "csat": 10,
    "nps": 10,
    "growth": 5,
}
GREEN, YELLOW = 60, 40

# Every answer with the columns that name a row.
ANSWERS = {
    "account_day": ["account_id", "day"],
    "account_funnel": ["segment"],
    "contact_funnel": ["segment"],
    "feature": ["account_id"],
    "feature_month_end": ["month_end", "account_id"],
    "health": ["account_id"],
    "transition": ["segment", "first", "second"],
    "path": ["first", "second", "third"],
}


def month_ends(as_of: dt.date) -> list[dt.date]:
    """The last twelve days up to `as_of` that end a month, oldest first."""
    days = (as_of - dt.timedelta(back) for back in range(400))
    ends = [day for day in days if (day + dt.timedelta(1)).day == 1]
    return sorted(ends[:MONTH_ENDS])


def cutoffs(as_of: dt.date) -> list[dt.date]:
    """Every day that features are asked for: the month-ends and `as_of`."""
    return sorted({*month_ends(as_of), as_of})


def lookback(as_of: dt.date) -> list[tuple[dt.date, dt.date, int]]:
    """Cutoff, day and age of the 90 days up to each cutoff; age is 1 on the cutoff."""
    return [
        (cutoff, cutoff - dt.timedelta(age - 1), age)
        for cutoff in cutoffs(as_of)
        for age in range(1, 91)
    ]


def day_windows(as_of: dt.date) -> dict[dt.date, int]:
    """In which windows each day lies, as bits: three for each cutoff, for 7, 30 and 90
    days. A person's days joined by `or` say in which windows the person was active."""
    places = {cutoff: 3 * number for number, cutoff in enumerate(cutoffs(as_of))}
    windows: dict[dt.date, int] = {}
    for cutoff, day, age in lookback(as_of):
        of_cutoff = 7 if age <= 7 else 6 if age <= 30 else 4
        windows[day] = windows.get(day, 0) | of_cutoff << places[cutoff]
    return windows


def months_before(as_of: dt.date, months: int) -> dt.date:
    """The first day of the month that lies `months` before that of `as_of`."""
    total = as_of.year * 12 + as_of.month - 1 - months
    return dt.date(total // 12, total % 12 + 1, 1)
