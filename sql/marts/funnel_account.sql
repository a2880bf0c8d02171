-- How far one unit came in one funnel, when it reached each step, and through whom. A
-- unit is an account or a person, as the funnel says, and counts once: with the attempt
-- that came furthest, the earliest of those. An attempt is converted at the last step,
-- open while its window reaches beyond the end of the as-of day, else lost; a unit that
-- was lost and came back shows a newer newest_start_at. Deals and contracts know no
-- person, so moved_by is null where one of them was the furthest step. The status
-- excluded is kept for exclusion steps, which do not exist yet.
-- grain: funnel, unit_id
-- columns:
--   funnel | text | key | funnel
--   unit | text | - | account or contact: what unit_id names
--   unit_id | text | key | account_id or contact_id
--   account_id | text | key | the unit's account
--   steps_reached | integer | steps | furthest step reached, 1 or more
--   steps | integer | steps | steps the funnel has
--   furthest_step | text | - | name of the furthest step reached
--   started_at | timestamp | UTC | when the first step was reached
--   reached_at | list<timestamp> | UTC | when each step was reached, in order
--   moved_by_contact_id | text | key | person whose touch reached the furthest step
--   moved_by_role | text | - | that person's role in the purchase today
--   loops | integer | touches | touches that went back to earlier steps on the way
--   status | text | - | converted, open or lost
--   newest_start_at | timestamp | UTC | latest touch of the first step, counted or not
--   window_ends_at | timestamp | UTC | last instant at which the attempt can go on
with

moving_touch as (
    select
        int_touchpoint.touchpoint_id,
        int_touchpoint.occurred_at,
        int_touchpoint.contact_id,
        stg_contact.buying_role
    from int_touchpoint
    left semi join int_funnel_unit
        on int_touchpoint.touchpoint_id = int_funnel_unit.moved_by_touchpoint_id
        and int_touchpoint.occurred_at = int_funnel_unit.moved_at
    left join stg_contact on int_touchpoint.contact_id = stg_contact.contact_id
    where int_touchpoint.contact_id is not null
)

select
    int_funnel_unit.funnel,
    int_funnel_unit.unit,
    int_funnel_unit.unit_id,
    int_funnel_unit.account_id,
    int_funnel_unit.steps_reached,
    int_measured_funnel.steps,
    cfg_funnel_step.step as furthest_step,
    int_funnel_unit.started_at,
    int_funnel_unit.reached_at,
    moving_touch.contact_id as moved_by_contact_id,
    moving_touch.buying_role as moved_by_role,
    int_funnel_unit.loops,
    case
        when int_funnel_unit.steps_reached = int_measured_funnel.steps then 'converted'
        when int_funnel_unit.is_window_open then 'open'
        else 'lost'
    end as status,
    int_funnel_unit.newest_start_at,
    int_funnel_unit.window_ends_at
from int_funnel_unit
inner join int_measured_funnel on int_funnel_unit.funnel = int_measured_funnel.funnel
inner join cfg_funnel_step
    on int_funnel_unit.funnel = cfg_funnel_step.funnel
    and int_funnel_unit.steps_reached = cfg_funnel_step.step_number
left join moving_touch
    on int_funnel_unit.moved_by_touchpoint_id = moving_touch.touchpoint_id
    and int_funnel_unit.moved_at = moving_touch.occurred_at
