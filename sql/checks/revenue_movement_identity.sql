-- Opening and movements of an account in a month must give its closing to the last cent,
-- every amount is positive, and at most one of them is not zero.
-- severity: error
-- checks: revenue_movement
select
    account_id,
    month,
    currency,
    movement,
    opening,
    new,
    expansion,
    contraction,
    churn,
    reactivation,
    closing
from revenue_movement
where
    opening + new + expansion + reactivation - contraction - churn <> closing
    or least(new, expansion, contraction, churn, reactivation) < 0
    or greatest(new, expansion, contraction, churn, reactivation)
    <> new + expansion + contraction + churn + reactivation
