-- Lifetime values outside what their definition allows: negative, outside their
-- interval, above what the account would pay if it stayed and grew as fast as allowed
-- for the whole horizon, given without history, or money without its currency.
-- severity: error
-- checks: lifetime_value
select
    lifetime_value.account_id,
    lifetime_value.lifetime_value,
    lifetime_value.low,
    lifetime_value.high,
    lifetime_value.is_too_little_history
from cfg_lifetime
cross join lifetime_value
where lifetime_value.lifetime_value < 0
    or lifetime_value.low > lifetime_value.lifetime_value
    or lifetime_value.high < lifetime_value.lifetime_value
    or (lifetime_value.lifetime_value is null) <> lifetime_value.is_too_little_history
    or (lifetime_value.low is null) <> lifetime_value.is_too_little_history
    or (lifetime_value.high is null) <> lifetime_value.is_too_little_history
    or lifetime_value.renewal_probability not between 0 and 1
    or cast(lifetime_value.lifetime_value as double)
    > cast(lifetime_value.arr as double)
    * (cast(lifetime_value.horizon_months as double) / 12 + 1)
    * power(
        1 + greatest(lifetime_value.yearly_growth, 0),
        cast(lifetime_value.horizon_months as double) / 12 + 1
    )
    or character_length(coalesce(lifetime_value.currency, '')) <> 3
