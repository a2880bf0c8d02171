-- What one unit of a currency is worth in the pipeline's currency: the newest known
-- rate, quoted either way round. A rate with four digits is exact enough the way it is
-- usually quoted (150.25 yen for a dollar) and not the other (0.0067), so the reverse
-- of a quote in the usual direction stands in for one that is missing or older. The
-- pipeline's currency itself is always there, at 1.
-- grain: currency
-- columns:
--   currency | text | ISO 4217 | from
--   rate | decimal(24,10) | - | units of the pipeline's currency for one unit
--   valid_on | date | day | day of the rate, null for the pipeline's currency
with

quote as (
    select
        upper(trim(raw_fx_rate.currency)) as currency,
        upper(trim(raw_fx_rate.target_currency)) as target_currency,
        cast(raw_fx_rate.rate as decimal(18, 4)) as rate,
        raw_fx_rate.valid_on
    from raw_fx_rate
    where raw_fx_rate.rate > 0
),

known_rate as (
    select
        quote.currency,
        cast(quote.rate as decimal(24, 10)) as rate,
        quote.valid_on,
        1 as direction
    from quote
    inner join cfg_pipeline on quote.target_currency = cfg_pipeline.currency
    where quote.currency <> cfg_pipeline.currency
    union all
    select
        quote.target_currency as currency,
        cast(cast(1 as decimal(24, 14)) / nullif(quote.rate, 0) as decimal(24, 10))
            as rate,
        quote.valid_on,
        2 as direction
    from quote
    inner join cfg_pipeline on quote.currency = cfg_pipeline.currency
    where quote.target_currency <> cfg_pipeline.currency
),

newest as (
    select
        currency,
        rate,
        valid_on
    from known_rate
    where rate > 0
    qualify row_number() over (
        partition by currency
        order by valid_on desc nulls last, direction, rate desc
    ) = 1
)

select
    currency,
    rate,
    valid_on
from newest
union all
select
    currency,
    cast(1 as decimal(24, 10)) as rate,
    cast(null as date) as valid_on
from cfg_pipeline
