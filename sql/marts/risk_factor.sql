-- One factor that moves the churn risk of one paying account, with its reason in words:
-- base plus points is the log-odds in churn_risk.
-- grain: account_id, factor
-- columns:
--   account_id | text | key | the account
--   factor | text | key | name of the factor in the pipeline's scorecard
--   factor_rank | integer | - | 1 = raises the risk most; ties by name
--   points | decimal(9,4) | log-odds | added log-odds; negative speaks against churn
--   value | float | - | value of the feature behind it
--   reason | text | - | why, in words
--   next_step | text | - | what to do about it, null where nothing is named
--   is_actionable | boolean | - | somebody can do something about it
select
    account_id,
    factor,
    factor_rank,
    points,
    value,
    reason,
    next_step,
    is_actionable
from int_risk_factor
where as_of = $as_of
