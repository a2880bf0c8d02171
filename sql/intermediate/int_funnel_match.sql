-- One touch that one funnel counts: of a unit that could have entered by then and whose
-- latest attempt was not over yet. Most touches are of units that never enter, or come
-- before they do. Only these few are asked who made them, and in which role on that day.
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

-- the kinds of touches that a unit's funnels name: no others need be read
wanted as (
    select distinct
        int_funnel_start.unit_id,
        int_funnel_kind.touchpoint
    from int_funnel_kind
    inner join int_funnel_start on int_funnel_kind.funnel = int_funnel_start.funnel
),

-- the few texts that stand on every touch are referred to, not copied
start as (
    select
        int_funnel_start.* exclude (newest_start_at),
        int_measured_funnel.asks_for_people,
        arrow_cast(int_measured_funnel.terms, 'Utf8View') as terms,
        arrow_cast(int_measured_funnel.unit, 'Utf8View') as unit
    from int_measured_funnel
    inner join int_funnel_start
        on int_measured_funnel.funnel = int_funnel_start.funnel
),

matched as (
    select
        start.* exclude (first_start_at, latest_end_at),
        int_funnel_touch.account_id,
        int_funnel_touch.contact_id,
        int_funnel_touch.touchpoint_id,
        int_funnel_touch.occurred_at,
        int_funnel_touch.day,
        int_funnel_touch.step_mask,
        int_funnel_touch.is_start
    from start
    inner join int_funnel_touch
        on start.funnel = int_funnel_touch.funnel
        and start.unit_id = int_funnel_touch.unit_id
        and start.held_value = int_funnel_touch.held_value
    left semi join wanted
        on int_funnel_touch.unit_id = wanted.unit_id
        and int_funnel_touch.touchpoint = wanted.touchpoint
    where int_funnel_touch.occurred_at >= start.first_start_at
        and int_funnel_touch.occurred_at <= start.latest_end_at
),

-- over which days a person had one of the roles that the funnel names
role_of_contact as (
    select
        int_contact_state.contact_id,
        int_contact_state.applies_from,
        int_contact_state.applies_to,
        cfg_funnel_role.funnel,
        cfg_funnel_role.role_number
    from cfg_funnel_role
    inner join int_measured_funnel
        on cfg_funnel_role.funnel = int_measured_funnel.funnel
        and int_measured_funnel.asks_for_roles
    inner join int_contact_state on cfg_funnel_role.role = int_contact_state.buying_role
)

select
    matched.funnel,
    matched.terms,
    matched.unit,
    matched.unit_id,
    matched.held_value,
    matched.account_id,
    matched.touchpoint_id,
    matched.occurred_at,
    matched.step_mask,
    matched.is_start,
    case when matched.asks_for_people then matched.contact_id end as person_id,
    role_of_contact.role_number
from role_of_contact
right join matched
    on role_of_contact.contact_id = matched.contact_id
    and role_of_contact.funnel = matched.funnel
    and role_of_contact.applies_from <= matched.day
    and coalesce(role_of_contact.applies_to > matched.day, true)
