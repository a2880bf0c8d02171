-- Forecasts outside what their definition allows: an expectation outside its interval
-- or above what is due, owners that do not sum to the total, a coming month in the
-- past.
-- severity: error
-- checks: renewal_forecast
with

summed as (
    select
        *,
        sum(case when dimension = 'all' then arr_due else -arr_due end) over (
            partition by month, currency
        ) as arr_over,
        sum(case when dimension = 'all' then accounts_due else -accounts_due end) over (
            partition by month, currency
        ) as accounts_over
    from renewal_forecast
)

select
    month,
    dimension,
    dimension_value,
    currency,
    accounts_due,
    arr_due,
    expected_arr
from summed
where arr_due <= 0
    or accounts_due < 1
    or arr_notified > arr_due
    or expected_arr < 0
    or expected_arr > arr_due
    or low > expected_arr
    or high < expected_arr
    or expected_arr_by_risk > arr_due
    or (accounts_without_forecast = 0) <> (expected_arr is not null)
    or ends_on <= $as_of
    or arr_over <> 0
    or accounts_over <> 0
