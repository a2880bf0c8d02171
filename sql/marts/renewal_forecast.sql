-- The renewals of one coming month, of all accounts and of each owner, per currency:
-- what is due, what is expected to be paid on, and how wrong forecasts of this kind
-- were: the sum of their errors, each taken as positive, over what was due in the past
-- months (renewal_forecast_error), at 30, 60, 90 and 180 days before the month. Null
-- where the pipeline does not judge at that distance or no forecast could be made then.
-- grain: month, dimension, dimension_value, currency
-- columns:
--   month | date | first day | of the renewals; the running one: what is to come
--   ends_on | date | day | its last day
--   dimension | text | - | all or owner
--   dimension_value | text | - | all, or the owner; unknown where there is none
--   currency | text | ISO 4217 | currency of the amounts
--   accounts_due | integer | accounts | with a renewal in the month
--   accounts_without_forecast | integer | accounts | of these, without a probability
--   accounts_notified | integer | accounts | of these, with notice for everything
--   arr_due | decimal(38,4) | currency/year | what they pay
--   arr_notified | decimal(38,4) | currency/year | of this, under notice
--   expected_arr | decimal(38,4) | currency/year | expected of it; null if part has none
--   low | decimal(38,4) | currency/year | low end of its 95 % interval
--   high | decimal(38,4) | currency/year | high end of its 95 % interval
--   expected_arr_by_risk | decimal(38,4) | currency/year | by churn_risk, in its horizon
--   past_error_30_days | float | of arr due | mean error, without sign, 30 days before
--   past_error_60_days | float | of arr due | the same 60 days before
--   past_error_90_days | float | of arr due | the same 90 days before
--   past_error_180_days | float | of arr due | the same 180 days before
--   past_bias_30_days | float | of arr due | the same with sign: above 0 was too much
--   past_bias_60_days | float | of arr due | the same 60 days before
--   past_bias_90_days | float | of arr due | the same 90 days before
--   past_bias_180_days | float | of arr due | the same 180 days before
--   past_months | integer | months | months with a forecast, at the distance with fewest
with

by_risk as (
    select
        forecast.month,
        forecast.currency,
        coalesce(stg_account.owner_id, 'unknown') as owner_id,
        case
            when forecast.is_next
                and forecast.due_on - forecast.cutoff_on <= churn_risk.horizon_days
                then cast(
                    forecast.arr
                    * (1 - cast(churn_risk.churn_probability as decimal(9, 6)))
                    as decimal(38, 4)
                )
        end as expected
    from int_renewal_forecast as forecast
    left join stg_account on forecast.account_id = stg_account.account_id
    left join churn_risk on forecast.account_id = churn_risk.account_id
    where forecast.lead_days = 0
),

-- null as soon as one renewal lies beyond what churn_risk speaks of
risk as (
    select
        month,
        currency,
        dimension,
        case dimension when 'all' then 'all' else owner_id end as dimension_value,
        case
            when bool_and(expected is not null) then cast(sum(expected) as decimal(38, 4))
        end as expected
    from (values ('all'), ('owner')) as shown (dimension)
    cross join by_risk
    group by
        month,
        currency,
        dimension,
        case dimension when 'all' then 'all' else owner_id end
),

past as (
    select
        dimension,
        dimension_value,
        currency,
        lead_days,
        count(*) as months,
        cast(sum(abs(error)) as double) / cast(sum(arr_due) as double) as mean_error,
        cast(sum(error) as double) / cast(sum(arr_due) as double) as bias
    from renewal_forecast_error
    where error is not null
    group by dimension, dimension_value, currency, lead_days
),

errors as (
    select
        dimension,
        dimension_value,
        currency,
        max(case when lead_days = 30 then mean_error end) as error_30,
        max(case when lead_days = 60 then mean_error end) as error_60,
        max(case when lead_days = 90 then mean_error end) as error_90,
        max(case when lead_days = 180 then mean_error end) as error_180,
        max(case when lead_days = 30 then bias end) as bias_30,
        max(case when lead_days = 60 then bias end) as bias_60,
        max(case when lead_days = 90 then bias end) as bias_90,
        max(case when lead_days = 180 then bias end) as bias_180,
        min(months) as months
    from past
    group by dimension, dimension_value, currency
)

select
    total.month,
    total.ends_on,
    total.dimension,
    total.dimension_value,
    total.currency,
    total.accounts_due,
    total.accounts_without_forecast,
    total.accounts_notified,
    total.arr_due,
    total.arr_notified,
    total.expected_arr,
    total.low,
    total.high,
    risk.expected as expected_arr_by_risk,
    errors.error_30 as past_error_30_days,
    errors.error_60 as past_error_60_days,
    errors.error_90 as past_error_90_days,
    errors.error_180 as past_error_180_days,
    errors.bias_30 as past_bias_30_days,
    errors.bias_60 as past_bias_60_days,
    errors.bias_90 as past_bias_90_days,
    errors.bias_180 as past_bias_180_days,
    coalesce(errors.months, 0) as past_months
from int_renewal_total as total
left join errors
    on
        total.dimension = errors.dimension
        and total.dimension_value = errors.dimension_value
        and total.currency = errors.currency
left join risk
    on
        total.month = risk.month
        and total.currency = risk.currency
        and total.dimension = risk.dimension
        and total.dimension_value = risk.dimension_value
where total.lead_days = 0
