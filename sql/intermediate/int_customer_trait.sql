-- What an account that pays, or once paid, is to us: its main product, how long it has
-- been a customer, and what it pays a month. A former customer keeps what it was on its
-- last day: else everybody who left would fall out of the figures of the product they
-- left. Amounts are compared in the pipeline's currency at the newest rate.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   product | text | - | product with most revenue on the last day; null where unnamed
--   tenure_days | integer | days | from the first paid day to the last one
--   monthly_revenue | decimal(38,4) | currency | of that day; null without a rate
with

paid as (
    select
        account_id,
        product_id,
        currency,
        cast(mrr as decimal(38,4)) as mrr,
        started_on,
        -- the last day of service, as far as it has come
        case when ended_on <= $as_of then ended_on - 1 else $as_of end as last_on
    from stg_subscription
    where account_id is not null
        and mrr > 0
        and started_on <= $as_of
        and coalesce(ended_on > started_on, true)
),

served as (
    select
        account_id,
        min(started_on) as first_on,
        max(last_on) as last_on
    from paid
    group by account_id
),

by_product as (
    select
        paid.account_id,
        paid.product_id,
        count(*) as contracts,
        count(stg_fx_rate.rate) as priced,
        sum(cast(paid.mrr * stg_fx_rate.rate as decimal(38,4))) as revenue
    from paid
    inner join served
        on paid.account_id = served.account_id
        and paid.started_on <= served.last_on
        and paid.last_on >= served.last_on
    left join stg_fx_rate on paid.currency = stg_fx_rate.currency
    group by paid.account_id, paid.product_id
),

revenue as (
    select
        account_id,
        case when sum(contracts) = sum(priced) then sum(revenue) end as monthly_revenue
    from by_product
    group by account_id
),

main_product as (
    select
        account_id,
        product_id
    from by_product
    qualify row_number() over (
        partition by account_id
        order by revenue desc nulls last, contracts desc, product_id nulls last
    ) = 1
)

select
    served.account_id,
    main_product.product_id as product,
    served.last_on - served.first_on as tenure_days,
    cast(revenue.monthly_revenue as decimal(38,4)) as monthly_revenue
from served
inner join revenue on served.account_id = revenue.account_id
inner join main_product on served.account_id = main_product.account_id
