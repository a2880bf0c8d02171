-- One touch that one funnel counts: of a unit that could have entered by then. Most
-- touches are of units that never enter, or come before they do.
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
select
    int_funnel_touch.funnel,
    int_funnel_touch.terms,
    int_funnel_touch.unit,
    int_funnel_touch.unit_id,
    int_funnel_touch.held_value,
    int_funnel_touch.account_id,
    int_funnel_touch.touchpoint_id,
    int_funnel_touch.occurred_at,
    int_funnel_touch.step_mask,
    int_funnel_touch.is_start,
    int_funnel_touch.person_id,
    int_funnel_touch.role_number
from int_funnel_start
inner join int_funnel_touch
    on int_funnel_start.funnel = int_funnel_touch.funnel
    and int_funnel_start.unit_id = int_funnel_touch.unit_id
    and int_funnel_start.held_value = int_funnel_touch.held_value
where int_funnel_touch.occurred_at >= int_funnel_start.first_start_at
