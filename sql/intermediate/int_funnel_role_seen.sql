-- The roles of all who made touches of a funnel while one unit was under way, where steps
-- ask for a role: whoever may not take a step has still appeared. From the instant at
-- which the counted attempt began until it converted or was over.
-- grain: funnel, unit_id
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | unit of the funnel
--   roles_seen | integer | bits | bit k-1 is set where role k of the funnel was seen
with

way as (
    select
        int_funnel_unit.funnel,
        int_funnel_unit.unit_id,
        int_funnel_unit.held_value,
        int_funnel_unit.started_at,
        case
            when int_funnel_unit.steps_reached = cfg_funnel.steps
                then array_max(int_funnel_unit.reached_at)
            else int_funnel_unit.observed_until
        end as over_at,
        (cast(1 as bigint) << cfg_funnel.steps) - 1 as step_bits
    from cfg_funnel
    inner join int_funnel_unit on cfg_funnel.funnel = int_funnel_unit.funnel
    where cfg_funnel.asks_by_role
)

select
    way.funnel,
    way.unit_id,
    bit_or(cast(1 as bigint) << (int_funnel_touch.role_number - 1)) as roles_seen
from way
inner join int_funnel_touch
    on way.funnel = int_funnel_touch.funnel
    and way.unit_id = int_funnel_touch.unit_id
    and way.held_value = int_funnel_touch.held_value
    and way.started_at <= int_funnel_touch.occurred_at
    and way.over_at >= int_funnel_touch.occurred_at
    and way.step_bits & int_funnel_touch.step_mask <> 0
where int_funnel_touch.role_number is not null
group by way.funnel, way.unit_id
