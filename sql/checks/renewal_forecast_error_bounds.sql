-- Past forecasts that contradict themselves: made on or after the month they are of, an
-- error that is not the difference, more renewed than was due, owners that do not sum
-- to the total.
-- severity: error
-- checks: renewal_forecast_error
with

summed as (
    select
        *,
        sum(case when dimension = 'all' then renewed_arr else -renewed_arr end) over (
            partition by month, lead_days, currency
        ) as renewed_over
    from renewal_forecast_error
)

select
    month,
    lead_days,
    dimension,
    dimension_value,
    currency,
    arr_due,
    renewed_arr,
    error
from summed
where cutoff_on >= month
    or lead_days < 1
    or renewed_arr is null
    or renewed_arr < 0
    or renewed_arr > arr_due
    or error <> expected_arr - renewed_arr
    or (error is null) <> (expected_arr is null)
    or renewed_over <> 0
