-- What one account was like at the start of one retention period, as far as its
-- contracts tell: how long it had paid, since which year, for which product, and how
-- much. Other attributes are those of today, in int_account_dimension.
-- grain: account_id, period_start, period_end, dimension
-- columns:
--   account_id | text | key | the account
--   period_start | date | - | first day of the period
--   period_end | date | - | last day of the period
--   dimension | text | - | tenure, cohort, product or revenue
--   dimension_value | text | - | its value at the start of the period
with

first_paid as (
    select
        account_id,
        min(started_on) as started_on
    from stg_subscription
    where mrr > 0 and account_id is not null
    group by account_id
),

product as (
    select
        start.account_id,
        start.period_start,
        min(coalesce(stg_subscription.product_id, 'unknown')) as first_product,
        max(coalesce(stg_subscription.product_id, 'unknown')) as last_product
    from (
        select distinct account_id, period_start
        from int_account_retention_converted
    ) as start
    inner join stg_subscription
        on start.account_id = stg_subscription.account_id
        and stg_subscription.started_on < start.period_start
        and coalesce(stg_subscription.ended_on, date '9999-12-31') >= start.period_start
    where stg_subscription.mrr > 0
    group by start.account_id, start.period_start
),

described as (
    select
        retention.account_id,
        retention.period_start,
        retention.period_end,
        retention.mrr_at_start * 12 as arr,
        case
            when product.first_product <> product.last_product then 'several'
            else coalesce(product.first_product, 'unknown')
        end as product,
        first_paid.started_on,
        (
            date_part('year', retention.period_start)
            - date_part('year', first_paid.started_on)
        ) * 12
        + date_part('month', retention.period_start)
        - date_part('month', first_paid.started_on)
        - case
            when date_part('day', first_paid.started_on) > 1 then 1
            else 0
        end as months_paid
    from int_account_retention_converted as retention
    left join first_paid on retention.account_id = first_paid.account_id
    left join product
        on retention.account_id = product.account_id
        and retention.period_start = product.period_start
)

select
    described.account_id,
    described.period_start,
    described.period_end,
    asked.dimension,
    case asked.dimension
        when 'tenure' then case
            when months_paid < 12 then 'under 1 year'
            when months_paid < 24 then '1 to 2 years'
            when months_paid < 60 then '2 to 5 years'
            when months_paid >= 60 then '5 years and more'
            else 'unknown'
        end
        when 'cohort' then coalesce(
            cast(cast(date_part('year', started_on) as bigint) as text), 'unknown'
        )
        when 'product' then product
        when 'revenue' then case
            when arr is null then 'unknown'
            when arr < 10000 then 'under 10 thousand'
            when arr < 100000 then '10 to 100 thousand'
            when arr < 1000000 then '100 thousand to 1 million'
            when arr < 10000000 then '1 to 10 million'
            else '10 million and more'
        end
    end as dimension_value
from (values ('tenure'), ('cohort'), ('product'), ('revenue')) as asked (dimension)
cross join described
