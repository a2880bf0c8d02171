-- The probability that a paying account loses all its recurring revenue within the
-- horizon: log-odds of the base rate plus the points of every factor that applies, all in
-- decimals. Kept within one in a million of 0 and of 1, because no scorecard knows more.
-- grain: account_id
-- columns:
--   account_id | text | key | the account
--   churn_probability | float | 0-1 | probability within the horizon, six digits
--   tier | text | - | low, medium, high
--   log_odds | float | log-odds | base plus points of the factors
--   horizon_days | integer | days | how far the probability looks ahead
--   arr | decimal(38,4) | currency/year | annual recurring revenue
--   arr_at_risk | decimal(38,4) | currency/year | probability times arr
--   currency | text | ISO 4217 | currency of the amounts
--   renews_on | date | day | next renewal
--   days_to_renewal | integer | days | days until then
--   model | text | - | what made the probability
--   model_version | text | - | its version
--   reasons | list<text> | - | up to five factors that raise it most, in words
with

factor_total as (
    select
        account_id,
        sum(points) as points,
        array_agg(reason order by factor_rank)
            filter (where points > 0 and factor_rank <= 5) as reasons
    from int_risk_factor
    where as_of = $as_of
    group by account_id
),

judged as (
    select
        int_account_commercial.account_id,
        cast(cfg_risk.base_log_odds + coalesce(factor_total.points, 0) as double)
            as log_odds,
        factor_total.reasons,
        int_account_commercial.arr,
        int_account_commercial.currency,
        int_account_commercial.renews_on,
        int_account_commercial.days_to_renewal,
        cfg_risk.horizon_days,
        cfg_risk.model,
        cfg_risk.version as model_version
    from int_account_commercial
    cross join cfg_risk
    left join factor_total on int_account_commercial.account_id = factor_total.account_id
    where int_account_commercial.as_of = $as_of
        and int_account_commercial.mrr > 0
),

-- from here on a decimal, so that the money follows exactly from the published number
estimated as (
    select
        *,
        cast(
            least(greatest(1 / (1 + exp(-log_odds)), 0.000001), 0.999999)
            as decimal(9,6)
        ) as probability
    from judged
)

select
    estimated.account_id,
    cast(estimated.probability as double) as churn_probability,
    cfg_risk_tier.tier,
    estimated.log_odds,
    estimated.horizon_days,
    estimated.arr,
    cast(round(estimated.probability * estimated.arr, 4) as decimal(38,4))
        as arr_at_risk,
    estimated.currency,
    estimated.renews_on,
    estimated.days_to_renewal,
    estimated.model,
    estimated.model_version,
    coalesce(estimated.reasons, arrow_cast(make_array(), 'List(Utf8)')) as reasons
from estimated
left join cfg_risk_tier
    on cast(estimated.probability as double) >= cfg_risk_tier.from_probability
    and cast(estimated.probability as double) < cfg_risk_tier.to_probability
