-- How far one unit came in one funnel. Every touch of the first step is tried as a
-- start; the unit counts once, with the attempt that came furthest, and among those with
-- the earliest. Where a property is held constant, each value is tried by itself. Units
-- that never took the first step did not enter and have no row. A person belongs to the
-- account of the contact table, else to that of the touches that count.
-- grain: funnel, unit_id
-- columns:
--   funnel | text | key | funnel
--   unit | text | - | account, contact, opportunity or account_product
--   unit_id | text | key | key of that
--   held_value | text | - | value of the property held constant; '' where none is
--   account_id | text | key | the unit's account
--   steps_reached | integer | steps | furthest required step reached, 1 or more
--   furthest_step_number | integer | - | its number; in any order that of the last taken
--   started_at | timestamp | UTC | first touch of the counted attempt
--   reached_at | list<timestamp> | UTC | when each step was reached, in order
--   touchpoint_ids | list<text> | key | the touch that reached each step, in order
--   loops | integer | touches | touches that went back within the counted attempt
--   newest_start_at | timestamp | UTC | latest touch that an attempt could begin with
--   window_ends_at | timestamp | UTC | last instant at which the attempt could go on
--   ended_at | timestamp | UTC | when a touch ended the attempt before that
--   exclusion_number | integer | - | the exclusion that this touch was
--   roles_seen | integer | bits | roles that touched any step, open to them or not
--   observed_until | timestamp | UTC | end of as_of, or of the attempt where earlier
--   is_window_open | boolean | - | the attempt can go on beyond the end of as_of
with

attempt as (
    select
        funnel,
        unit_id,
        held_value,
        min(unit) as unit,
        min(account_id) as touch_account_id,
        max(occurred_at) filter (where is_start) as newest_start_at,
        window_funnel(
            terms, 0, occurred_at, touchpoint_id, step_mask, person_id, role_number
        ) as outcome
    from int_funnel_match
    group by funnel, unit_id, held_value
),

entered as (
    select
        *,
        outcome['steps_reached'] as steps_reached,
        outcome['started_at'] as started_at,
        parse_timestamp(
            concat(cast(cast($as_of as date) + 1 as text), ' 00:00:00'),
            '%Y-%m-%d %H:%M:%S'
        ) as day_ends_at
    from attempt
    where outcome['steps_reached'] >= 1
),

counted as (
    select
        *,
        max(newest_start_at) over (partition by funnel, unit_id) as unit_newest_start_at
    from entered
    qualify row_number() over (
        partition by funnel, unit_id
        order by steps_reached desc, started_at, held_value
    ) = 1
)

select
    counted.funnel,
    counted.unit,
    counted.unit_id,
    counted.held_value,
    case counted.unit
        when 'account' then counted.unit_id
        else coalesce(stg_contact.account_id, counted.touch_account_id)
    end as account_id,
    counted.steps_reached,
    counted.outcome['steps'][counted.steps_reached] as furthest_step_number,
    counted.started_at,
    counted.outcome['reached_at'] as reached_at,
    counted.outcome['event_ids'] as touchpoint_ids,
    counted.outcome['loops'] as loops,
    counted.unit_newest_start_at as newest_start_at,
    counted.outcome['ends_at'] as window_ends_at,
    counted.outcome['ended_at'] as ended_at,
    counted.outcome['excluded_by'] as exclusion_number,
    counted.outcome['roles_seen'] as roles_seen,
    least(counted.day_ends_at, counted.outcome['ends_at'], counted.outcome['ended_at'])
        as observed_until,
    counted.outcome['ended_at'] is null
        and counted.outcome['ends_at'] >= counted.day_ends_at as is_window_open
from counted
left join stg_contact
    on counted.unit = 'contact'
    and counted.unit_id = stg_contact.contact_id
