-- Customers whose score is outside 0 to 100 or whose coverage is outside 0 to 1.
-- severity: error
-- checks: account_health
select
    account_id,
    score,
    coverage
from account_health
where not coalesce(score between 0 and 100, true)
    or not coalesce(coverage between 0 and 1, false)
