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
--   accounts | integer | accounts | paying accounts on the day
--   known_accounts | integer | accounts | of these, those whose value is known
with

listed as (
    select * from int_use_feature_text
    union all
    select * from int_service_feature_text
    union all
    select * from int_contract_feature_text
),

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
    listed.feature,
    listed.feature_number,
    listed.unit,
    listed.meaning,
    listed.source,
    listed.missing_means,
    listed.history,
    listed.history <> 'today' as is_for_training,
    in_scorecard.feature is not null as is_in_scorecard,
    payer.accounts,
    coalesce(known.accounts, 0) as known_accounts
from payer
cross join listed
left join known on listed.feature = known.feature
left join in_scorecard on listed.feature = in_scorecard.feature
