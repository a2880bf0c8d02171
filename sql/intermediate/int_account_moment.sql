-- The purchase that an account's people are asked about today, and its phase: what their
-- influence is looked up by. Of several, the renewal (or what the pipeline names for
-- customers) goes first, because it decides whether there is an account at all; then the
-- purchase that has come furthest.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   unit | text | - | opportunity, or account for customers between deals
--   unit_id | text | key | deal or account
--   purchase | text | - | new, renewal, expansion, or what the deal says
--   phase | text | - | phase of the purchase
with

phase_order as (
    select
        phase,
        max(stage_number) as phase_number
    from cfg_purchase_phase
    group by phase
)

select
    int_purchase.account_id,
    int_purchase.unit,
    int_purchase.unit_id,
    int_purchase.purchase,
    int_purchase.phase
from cfg_buying_group
cross join int_purchase
left join phase_order on int_purchase.phase = phase_order.phase
qualify row_number() over (
    partition by int_purchase.account_id
    order by
        int_purchase.purchase = cfg_buying_group.customer_purchase desc,
        phase_order.phase_number desc nulls last,
        int_purchase.unit,
        int_purchase.unit_id
) = 1
