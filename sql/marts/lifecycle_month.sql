-- How many accounts, and how much recurring revenue, were new, returning, resurrecting or
-- dormant in one complete month, per breakdown and currency; all four have a row where
-- one of them has. Of the accounts that were active the month before, each is returning
-- or dormant now: these two have a rate, by accounts and by revenue. The breakdown is by
-- the segment of today, and by whether the account paid at the end of the month.
-- grain: month, dimension, dimension_value, currency, state
-- columns:
--   month | date | first day | the calendar month
--   dimension | text | - | segment, paying, or all for the total
--   dimension_value | text | - | value of the attribute; yes or no for paying
--   currency | text | ISO 4217 | currency of the accounts counted
--   state | text | - | new, returning, resurrecting or dormant
--   accounts | integer | accounts | accounts in the state
--   arr | decimal(38,4) | currency/year | their revenue at the end of the month
--   n | integer | accounts | accounts active the month before
--   rate | float | 0-1 | accounts / n; null where is_too_few, new or resurrecting
--   rate_low | float | 0-1 | low end of its 95 % Wilson interval
--   rate_high | float | 0-1 | high end of its 95 % Wilson interval
--   arr_rate | float | 0-1 | the same share of their revenue
--   is_too_few | boolean | - | n is below minimum_n
with

breakdown as (
    select *, 'all' as dimension, 'all' as dimension_value from lifecycle
    union all
    select *, 'segment' as dimension, segment as dimension_value from lifecycle
    union all
    select
        *,
        'paying' as dimension,
        case when is_paying then 'yes' else 'no' end as dimension_value
    from lifecycle
),

counted as (
    select
        month,
        dimension,
        dimension_value,
        currency,
        state,
        count(*) as accounts,
        sum(arr) as arr
    from breakdown
    group by month, dimension, dimension_value, currency, state
),

every_state as (
    select distinct
        state.state,
        counted.month,
        counted.dimension,
        counted.dimension_value,
        counted.currency
    from (
        values ('new'), ('returning'), ('resurrecting'), ('dormant')
    ) as state (state)
    cross join counted
),

filled as (
    select
        every_state.*,
        coalesce(counted.accounts, 0) as accounts,
        cast(coalesce(counted.arr, 0) as decimal(38, 4)) as arr,
        every_state.state in ('returning', 'dormant') as was_active
    from every_state
    left join counted
        on every_state.month = counted.month
        and every_state.dimension = counted.dimension
        and every_state.dimension_value = counted.dimension_value
        and every_state.currency = counted.currency
        and every_state.state = counted.state
),

summed as (
    select
        *,
        sum(case when was_active then accounts else 0 end) over (
            partition by month, dimension, dimension_value, currency
        ) as n,
        cast(sum(case when was_active then arr end) over (
            partition by month, dimension, dimension_value, currency
        ) as double) as arr_n
    from filled
),

judged as (
    select
        summed.*,
        summed.n < cfg_pipeline.minimum_n as is_too_few,
        summed.was_active and summed.n >= cfg_pipeline.minimum_n as has_rate
    from cfg_pipeline
    cross join summed
)

select
    month,
    dimension,
    dimension_value,
    currency,
    state,
    accounts,
    arr,
    n,
    case when has_rate then cast(accounts as double) / n end as rate,
    case when has_rate then wilson_low(accounts, n) end as rate_low,
    case when has_rate then wilson_high(accounts, n) end as rate_high,
    case when has_rate then cast(arr as double) / nullif(arr_n, 0) end as arr_rate,
    is_too_few
from judged
