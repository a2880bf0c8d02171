-- How far one unit came in one funnel. Every touch of the first step is tried as a
-- start; the unit counts once, with the attempt that came furthest, and among those with
-- the earliest. Units that never touched the first step did not enter and have no row. A
-- person belongs to the account of the contact table, else to that of their touches.
-- grain: funnel, unit_id
-- columns:
--   funnel | text | key | funnel
--   unit | text | - | account or contact
--   unit_id | text | key | account_id or contact_id
--   account_id | text | key | the unit's account
--   steps_reached | integer | steps | furthest step reached, 1 or more
--   started_at | timestamp | UTC | first step of the counted attempt
--   reached_at | list<timestamp> | UTC | when each step was reached, in order
--   moved_by_touchpoint_id | text | key | touch that reached the furthest step
--   moved_at | timestamp | UTC | when that was: ids may come back on another day
--   loops | integer | touches | touches that went back within the counted attempt
--   newest_start_at | timestamp | UTC | latest touch of the first step
--   window_ends_at | timestamp | UTC | last instant of the counted attempt
--   observed_until | timestamp | UTC | end of as_of, or of the window where earlier
--   is_window_open | boolean | - | the window reaches beyond the end of as_of
with

attempt as (
    select
        funnel,
        unit,
        unit_id,
        window_us,
        min(account_id) as touch_account_id,
        max(occurred_at) filter (where step_mask & 1 = 1) as newest_start_at,
        window_funnel(mode, window_us, occurred_at, touchpoint_id, step_mask) as outcome
    from int_funnel_match
    group by funnel, unit, unit_id, mode, window_us
),

entered as (
    select
        funnel,
        unit,
        unit_id,
        touch_account_id,
        newest_start_at,
        outcome['steps_reached'] as steps_reached,
        outcome['started_at'] as started_at,
        outcome['reached_at'] as reached_at,
        outcome['event_ids'] as touchpoint_ids,
        outcome['loops'] as loops,
        outcome['started_at'] + arrow_cast(window_us, 'Duration(Microsecond)')
            as window_ends_at,
        parse_timestamp(
            concat(cast(cast($as_of as date) + 1 as text), ' 00:00:00'),
            '%Y-%m-%d %H:%M:%S'
        ) as day_ends_at
    from attempt
    where outcome['steps_reached'] >= 1
)

select
    entered.funnel,
    entered.unit,
    entered.unit_id,
    case entered.unit
        when 'account' then entered.unit_id
        else coalesce(stg_contact.account_id, entered.touch_account_id)
    end as account_id,
    entered.steps_reached,
    entered.started_at,
    entered.reached_at,
    entered.touchpoint_ids[entered.steps_reached] as moved_by_touchpoint_id,
    entered.reached_at[entered.steps_reached] as moved_at,
    entered.loops,
    entered.newest_start_at,
    entered.window_ends_at,
    least(entered.day_ends_at, entered.window_ends_at) as observed_until,
    entered.window_ends_at >= entered.day_ends_at as is_window_open
from entered
left join stg_contact
    on entered.unit = 'contact'
    and entered.unit_id = stg_contact.contact_id
