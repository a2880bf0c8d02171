-- Units whose list of times is not one per step reached, does not begin at the start,
-- ends after the window, or goes back in time.
-- severity: error
-- checks: funnel_account
with

step_time as (
    select
        funnel_account.funnel,
        funnel_account.unit_id,
        cfg_funnel_step.step_number,
        funnel_account.reached_at[cfg_funnel_step.step_number] as reached_at,
        lag(funnel_account.reached_at[cfg_funnel_step.step_number]) over (
            partition by funnel_account.funnel, funnel_account.unit_id
            order by cfg_funnel_step.step_number
        ) as reached_before_at,
        funnel_account.started_at,
        funnel_account.window_ends_at,
        coalesce(array_length(funnel_account.reached_at), 0) as times,
        funnel_account.steps_reached
    from funnel_account
    inner join cfg_funnel_step
        on funnel_account.funnel = cfg_funnel_step.funnel
        and cfg_funnel_step.step_number <= funnel_account.steps_reached
)

select
    funnel,
    unit_id,
    step_number,
    reached_at,
    reached_before_at,
    started_at,
    times,
    steps_reached
from step_time
where times <> steps_reached
    or reached_at is null
    or reached_at < reached_before_at
    or reached_at > window_ends_at
    or (step_number = 1 and reached_at <> started_at)
