-- How far one unit came in one funnel, when it reached each step, and through whom. A
-- unit is an account, a person, a deal or an account and product, as the funnel says, and
-- counts once: with the attempt that came furthest, the earliest of those. An attempt is
-- converted at the last step, excluded where an exclusion ended it, open while it can go
-- on beyond the end of the as-of day, else lost; a unit that was lost and came back shows
-- a newer newest_start_at. An optional step that was not passed is null in reached_at.
-- Deals and contracts know no person, so moved_by is null where one of them was the
-- furthest step.
-- grain: funnel, unit_id
-- columns:
--   funnel | text | key | funnel
--   unit | text | - | account, contact, opportunity or account_product
--   unit_id | text | key | key of that; account_id/product_id for account_product
--   account_id | text | key | the unit's account
--   held_value | text | - | the property held constant; null where none is
--   steps_reached | integer | steps | furthest required step; in any order how many
--   steps | integer | steps | steps the funnel has
--   furthest_step | text | - | name of the furthest step reached; in any order the last
--   started_at | timestamp | UTC | when the attempt began
--   reached_at | list<timestamp> | UTC | when each step was reached, in order
--   moved_by_contact_id | text | key | person whose touch reached the furthest step
--   moved_by_role | text | - | that person's role in the purchase when it was reached
--   is_role_undated | boolean | - | a step that asks for a role went by a later known one
--   roles_missing | list<text> | - | roles of which nobody made a touch of it on the way
--   loops | integer | touches | touches that went back to earlier steps on the way
--   status | text | - | converted, open, lost or excluded
--   excluded_by | text | - | name of the exclusion that ended it
--   newest_start_at | timestamp | UTC | latest start of an attempt, counted or not
--   window_ends_at | timestamp | UTC | last instant at which the attempt could go on
with

missing as (
    select
        int_funnel_unit.funnel,
        int_funnel_unit.unit_id,
        array_agg(cfg_funnel_role.role order by cfg_funnel_role.role_number) as roles
    from cfg_funnel_role
    inner join int_measured_funnel
        on cfg_funnel_role.funnel = int_measured_funnel.funnel
        and int_measured_funnel.asks_for_roles
    inner join int_funnel_unit on cfg_funnel_role.funnel = int_funnel_unit.funnel
    where int_funnel_unit.roles_seen
        & (cast(1 as bigint) << (cfg_funnel_role.role_number - 1)) = 0
    group by int_funnel_unit.funnel, int_funnel_unit.unit_id
),

undated as (
    select distinct funnel, unit_id from int_funnel_role_undated
)

select
    int_funnel_unit.funnel,
    int_funnel_unit.unit,
    int_funnel_unit.unit_id,
    int_funnel_unit.account_id,
    nullif(int_funnel_unit.held_value, '') as held_value,
    int_funnel_unit.steps_reached,
    int_measured_funnel.steps,
    cfg_funnel_step.step as furthest_step,
    int_funnel_unit.started_at,
    int_funnel_unit.reached_at,
    int_funnel_reached.contact_id as moved_by_contact_id,
    int_funnel_reached.role as moved_by_role,
    undated.unit_id is not null as is_role_undated,
    case
        when int_measured_funnel.asks_for_roles
            then coalesce(missing.roles, arrow_cast(make_array(), 'List(Utf8)'))
    end as roles_missing,
    int_funnel_unit.loops,
    case
        when int_funnel_unit.steps_reached = int_measured_funnel.steps then 'converted'
        when int_funnel_unit.exclusion_number is not null then 'excluded'
        when int_funnel_unit.is_window_open then 'open'
        else 'lost'
    end as status,
    cfg_funnel_exclusion.exclusion as excluded_by,
    int_funnel_unit.newest_start_at,
    int_funnel_unit.window_ends_at
from int_funnel_unit
inner join int_measured_funnel on int_funnel_unit.funnel = int_measured_funnel.funnel
inner join cfg_funnel_step
    on int_funnel_unit.funnel = cfg_funnel_step.funnel
    and int_funnel_unit.furthest_step_number = cfg_funnel_step.step_number
left join int_funnel_reached
    on int_funnel_unit.funnel = int_funnel_reached.funnel
    and int_funnel_unit.unit_id = int_funnel_reached.unit_id
    and int_funnel_unit.steps_reached = int_funnel_reached.step_number
left join undated
    on int_funnel_unit.funnel = undated.funnel
    and int_funnel_unit.unit_id = undated.unit_id
left join missing
    on int_funnel_unit.funnel = missing.funnel
    and int_funnel_unit.unit_id = missing.unit_id
left join cfg_funnel_exclusion
    on int_funnel_unit.funnel = cfg_funnel_exclusion.funnel
    and int_funnel_unit.exclusion_number = cfg_funnel_exclusion.exclusion_number
