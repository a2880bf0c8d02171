-- Survey figures outside what they can be: rates outside 0 to 1, NPS outside -100 to 100,
-- a figure or a change outside its interval, more answers than requests, a weighted
-- figure without an answer of those who decide. (The interval of NPS is drawn towards the
-- middle, so that of one single answer may leave it out.)
-- severity: error
-- checks: survey_metric
select
    metric,
    kind,
    stage,
    role,
    dimension,
    dimension_value,
    n,
    value,
    low,
    high,
    response_rate
from survey_metric
where invited < 0
    or answered < 0
    or answered > delivered
    or delivered > invited
    or (delivered = 0) <> (response_rate is null)
    or response_rate not between 0 and 1
    or n < 0
    or (metric = 'nps' and value not between -100 and 100)
    or (metric <> 'nps' and value not between 0 and 1)
    or low > high
    or (n > 1 and value < low - 1e-9)
    or (n > 1 and value > high + 1e-9)
    or change < change_low - 1e-9
    or change > change_high + 1e-9
    or (change is null) <> (is_changed is null)
    or weighted_state not in ('value', 'insufficient', 'too_few', 'not_applicable')
    or (weighted_state = 'value') <> (weighted_value is not null)
    or (weighted_state = 'value' and coalesce(weighted_deciders, 0) = 0)
    or weighted_value not between -100 and 100
    or weighted_low > weighted_high
