-- Steps whose months do not sum to the units of funnel_account that began within the
-- history, or whose cohorts are called final while some unit of theirs can go on.
-- severity: error
-- checks: funnel_trend
with

by_month as (
    select
        funnel,
        step_number,
        sum(reached) as reached,
        count(*) filter (where still_open > 0 and not is_open) as open_cohorts
    from funnel_trend
    group by funnel, step_number
),

history as (
    select min(month) as first_month from cfg_month
),

by_unit as (
    select
        cfg_funnel_step.funnel,
        cfg_funnel_step.step_number,
        count(*) as reached
    from history
    cross join cfg_funnel_step
    inner join funnel_account on cfg_funnel_step.funnel = funnel_account.funnel
    where funnel_account.reached_at[cfg_funnel_step.step_number] is not null
        and local_day(funnel_account.started_at) >= history.first_month
    group by cfg_funnel_step.funnel, cfg_funnel_step.step_number
)

select
    coalesce(by_month.funnel, by_unit.funnel) as funnel,
    coalesce(by_month.step_number, by_unit.step_number) as step_number,
    by_month.reached,
    by_unit.reached as reached_by_unit,
    by_month.open_cohorts
from by_month
full outer join by_unit
    on by_month.funnel = by_unit.funnel
    and by_month.step_number = by_unit.step_number
where coalesce(by_month.reached, 0) <> coalesce(by_unit.reached, 0)
    or by_month.open_cohorts > 0
