-- The churn probability of one paying account at a cutoff in its parts: first the
-- probability, then that of an account of which nothing special is known, then what each
-- feature adds to it. By the trained model where one is in charge, else by the scorecard.
-- grain: as_of, account_id
with

factor_list as (
    select
        as_of,
        account_id,
        sum(points) as points_total,
        array_agg(factor order by factor_rank) as factors,
        array_agg(cast(points as double) order by factor_rank) as points
    from int_risk_factor
    group by
        as_of,
        account_id
),

trained as (
    select
        int_churn_row.as_of,
        int_churn_row.account_id,
        cfg_churn_model.kind as model,
        cfg_churn_model.version as model_version,
        int_churn_row.features,
        churn_parts(
            cfg_churn_model.model,
            int_churn_row.features,
            int_churn_row.feature_values
        ) as parts
    from cfg_churn_model
    cross join int_churn_row
),

in_charge as (
    select
        cfg_risk.base_log_odds,
        cfg_risk.model,
        cfg_risk.version
    from cfg_risk
    where not exists (select 1 from cfg_churn_model)
),

scorecard as (
    select
        int_account_commercial.as_of,
        int_account_commercial.account_id,
        in_charge.model,
        in_charge.version as model_version,
        cast(in_charge.base_log_odds + coalesce(factor_list.points_total, 0) as double)
            as log_odds,
        coalesce(factor_list.factors, arrow_cast(make_array(), 'List(Utf8)')) as features,
        log_odds_parts(
            cast(in_charge.base_log_odds as double),
            coalesce(factor_list.points, arrow_cast(make_array(), 'List(Float64)'))
        ) as parts
    from in_charge
    cross join int_account_commercial
    left join factor_list
        on int_account_commercial.as_of = factor_list.as_of
        and int_account_commercial.account_id = factor_list.account_id
    where int_account_commercial.mrr > 0
)

select
    as_of,
    account_id,
    model,
    model_version,
    false as is_scorecard,
    ln(cast(parts[1] as double) / (1 - cast(parts[1] as double))) as log_odds,
    features,
    parts
from trained
union all
select
    as_of,
    account_id,
    model,
    model_version,
    true as is_scorecard,
    log_odds,
    features,
    parts
from scorecard
