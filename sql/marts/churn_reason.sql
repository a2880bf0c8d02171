-- What one feature adds to the churn probability of one paying account: base_probability
-- of churn_risk plus all contributions of the account is its churn_probability, exactly.
-- Features that add nothing have no row.
-- grain: account_id, feature
-- columns:
--   account_id | text | key | the account
--   feature | text | key | feature of the model, or factor of the scorecard
--   reason_rank | integer | - | 1 = raises the probability most; ties by name
--   contribution | decimal(9,6) | 0-1 | added to the probability; negative lowers it
--   value | float | - | value of the feature, null where it is not known
--   typical | float | - | median in training, null for the scorecard
--   reason | text | - | why, in words: associated with the risk, not its cause
--   reason_en | text | - | the same in English
--   reason_ja | text | - | the same in Japanese
--   next_step | text | - | what to do about it, null where nothing is named
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   is_actionable | boolean | - | somebody can do something about it
select
    account_id,
    feature,
    reason_rank,
    contribution,
    value,
    typical,
    reason,
    reason_en,
    reason_ja,
    next_step,
    next_step_en,
    next_step_ja,
    is_actionable
from int_churn_reason
where as_of = $as_of
