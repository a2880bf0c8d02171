-- One step of one funnel for one unit that entered it: reached or not, and after how
-- long. A step not reached is censored, not missing: all that is known is that it took
-- longer than the unit could be watched, until the end of the window or of the as-of day.
-- grain: funnel, unit_id, step_number
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | account_id or contact_id
--   account_id | text | key | listed account of the unit; '' where it is not listed
--   step_number | integer | - | step, from 1
--   step | text | - | name of the step
--   is_reached | boolean | - | the unit reached the step
--   is_open | boolean | - | it did not yet: it stands one step before, the window runs
--   is_lost | boolean | - | it did not: it came one step before, the window is over
--   days | float | days | from the first step until reached, else until last watched
select
    int_funnel_unit.funnel,
    int_funnel_unit.unit_id,
    coalesce(stg_account.account_id, '') as account_id,
    cfg_funnel_step.step_number,
    cfg_funnel_step.step,
    cfg_funnel_step.step_number <= int_funnel_unit.steps_reached as is_reached,
    cfg_funnel_step.step_number = int_funnel_unit.steps_reached + 1
        and int_funnel_unit.is_window_open as is_open,
    cfg_funnel_step.step_number = int_funnel_unit.steps_reached + 1
        and not int_funnel_unit.is_window_open as is_lost,
    cast(
        cast(
            coalesce(
                int_funnel_unit.reached_at[cfg_funnel_step.step_number],
                int_funnel_unit.observed_until
            ) as bigint
        ) - cast(int_funnel_unit.started_at as bigint) as double
    ) / 86400000000 as days
from int_funnel_unit
inner join cfg_funnel_step on int_funnel_unit.funnel = cfg_funnel_step.funnel
left join stg_account on int_funnel_unit.account_id = stg_account.account_id
