-- Customers whose score, on any step of its way, is outside 0 to 100, whose coverage is
-- outside 0 to 1, or whom a cap lifts or leaves above what it allows.
-- severity: error
-- checks: account_health
select
    account_id,
    score,
    score_uncapped,
    score_computed,
    coverage,
    cap
from account_health
where not coalesce(score between 0 and 100, true)
    or not coalesce(score_uncapped between 0 and 100, true)
    or not coalesce(score_computed between 0 and 100, true)
    or not coalesce(coverage between 0 and 1, false)
    or coalesce(score_computed > score_uncapped, false)
    or (cap is not null) <> coalesce(score_computed < score_uncapped, false)
