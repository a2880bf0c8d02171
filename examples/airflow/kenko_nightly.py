"""kenko every night under Airflow (2.4 or later, and 3).

The exit code says what to do next. A failure that passes by itself is retried with
growing pauses; one that needs a person fails at once, without a retry.
"""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pendulum
from airflow.exceptions import AirflowException, AirflowFailException
from airflow.timetables.trigger import CronTriggerTimetable

try:
    from airflow.sdk import dag, task  # Airflow 3
except ImportError:
    from airflow.decorators import dag, task

KENKO = "kenko"
PIPELINE = "/srv/kenko/pipelines/nightly.yaml"
# The pipeline's `timezone`.
TIMEZONE = "Asia/Tokyo"

# What each exit code of kenko asks for.
NEXT_STEP = {
    0: "done",  # published, or already done
    1: "stop",  # a bug of kenko
    2: "stop",  # usage, configuration or SQL: the pipeline's author acts
    3: "stop",  # bad input or a failed check: the data's owner acts
    4: "wait",  # another run holds or won: look later
    5: "retry",  # storage unavailable
    6: "retry",  # the outcome of the commit is unknown
    7: "stop",  # more memory or disk is needed
}


def settle(code: int) -> None:
    """Ends the task as the exit code of a run asks for."""
    # Killed by a signal: a run can be killed at any time and run again.
    was_killed = code < 0 or code > 128
    step = NEXT_STEP.get(code, "retry" if was_killed else "stop")
    if step == "stop":
        raise AirflowFailException(f"kenko ended with {code}: somebody has to act")
    if step in ("wait", "retry"):
        # After a wait the other run has published, and the next attempt ends with 0. A
        # skip would hold up everything downstream although the tables are there.
        raise AirflowException(f"kenko ended with {code}: {step}")


def business_day(firing: datetime) -> str:
    """The last day that is over in TIMEZONE. `{{ ds }}` is a day in UTC and may be another."""
    return str(firing.astimezone(ZoneInfo(TIMEZONE)).date() - timedelta(days=1))


@dag(
    schedule=CronTriggerTimetable("30 2 * * *", timezone=TIMEZONE),
    start_date=pendulum.datetime(2026, 1, 1, tz=TIMEZONE),
    # Missed nights one by one, in order: each reads what the one before published.
    catchup=True,
    max_active_runs=1,
    default_args={
        "depends_on_past": True,
        "retries": 6,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
        # An attempt that something holds up is killed, and the next one starts anew.
        "execution_timeout": timedelta(hours=6),
    },
)
def kenko_nightly():
    @task
    def run(data_interval_end: datetime | None = None) -> None:
        # The instant of the firing, the same for every retry.
        day = business_day(data_interval_end)
        settle(subprocess.run([KENKO, "run", PIPELINE, "--as-of", day]).returncode)

    run()


kenko_nightly()
