-- What one unit of a currency is worth in the pipeline's currency: the newest known rate.
-- The pipeline's currency itself is always there, at 1. Used to compare amounts, never to
-- add them.
-- grain: currency
-- columns:
--   currency | text | ISO 4217 | from
--   rate | decimal(18,4) | - | units of the pipeline's currency for one unit
--   valid_on | date | day | day of the rate, null for the pipeline's currency
with

known_rate as (
    select
        upper(trim(raw_fx_rate.currency)) as currency,
        raw_fx_rate.rate,
        raw_fx_rate.valid_on
    from raw_fx_rate
    inner join cfg_pipeline
        on upper(trim(raw_fx_rate.target_currency)) = cfg_pipeline.currency
    where upper(trim(raw_fx_rate.currency)) <> cfg_pipeline.currency
        and raw_fx_rate.rate > 0
    qualify row_number() over (
        partition by upper(trim(raw_fx_rate.currency))
        order by raw_fx_rate.valid_on desc nulls last, raw_fx_rate.rate desc
    ) = 1
)

select
    currency,
    rate,
    valid_on
from known_rate
union all
select
    currency,
    cast(1 as decimal(18,4)) as rate,
    cast(null as date) as valid_on
from cfg_pipeline
