-- One touch as one funnel sees it: whose it is, and which steps and exclusions it
-- satisfies, by its kind. A deal's touches are its own and those of the people who have a
-- role in it. Touches without the funnel's unit, without the property that it holds
-- constant, or from before the events that the funnel needs, are left out.
-- grain: funnel, unit_id, touchpoint_id, occurred_at
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | key of the unit; account_id/product_id for account_product
--   held_value | text | - | value of the property held constant; '' where none is
--   account_id | text | key | account the touch belongs to
--   contact_id | text | key | who made it, where known
--   touchpoint | text | - | what funnels name it by
--   touchpoint_id | text | key | touch
--   occurred_at | timestamp | UTC | when it happened
--   day | date | day | the day of that, in the pipeline's time zone
--   step_mask | integer | bits | bit k-1 is set where it satisfies step or exclusion k
--   is_start | boolean | - | it satisfies a step that an attempt begins with
with

-- only these channels and types of deals make a difference
asked as (
    select distinct touchpoint, variant
    from int_funnel_kind
    where variant <> ''
),

touch as (
    select
        int_touchpoint.touchpoint_id,
        int_touchpoint.account_id,
        int_touchpoint.contact_id,
        int_touchpoint.opportunity_id,
        int_touchpoint.product_id,
        int_touchpoint.channel,
        int_touchpoint.mode,
        int_touchpoint.occurred_at,
        int_touchpoint.day,
        int_touchpoint.touchpoint,
        asked.variant
    from asked
    right join int_touchpoint
        on asked.touchpoint = int_touchpoint.touchpoint
        and case
            when int_touchpoint.opportunity_id is null then int_touchpoint.channel
            else int_touchpoint.deal_type
        end = asked.variant
),

-- not a key of the join: then the kinds alone say which touches need not be read
touched as (
    select
        int_funnel_kind.funnel,
        int_funnel_kind.unit,
        int_funnel_kind.hold,
        int_funnel_kind.step_mask,
        int_funnel_kind.is_start,
        touch.* exclude (variant)
    from int_funnel_kind
    inner join touch
        on int_funnel_kind.touchpoint = touch.touchpoint
        and nullif(int_funnel_kind.variant, '') is not distinct from touch.variant
    where not int_funnel_kind.needs_events
        or touch.occurred_at >= int_funnel_kind.first_event_at
),

-- one branch a unit, so that the key of a unit is a column as it was read
seen as (
    select
        *,
        account_id as unit_id
    from touched
    where unit = 'account'
    union all
    select
        *,
        contact_id as unit_id
    from touched
    where unit = 'contact'
    union all
    select
        *,
        opportunity_id as unit_id
    from touched
    where unit = 'opportunity'
    union all
    select
        *,
        account_id || '/' || product_id as unit_id
    from touched
    where unit = 'account_product'
    union all
    -- what people with a role in a deal do, seen as touches of the deal
    select
        touched.*,
        stg_opportunity.opportunity_id as unit_id
    from stg_opportunity_contact_role
    inner join stg_opportunity
        on stg_opportunity_contact_role.opportunity_id = stg_opportunity.opportunity_id
    inner join touched
        on stg_opportunity_contact_role.contact_id = touched.contact_id
        and stg_opportunity.account_id = touched.account_id
    where touched.unit = 'opportunity'
        and touched.opportunity_id is null
),

held as (
    select
        *,
        case
            when hold is null then ''
            when hold = 'channel' then channel
            when hold = 'mode' then mode
            when hold = 'contact' then contact_id
            when hold = 'opportunity' then opportunity_id
            when hold = 'product' then product_id
        end as held_value
    from seen
    where unit_id is not null
)

select
    funnel,
    unit_id,
    held_value,
    account_id,
    contact_id,
    touchpoint,
    touchpoint_id,
    occurred_at,
    day,
    step_mask,
    is_start
from held
where held_value is not null
