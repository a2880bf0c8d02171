-- One touch as one funnel sees it: whose it is, and which steps and exclusions it
-- satisfies, by its kind. A deal's touches are its own and those of the people who have a
-- role in it. Touches without the funnel's unit, without the property that it holds
-- constant, or from before the events that the funnel needs, are left out.
-- grain: funnel, unit_id, touchpoint_id, occurred_at
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   terms | text | - | the funnel's mode, window and conditions
--   unit | text | - | account, contact, opportunity or account_product
--   unit_id | text | key | key of that; account_id/product_id for account_product
--   held_value | text | - | value of the property held constant; '' where none is
--   account_id | text | key | account the touch belongs to
--   touchpoint_id | text | key | touch
--   occurred_at | timestamp | UTC | when it happened
--   step_mask | integer | bits | bit k-1 is set where it satisfies step or exclusion k
--   is_start | boolean | - | it satisfies a step that an attempt begins with
--   person_id | text | key | who made it, where the funnel asks for several people
--   role_number | integer | - | the person's role in the funnel that day, where it asks
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
        coalesce(asked.variant, '') as variant
    from asked
    right join int_touchpoint
        on asked.touchpoint = int_touchpoint.touchpoint
        and case
            when int_touchpoint.opportunity_id is null then int_touchpoint.channel
            else int_touchpoint.deal_type
        end = asked.variant
),

-- the few texts that stand on every touch are referred to, not copied
kind as (
    select
        * exclude (terms, unit),
        arrow_cast(terms, 'Utf8View') as terms,
        arrow_cast(unit, 'Utf8View') as unit
    from int_funnel_kind
),

touched as (
    select
        kind.* exclude (touchpoint, variant),
        touch.* exclude (touchpoint, variant)
    from kind
    inner join touch
        on kind.touchpoint = touch.touchpoint
        and kind.variant = touch.variant
    where not kind.needs_events or touch.occurred_at >= kind.first_event_at
),

seen as (
    select
        *,
        case unit
            when 'account' then account_id
            when 'contact' then contact_id
            when 'opportunity' then opportunity_id
            when 'account_product' then account_id || '/' || product_id
        end as unit_id
    from touched
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
),

-- over which days a person had one of the roles that the funnel names
role_of_contact as (
    select int_contact_state.contact_id, int_contact_state.applies_from,
        int_contact_state.applies_to, cfg_funnel_role.funnel, cfg_funnel_role.role_number
    from cfg_funnel_role
    inner join int_measured_funnel
        on cfg_funnel_role.funnel = int_measured_funnel.funnel
        and int_measured_funnel.asks_for_roles
    inner join int_contact_state on cfg_funnel_role.role = int_contact_state.buying_role
)

select
    held.funnel,
    held.terms,
    held.unit,
    held.unit_id,
    held.held_value,
    held.account_id,
    held.touchpoint_id,
    held.occurred_at,
    held.step_mask,
    held.is_start,
    case when held.asks_for_people then held.contact_id end as person_id,
    role_of_contact.role_number
from role_of_contact
right join held
    on role_of_contact.contact_id = held.contact_id
    and role_of_contact.funnel = held.funnel
    and role_of_contact.applies_from <= held.day
    and coalesce(role_of_contact.applies_to > held.day, true)
where held.held_value is not null
