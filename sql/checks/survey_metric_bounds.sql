-- Survey figures outside what they can be: rates outside 0 to 1, NPS outside -100 to 100,
-- a figure outside its interval. (The interval of NPS is drawn towards the middle, so
-- that of one single answer may leave it out.)
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
    or answered > invited
    or (invited = 0) <> (response_rate is null)
    or response_rate not between 0 and 1
    or n < 0
    or (metric = 'nps' and value not between -100 and 100)
    or (metric <> 'nps' and value not between 0 and 1)
    or low > high
    or (n > 1 and value < low - 1e-9)
    or (n > 1 and value > high + 1e-9)
