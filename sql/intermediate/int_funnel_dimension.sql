-- One attribute of a unit of a funnel by which funnels break down. Owner of the account,
-- channel, mode and the person's role are those of the first step; all other attributes
-- of the account are today's, because its extract holds one state. A person's role is
-- today's too, and so is the owner where no owner_history is extracted.
-- grain: funnel, unit_id, dimension
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | unit of the funnel
--   dimension | text | - | all, segment, region, …, owner, channel, mode or role
--   dimension_value | text | - | value of the attribute; unknown where there is none
with

first_touch as (
    select * from int_funnel_reached where step_number = 1
),

by_touch as (
    select funnel, unit_id, 'owner' as dimension, owner_id as dimension_value
    from first_touch
    union all
    select funnel, unit_id, 'channel' as dimension, channel as dimension_value
    from first_touch
    union all
    select funnel, unit_id, 'mode' as dimension, mode as dimension_value
    from first_touch
    union all
    select funnel, unit_id, 'role' as dimension, role as dimension_value
    from first_touch
)

select
    int_funnel_unit.funnel,
    int_funnel_unit.unit_id,
    int_account_dimension.dimension,
    int_account_dimension.dimension_value
from int_funnel_unit
left join stg_account on int_funnel_unit.account_id = stg_account.account_id
inner join int_account_dimension
    on coalesce(stg_account.account_id, '') = int_account_dimension.account_id
where int_account_dimension.dimension <> 'owner'
union all
select
    funnel,
    unit_id,
    dimension,
    coalesce(dimension_value, 'unknown') as dimension_value
from by_touch
