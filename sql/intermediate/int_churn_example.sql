-- What there is to learn from of one paying account at a cutoff: its features, and beside
-- them what a model is compared with and what it is weighed by. What became of the
-- account is not here: that is only known later.
-- grain: as_of, account_id
with

points as (
    select
        as_of,
        account_id,
        sum(points) as points
    from int_risk_factor
    group by
        as_of,
        account_id
)

select
    int_churn_row.as_of,
    int_churn_row.account_id,
    int_churn_row.features,
    int_churn_row.feature_values,
    cast(cfg_risk.base_log_odds + coalesce(points.points, 0) as double)
        as scorecard_log_odds,
    cast(coalesce(
        cast(int_account_commercial.arr as decimal(24,4)) * stg_fx_rate.rate, 0
    ) as decimal(38,4)) as revenue,
    coalesce(stg_account.segment, 'unknown') as segment
from cfg_risk
cross join int_churn_row
inner join int_account_commercial
    on int_churn_row.as_of = int_account_commercial.as_of
    and int_churn_row.account_id = int_account_commercial.account_id
left join points
    on int_churn_row.as_of = points.as_of
    and int_churn_row.account_id = points.account_id
left join stg_fx_rate on int_account_commercial.currency = stg_fx_rate.currency
left join stg_account on int_churn_row.account_id = stg_account.account_id
