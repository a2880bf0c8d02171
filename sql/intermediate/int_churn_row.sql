-- Everything the churn model may look at of one paying account at a cutoff: the
-- pipeline's features and their values, in one order. A value that is not known is null.
-- grain: as_of, account_id
with

payer as (
    select
        as_of,
        account_id
    from int_account_commercial
    where mrr > 0
),

listed as (
    select
        payer.as_of,
        payer.account_id,
        cfg_churn_feature.feature
    from cfg_churn_feature
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
