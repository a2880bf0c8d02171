-- One step that asks for a role and was reached by a touch of somebody of whom nobody
-- knows whether they had the role on that day: dated extracts do not reach back so far,
-- and the earliest role known, which is today's where none are kept, was taken for it.
-- Of a quorum it is the touch that completed it.
-- grain: funnel, unit_id, step_number
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | unit of the funnel
--   step_number | integer | - | step, from 1; in any order the how-manieth
select
    int_funnel_reached.funnel,
    int_funnel_reached.unit_id,
    int_funnel_reached.step_number
from cfg_funnel_step
inner join int_funnel_reached
    on cfg_funnel_step.funnel = int_funnel_reached.funnel
    and cfg_funnel_step.step_number = int_funnel_reached.step_number
where cfg_funnel_step.asks_for_role
    and int_funnel_reached.is_role_undated
