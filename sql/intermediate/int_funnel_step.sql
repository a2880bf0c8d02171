-- One step of one funnel for one unit that entered it: reached or not, and after how
-- long. A step not reached is censored, not missing: all that is known is that it took
-- longer than the unit could be watched, until the attempt or the as-of day was over. An
-- optional step that was not passed drops nobody: it is neither open, lost nor excluded.
-- grain: funnel, unit_id, step_number
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | unit of the funnel
--   account_id | text | key | listed account of the unit; '' where it is not listed
--   entered_on | date | day | day on which the counted attempt began
--   step_number | integer | - | step, from 1
--   step | text | - | name of the step
--   is_reached | boolean | - | the unit reached the step
--   is_open | boolean | - | it did not yet: it stands one step before, time is left
--   is_lost | boolean | - | it did not: it came one step before, the attempt is over
--   is_excluded | boolean | - | it did not: one step before, an exclusion ended it
--   days | float | days | from the start until reached, else until last watched
with

stepped as (
    select
        int_funnel_unit.*,
        cfg_funnel_step.step_number,
        cfg_funnel_step.step,
        int_funnel_unit.reached_at[cfg_funnel_step.step_number] as step_reached_at,
        not cfg_funnel_step.is_optional
            and cfg_funnel_step.required_before = int_funnel_unit.steps_reached
            as is_next
    from cfg_funnel_step
    inner join int_funnel_unit on cfg_funnel_step.funnel = int_funnel_unit.funnel
)

select
    stepped.funnel,
    stepped.unit_id,
    coalesce(stg_account.account_id, '') as account_id,
    local_day(stepped.started_at) as entered_on,
    stepped.step_number,
    stepped.step,
    stepped.step_reached_at is not null as is_reached,
    coalesce(stepped.is_next, false) and stepped.is_window_open as is_open,
    coalesce(stepped.is_next, false)
        and not stepped.is_window_open
        and stepped.exclusion_number is null as is_lost,
    coalesce(stepped.is_next, false)
        and stepped.exclusion_number is not null as is_excluded,
    cast(
        cast(coalesce(stepped.step_reached_at, stepped.observed_until) as bigint)
        - cast(stepped.started_at as bigint) as double
    ) / 86400000000 as days
from stepped
left join stg_account on stepped.account_id = stg_account.account_id
