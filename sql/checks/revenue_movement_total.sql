-- The movements of all accounts in a month and currency must lead to the revenue of the
-- contracts that run at its end, summed without the steps in between: nothing is lost or
-- counted twice on the way.
-- severity: error
-- checks: revenue_movement
with

contract_totals as (
    select
        cfg_month.month,
        stg_subscription.currency,
        sum(cast(stg_subscription.mrr as decimal(38, 4))) as mrr
    from stg_subscription
    inner join cfg_month
        on
            stg_subscription.started_on <= cfg_month.ends_on
            and coalesce(stg_subscription.ended_on, date '9999-12-31') > cfg_month.ends_on
    where stg_subscription.account_id is not null
    group by cfg_month.month, stg_subscription.currency
),

movement_totals as (
    select
        month,
        currency,
        sum(
            opening + new + expansion + reactivation - contraction - churn
        ) as mrr
    from revenue_movement
    group by month, currency
)

select
    coalesce(contract_totals.month, movement_totals.month) as month,
    coalesce(contract_totals.currency, movement_totals.currency) as currency,
    contract_totals.mrr as mrr_of_contracts,
    movement_totals.mrr as mrr_of_movements
from contract_totals
full outer join movement_totals
    on
        contract_totals.month = movement_totals.month
        and contract_totals.currency = movement_totals.currency
where coalesce(contract_totals.mrr, 0) <> coalesce(movement_totals.mrr, 0)
