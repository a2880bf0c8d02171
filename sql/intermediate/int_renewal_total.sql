-- Renewals due in a month, summed, as forecast at the end of a cutoff: all of them, and
-- those of each owner. The interval of the expected revenue takes every account to
-- renew or not for itself, by its probability.
-- grain: month, lead_days, dimension, dimension_value, currency
-- columns:
--   month | date | first day | the month of the renewals
--   ends_on | date | day | its last day
--   lead_days | integer | days | from the cutoff to the month; 0 for coming months
--   cutoff_on | date | day | the day at whose end the forecast is made
--   dimension | text | - | all or owner
--   dimension_value | text | - | all, or the owner today; unknown where there is none
--   currency | text | ISO 4217 | currency of the amounts
--   accounts_due | integer | accounts | with a renewal in the month
--   accounts_without_forecast | integer | accounts | of these, without a probability
--   accounts_notified | integer | accounts | of these, with notice for everything
--   arr_due | decimal(38,4) | currency/year | what they pay
--   arr_notified | decimal(38,4) | currency/year | of this, under notice
--   expected_arr | decimal(38,4) | currency/year | expected of it; null if part has none
--   low | decimal(38,4) | currency/year | low end of its 95 % interval
--   high | decimal(38,4) | currency/year | high end of its 95 % interval
--   renewed_arr | decimal(38,4) | currency/year | paid on; null for coming months
with

owned as (
    select
        int_renewal_forecast.*,
        cast(
            int_renewal_forecast.arr * int_renewal_forecast.probability as decimal(38, 4)
        ) as expected,
        -- variance of arr that comes or does not, as a decimal: sums of floats differ
        cast(
            power(cast(int_renewal_forecast.arr as double), 2)
            * cast(probability as double)
            * (1 - cast(probability as double)) as decimal(38, 4)
        ) as variance,
        coalesce(stg_account.owner_id, 'unknown') as owner_id
    from int_renewal_forecast
    left join stg_account on int_renewal_forecast.account_id = stg_account.account_id
),

valued as (
    select *, 'all' as dimension, 'all' as dimension_value from owned
    union all
    select *, 'owner' as dimension, owner_id as dimension_value from owned
),

summed as (
    select
        month,
        ends_on,
        lead_days,
        cutoff_on,
        dimension,
        dimension_value,
        currency,
        count(*) as accounts_due,
        count(*) filter (where probability is null) as accounts_without_forecast,
        count(*) filter (where is_notified) as accounts_notified,
        cast(sum(arr) as decimal(38, 4)) as arr_due,
        cast(coalesce(sum(arr) filter (where is_notified), 0) as decimal(38, 4))
            as arr_notified,
        cast(sum(expected) as decimal(38, 4)) as expected,
        sqrt(cast(sum(variance) as double)) as deviation,
        cast(sum(renewed_arr) as decimal(38, 4)) as renewed_arr
    from valued
    group by
        month,
        ends_on,
        lead_days,
        cutoff_on,
        dimension,
        dimension_value,
        currency
)

select
    month,
    ends_on,
    lead_days,
    cutoff_on,
    dimension,
    dimension_value,
    currency,
    accounts_due,
    accounts_without_forecast,
    accounts_notified,
    arr_due,
    arr_notified,
    case when accounts_without_forecast = 0 then expected end as expected_arr,
    case
        when accounts_without_forecast = 0
            then greatest(
                cast(cast(expected as double) - 1.959964 * deviation as decimal(38, 4)),
                cast(0 as decimal(38, 4))
            )
    end as low,
    case
        when accounts_without_forecast = 0
            then least(
                cast(cast(expected as double) + 1.959964 * deviation as decimal(38, 4)),
                arr_due
            )
    end as high,
    renewed_arr
from summed
