-- Support figures outside what they can be: negative times, quantiles out of order, rates
-- outside 0 to 1 or their interval, more answers than resolved tickets.
-- severity: error
-- checks: support_metric
select
    dimension,
    dimension_value,
    month,
    tickets,
    resolved,
    unresolved,
    art_minutes_mean,
    art_business_minutes_mean,
    first_response_minutes_p50,
    reopen_rate,
    csat,
    csat_n,
    cost,
    cost_n
from support_metric
where tickets < 1
    or resolved < 0
    or unresolved < 0
    or resolved + unresolved <> tickets
    or csat_n > resolved
    or art_minutes_mean < 0
    or art_minutes_p50 < 0
    or art_minutes_p50 > art_minutes_p90
    or art_business_minutes_mean < 0
    or art_business_minutes_p50 < 0
    or art_business_minutes_p50 > art_business_minutes_p90
    or first_response_minutes_p50 < 0
    or first_response_minutes_p50 > first_response_minutes_p90
    or reopen_rate not between 0 and 1
    or reopen_rate < reopen_rate_low - 1e-9
    or reopen_rate > reopen_rate_high + 1e-9
    or (csat_n = 0) <> (csat is null)
    or csat not between 0 and 1
    or csat < csat_low - 1e-9
    or csat > csat_high + 1e-9
    or first_response_minutes_spread < 0
    or first_response_n > tickets
    or cost_n > resolved
    or cost < 0
    or (cost_n = 0) <> (cost is null)
