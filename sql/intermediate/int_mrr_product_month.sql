-- Recurring revenue of one product at one account, in one currency, at both ends of one
-- month: at the end of the day before it, and at its own end (the as-of day while it
-- runs). A month in which both are zero has no row.
-- grain: account_id, currency, product_id, month
-- columns:
--   account_id | text | key | the account
--   currency | text | ISO 4217 | currency of the amounts
--   product_id | text | key | the product; unknown where the contract names none
--   month | date | first day | the calendar month
--   opening | decimal(38,4) | currency/month | at the end of the day before
--   closing | decimal(38,4) | currency/month | at the end of the month
with

contracts as (
    select
        stg_subscription.account_id,
        stg_subscription.currency,
        coalesce(stg_subscription.product_id, 'unknown') as product_id,
        cfg_month.month,
        cast(stg_subscription.mrr as decimal(38, 4)) as mrr,
        stg_subscription.started_on < cfg_month.month
            and coalesce(stg_subscription.ended_on, date '9999-12-31') >= cfg_month.month
            as is_at_opening,
        coalesce(stg_subscription.ended_on, date '9999-12-31') > cfg_month.ends_on
            as is_at_closing
    from cfg_month
    inner join stg_subscription
        on
            stg_subscription.started_on <= cfg_month.ends_on
            and coalesce(stg_subscription.ended_on, date '9999-12-31') >= cfg_month.month
    where stg_subscription.mrr <> 0 and stg_subscription.account_id is not null
),

months as (
    select
        account_id,
        currency,
        product_id,
        month,
        cast(
            coalesce(sum(mrr) filter (where is_at_opening), 0) as decimal(38, 4)
        ) as opening,
        cast(
            coalesce(sum(mrr) filter (where is_at_closing), 0) as decimal(38, 4)
        ) as closing
    from contracts
    group by account_id, currency, product_id, month
)

select
    account_id,
    currency,
    product_id,
    month,
    opening,
    closing
from months
where opening <> 0 or closing <> 0
