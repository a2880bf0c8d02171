-- What a measure adds to a customer's score in one scenario, and what the profile begins
-- with and is cut at: all that is said of a score before any rule.
-- grain: account_id, scenario, measure
-- columns:
--   account_id | text | key | customer
--   scenario | text | - | profile, presence or now
--   measure | text | - | name of the measure; start or limit
--   kind | text | - | measure, start or limit
--   points | decimal(12,6) | points | points of the score, zero without a number
select
    account_id,
    scenario,
    measure,
    'measure' as kind,
    cast(coalesce(contribution, 0) as decimal(12,6)) as points
from int_health_part
union all
select
    account_id,
    scenario,
    'start' as measure,
    'start' as kind,
    start_points as points
from int_health_total
union all
select
    account_id,
    scenario,
    'limit' as measure,
    'limit' as kind,
    limit_points as points
from int_health_total
