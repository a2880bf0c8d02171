-- One feature of paying accounts: what it means, where it comes from, what it means when
-- it is missing, and whether a model may learn from it. A value is dated when the
-- extracts say from which day on it was known; it is a row's when it stands in a row that
-- is kept as it was (a paid period of subscription is a row); otherwise only today's
-- state exists, which would tell the past what came later: the scorecard uses it on its
-- own day, and no model learns from it.
-- grain: feature
-- columns:
--   feature | text | key | name, a column of int_account_feature
--   feature_number | integer | - | its place in that table
--   unit | text | - | unit of the value
--   meaning | text | - | what it says of an account on a day
--   source | text | - | the extracts it is made of
--   missing_means | text | - | why it may be missing; - where it never is
--   history | text | - | dated, row or today
--   is_for_training | boolean | - | false where only today's state exists
--   is_in_scorecard | boolean | - | the pipeline's scorecard has a factor for it
--   is_in_churn_model | boolean | - | the pipeline lets the churn model look at it
--   accounts | integer | accounts | paying accounts on the day
--   known_accounts | integer | accounts | of these, those whose value is known
with

payer as (
    select count(*) as accounts
    from int_account_feature
),

known as (
    select
        feature,
        count(*) as accounts
    from int_risk_feature
    group by feature
),

in_scorecard as (
    select distinct feature
    from cfg_risk_factor
)

select
    int_feature_text.feature,
    int_feature_text.feature_number,
    int_feature_text.unit,
    int_feature_text.meaning,
    int_feature_text.source,
    int_feature_text.missing_means,
    int_feature_text.history,
    int_feature_text.is_for_training,
    in_scorecard.feature is not null as is_in_scorecard,
    cfg_churn_feature.feature is not null as is_in_churn_model,
    payer.accounts,
    coalesce(known.accounts, 0) as known_accounts
from payer
cross join int_feature_text
left join known on int_feature_text.feature = known.feature
left join in_scorecard on int_feature_text.feature = in_scorecard.feature
left join cfg_churn_feature on int_feature_text.feature = cfg_churn_feature.feature
