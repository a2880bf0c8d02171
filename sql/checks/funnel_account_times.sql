-- Units that lack the time of a required step they reached, or have one of a required
-- step they did not; whose first step is before the start, or some step after the attempt
-- could go on; and required steps that go back in time.
-- severity: error
-- checks: funnel_account
with

step_time as (
    select
        funnel_account.funnel,
        funnel_account.unit_id,
        cfg_funnel_step.step_number,
        cfg_funnel_step.is_optional,
        funnel_account.reached_at[cfg_funnel_step.step_number] as reached_at,
        funnel_account.reached_at[cfg_funnel_step.required_before] as reached_before_at,
        funnel_account.started_at,
        funnel_account.window_ends_at,
        funnel_account.steps_reached
    from cfg_funnel_step
    inner join funnel_account on cfg_funnel_step.funnel = funnel_account.funnel
)

select
    funnel,
    unit_id,
    step_number,
    reached_at,
    reached_before_at,
    started_at,
    window_ends_at,
    steps_reached
from step_time
where (not is_optional and (reached_at is not null) <> (step_number <= steps_reached))
    or reached_at < started_at
    or reached_at < reached_before_at
    or reached_at > window_ends_at
