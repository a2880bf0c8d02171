-- Health of one customer: an account with an active subscription, trial or paid, at the
-- end of the day. The score is the exact sum of the contributions in health_measure.
-- Below the profile's coverage floor there is no score: too little is known. A customer
-- keeps its tier until the score is beyond the tier's border by more than the profile's
-- hysteresis, so that nobody is called because of a tenth of a point.
-- grain: account_id
-- columns:
--   account_id | text | key | the account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the company's own segment
--   profile | text | - | health profile that applies
--   score | float | 0-100 | higher is better; null below the coverage floor
--   tier | text | - | green, amber, red as the profile says; insufficient without a score
--   coverage | float | 0-1 | share of the weight that applies here and has a number
--   tier_since | date | day | first as-of day of this tier without a break
--   score_previous | float | 0-100 | score of the last run of an earlier day
--   mrr | decimal(38,4) | currency/month | recurring revenue of a month
--   arr | decimal(38,4) | currency/year | twelve times mrr
--   currency | text | ISO 4217 | currency of mrr and arr
with

measured as (
    select
        account_id,
        profile,
        sum(cast(contribution as decimal(12,6))) as score,
        coalesce(
            sum(cast(weight as decimal(12,6))) filter (where contribution is not null), 0
        ) as weight_present,
        coalesce(
            sum(cast(weight as decimal(12,6))) filter (where state <> 'not_applicable'), 0
        ) as weight_applicable
    from health_measure
    group by account_id, profile
),

covered as (
    select
        measured.account_id,
        measured.profile,
        cfg_health.hysteresis_points,
        case when measured.weight_applicable > 0
            then cast(measured.weight_present as double)
                / cast(measured.weight_applicable as double)
            else cast(0 as double)
        end as coverage,
        -- compared in decimals: 0.45 of 0.75 is exactly a floor of 0.6
        case when measured.weight_present > 0
            and cast(measured.weight_present as decimal(18,6)) >= cast(
                cast(cfg_health.coverage_floor as decimal(9,6))
                * cast(measured.weight_applicable as decimal(18,6)) as decimal(38,12)
            )
            then cast(measured.score as double)
        end as score
    from measured
    inner join cfg_health on measured.profile = cfg_health.profile
),

tiered as (
    select
        covered.account_id,
        covered.profile,
        covered.coverage,
        covered.score,
        case
            when covered.score is null then 'insufficient'
            when kept_tier.tier is not null then kept_tier.tier
            else cfg_health_tier.tier
        end as tier,
        prior_account_health.tier as tier_previous,
        prior_account_health.tier_since as tier_since_previous,
        prior_account_health.score as score_previous
    from covered
    left join cfg_health_tier
        on covered.profile = cfg_health_tier.profile
        and covered.score >= cfg_health_tier.from_score
        and covered.score < cfg_health_tier.to_score
    left join prior_account_health
        on covered.account_id = prior_account_health.account_id
    left join cfg_health_tier as kept_tier
        on covered.profile = kept_tier.profile
        and prior_account_health.profile = kept_tier.profile
        and prior_account_health.tier = kept_tier.tier
        and covered.score >= kept_tier.from_score - covered.hysteresis_points
        and covered.score <= kept_tier.to_score + covered.hysteresis_points
)

select
    tiered.account_id,
    stg_account.account_name,
    stg_account.owner_id,
    coalesce(stg_account.segment, 'unknown') as segment,
    tiered.profile,
    tiered.score,
    tiered.tier,
    tiered.coverage,
    case
        when tiered.tier = tiered.tier_previous then tiered.tier_since_previous
        else $as_of
    end as tier_since,
    tiered.score_previous,
    int_account_commercial.mrr,
    int_account_commercial.arr,
    int_account_commercial.currency
from tiered
inner join int_account_commercial
    on tiered.account_id = int_account_commercial.account_id
    and int_account_commercial.as_of = $as_of
left join stg_account on tiered.account_id = stg_account.account_id
