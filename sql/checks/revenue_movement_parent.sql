-- The same per account that owns others: the movements of a parent with its own accounts
-- must lead to the revenue of their contracts.
-- severity: error
-- checks: revenue_movement
with

contract_totals as (
    select
        coalesce(stg_account.parent_account_id, stg_subscription.account_id)
            as parent_account_id,
        cfg_month.month,
        stg_subscription.currency,
        sum(cast(stg_subscription.mrr as decimal(38, 4))) as mrr
    from stg_subscription
    inner join cfg_month
        on
            stg_subscription.started_on <= cfg_month.ends_on
            and coalesce(stg_subscription.ended_on, date '9999-12-31') > cfg_month.ends_on
    left join stg_account on stg_subscription.account_id = stg_account.account_id
    where stg_subscription.account_id is not null
    group by
        coalesce(stg_account.parent_account_id, stg_subscription.account_id),
        cfg_month.month,
        stg_subscription.currency
),

movement_totals as (
    select
        parent_account_id,
        month,
        currency,
        sum(
            opening + new + expansion + reactivation - contraction - churn
        ) as mrr
    from revenue_movement
    group by parent_account_id, month, currency
)

select
    coalesce(contract_totals.parent_account_id, movement_totals.parent_account_id)
        as parent_account_id,
    coalesce(contract_totals.month, movement_totals.month) as month,
    coalesce(contract_totals.currency, movement_totals.currency) as currency,
    contract_totals.mrr as mrr_of_contracts,
    movement_totals.mrr as mrr_of_movements
from contract_totals
full outer join movement_totals
    on
        contract_totals.parent_account_id = movement_totals.parent_account_id
        and contract_totals.month = movement_totals.month
        and contract_totals.currency = movement_totals.currency
where coalesce(contract_totals.mrr, 0) <> coalesce(movement_totals.mrr, 0)
