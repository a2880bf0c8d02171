-- Everything the churn model may look at of one paying account at a cutoff: the
-- pipeline's features and their values, in one order. A value that is not known is null.
-- What is not for training is not here, whatever the pipeline lists: what is learned from
-- and what is scored by is one thing.
-- grain: as_of, account_id
with

payer as (
    select
        as_of,
        account_id
    from int_account_commercial
    where mrr > 0
),

allowed as (
    select cfg_churn_feature.feature
    from cfg_churn_feature
    inner join int_feature_text on cfg_churn_feature.feature = int_feature_text.feature
    where int_feature_text.is_for_training
),

listed as (
    select
        payer.as_of,
        payer.account_id,
        allowed.feature
    from allowed
    cross join payer
)

select
    listed.as_of,
    listed.account_id,
    array_agg(listed.feature order by listed.feature) as features,
    array_agg(int_risk_feature.value order by listed.feature) as feature_values
from listed
left join int_risk_feature
    on listed.as_of = int_risk_feature.as_of
    and listed.account_id = int_risk_feature.account_id
    and listed.feature = int_risk_feature.feature
group by
    listed.as_of,
    listed.account_id
