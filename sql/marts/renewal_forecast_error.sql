-- What was forecast for the renewals of a month that is over, so many days before it
-- began, and what came. Every past forecast is made anew from what the extracts held at
-- the end of its cutoff: contracts that had begun, ends and notices that had come,
-- curves fitted to them. Nothing later is in it, and the segments and owners are
-- today's.
-- grain: month, lead_days, dimension, dimension_value, currency
-- columns:
--   month | date | first day | the month of the renewals
--   lead_days | integer | days | from the cutoff to the first of the month
--   cutoff_on | date | day | the day at whose end the forecast is made
--   dimension | text | - | all or owner
--   dimension_value | text | - | all, or the owner today; unknown where there is none
--   currency | text | ISO 4217 | currency of the amounts
--   accounts_due | integer | accounts | with a renewal in the month, as known then
--   arr_due | decimal(38,4) | currency/year | what they paid then
--   expected_arr | decimal(38,4) | currency/year | expected; null with too little history
--   low | decimal(38,4) | currency/year | low end of its 95 % interval
--   high | decimal(38,4) | currency/year | high end of its 95 % interval
--   renewed_arr | decimal(38,4) | currency/year | paid on, up to what each paid then
--   error | decimal(38,4) | currency/year | expected less renewed
--   error_share | float | of arr_due | error over arr_due
--   is_within_interval | boolean | - | what came lies within the interval
select
    month,
    lead_days,
    cutoff_on,
    dimension,
    dimension_value,
    currency,
    accounts_due,
    arr_due,
    expected_arr,
    low,
    high,
    renewed_arr,
    cast(expected_arr - renewed_arr as decimal(38, 4)) as error,
    cast(expected_arr - renewed_arr as double) / cast(arr_due as double)
        as error_share,
    renewed_arr between low and high as is_within_interval
from int_renewal_total
where lead_days > 0
