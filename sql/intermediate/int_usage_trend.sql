-- How much an account uses the product now, against what is usual for this account. Weeks
-- are blocks of seven days back from the cutoff, so that each holds every weekday once;
-- only working days count, Monday to Friday without holidays, and a week with fewer than
-- three of them is left out. Now are the last four weeks; usual is the median of the 22
-- before, from the account's first event on. The spread is the median distance from it,
-- but at least what chance makes of counts. Accounts without an event have no row.
-- grain: as_of, account_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   events_per_workday | float | events/day | of the last four weeks
--   usual_events_per_workday | float | events/day | median of the weeks before
--   usual_spread | float | events/day | robust standard deviation of a usual week
--   usual_weeks | integer | weeks | weeks behind these two
--   usage_trend | float | spreads | now less usual; null below eight usual weeks
--   quiet_weeks | integer | weeks | without an event, of the last thirteen that count
with

week as (
    select
        cfg_cutoff_day.as_of,
        cfg_cutoff_day.age_days / 7 as week,
        count(*) as workdays
    from cfg_cutoff_day
    left anti join cfg_holiday on cfg_cutoff_day.day = cfg_holiday.day
    where cfg_cutoff_day.age_days < 182
        and date_part('dow', cfg_cutoff_day.day) between 1 and 5
    group by cfg_cutoff_day.as_of, cfg_cutoff_day.age_days / 7
    having count(*) >= 3
),

week_use as (
    select
        cfg_cutoff_day.as_of,
        int_account_day.account_id,
        cfg_cutoff_day.age_days / 7 as week,
        sum(int_account_day.events) as events
    from int_account_day
    inner join cfg_cutoff_day on int_account_day.day = cfg_cutoff_day.day
    left anti join cfg_holiday on int_account_day.day = cfg_holiday.day
    where cfg_cutoff_day.age_days < 182
        and date_part('dow', cfg_cutoff_day.day) between 1 and 5
    group by
        cfg_cutoff_day.as_of, int_account_day.account_id, cfg_cutoff_day.age_days / 7
),

seen as (
    select
        cfg_cutoff_day.as_of,
        int_account_day.account_id,
        min(int_account_day.day) as first_day
    from int_account_day
    inner join cfg_cutoff_day on int_account_day.day = cfg_cutoff_day.day
    group by cfg_cutoff_day.as_of, int_account_day.account_id
),

account_week as (
    select
        seen.as_of,
        seen.account_id,
        week.week,
        week.workdays,
        coalesce(week_use.events, 0) as events,
        cast(coalesce(week_use.events, 0) as double) / week.workdays as rate
    from week
    inner join seen
        on week.as_of = seen.as_of
        and week.as_of - week.week * 7 - 6 >= seen.first_day
    left join week_use
        on seen.as_of = week_use.as_of
        and seen.account_id = week_use.account_id
        and week.week = week_use.week
),

recent as (
    select
        as_of,
        account_id,
        cast(sum(events) filter (where week < 4) as double)
            / sum(workdays) filter (where week < 4) as rate,
        count(*) filter (where events = 0 and week < 13) as quiet_weeks
    from account_week
    group by as_of, account_id
),

usual as (
    select
        as_of,
        account_id,
        median(rate) as rate,
        count(*) as weeks
    from account_week
    where week >= 4
    group by as_of, account_id
),

spread as (
    select
        usual.as_of,
        usual.account_id,
        usual.rate,
        usual.weeks,
        -- 1.4826 makes a standard deviation of it; a count has the spread of its root
        greatest(
            1.4826 * median(abs(account_week.rate - usual.rate)),
            sqrt(usual.rate / 5),
            0.2
        ) as spread
    from usual
    inner join account_week
        on usual.as_of = account_week.as_of
        and usual.account_id = account_week.account_id
    where account_week.week >= 4
    group by usual.as_of, usual.account_id, usual.rate, usual.weeks
)

select
    seen.as_of,
    seen.account_id,
    recent.rate as events_per_workday,
    spread.rate as usual_events_per_workday,
    spread.spread as usual_spread,
    coalesce(spread.weeks, 0) as usual_weeks,
    case
        when spread.weeks >= 8
            then round((recent.rate - spread.rate) / spread.spread, 6)
    end as usage_trend,
    coalesce(recent.quiet_weeks, 0) as quiet_weeks
from seen
left join recent
    on seen.as_of = recent.as_of
    and seen.account_id = recent.account_id
left join spread
    on seen.as_of = spread.as_of
    and seen.account_id = spread.account_id
