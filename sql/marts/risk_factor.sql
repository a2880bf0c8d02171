-- One factor of the scorecard that applies to one paying account, with its reason in
-- words. While the scorecard is in charge, base plus points is the log-odds in
-- churn_risk; churn_reason says what moves the probability, whoever is in charge.
-- grain: account_id, factor
-- columns:
--   account_id | text | key | the account
--   factor | text | key | name of the factor in the pipeline's scorecard
--   factor_rank | integer | - | 1 = raises the risk most; ties by name
--   points | decimal(9,4) | log-odds | added log-odds; negative speaks against churn
--   value | float | - | value of the feature behind it
--   reason | text | - | why, in words
--   reason_en | text | - | the same in English
--   reason_ja | text | - | the same in Japanese
--   next_step | text | - | what to do about it, null where nothing is named
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   is_actionable | boolean | - | somebody can do something about it
select
    account_id,
    factor,
    factor_rank,
    points,
    value,
    reason,
    reason_en,
    reason_ja,
    next_step,
    next_step_en,
    next_step_ja,
    is_actionable
from int_risk_factor
where as_of = $as_of
