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

-- a person's own funnel is moved by that person; only for accounts it must be looked up
account_step as (
    select distinct cfg_funnel_match.touchpoint
    from cfg_funnel_match
    inner join int_measured_funnel on cfg_funnel_match.funnel = int_measured_funnel.funnel
    where int_measured_funnel.unit = 'account'
),

moving_touch as (
    select
        int_touchpoint.touchpoint_id,
        int_touchpoint.occurred_at,
        int_touchpoint.contact_id
    from int_touchpoint
    left semi join account_step on int_touchpoint.touchpoint = account_step.touchpoint
    left semi join int_funnel_unit
        on int_touchpoint.touchpoint_id = int_funnel_unit.moved_by_touchpoint_id
        and int_touchpoint.occurred_at = int_funnel_unit.moved_at
        and int_funnel_unit.unit = 'account'
    where int_touchpoint.contact_id is not null
),

moved as (
    select
        int_funnel_unit.*,
        case int_funnel_unit.unit
            when 'contact' then int_funnel_unit.unit_id
            else moving_touch.contact_id
        end as moved_by_contact_id
    from int_funnel_unit
    left join moving_touch
        on int_funnel_unit.unit = 'account'
        and int_funnel_unit.moved_by_touchpoint_id = moving_touch.touchpoint_id
        and int_funnel_unit.moved_at = moving_touch.occurred_at
)

select
    moved.funnel,
    moved.unit,
    moved.unit_id,
    moved.account_id,
    moved.steps_reached,
    int_measured_funnel.steps,
    cfg_funnel_step.step as furthest_step,
    moved.started_at,
    moved.reached_at,
    moved.moved_by_contact_id,
    stg_contact.buying_role as moved_by_role,
    moved.loops,
    case
        when moved.steps_reached = int_measured_funnel.steps then 'converted'
        when moved.is_window_open then 'open'
        else 'lost'
    end as status,
    moved.newest_start_at,
    moved.window_ends_at
from moved
inner join int_measured_funnel on moved.funnel = int_measured_funnel.funnel
inner join cfg_funnel_step
    on moved.funnel = cfg_funnel_step.funnel
    and moved.steps_reached = cfg_funnel_step.step_number
left join stg_contact on moved.moved_by_contact_id = stg_contact.contact_id
