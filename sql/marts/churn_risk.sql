-- The probability that a paying account loses all its recurring revenue within the
-- horizon: by the trained model where one has proved better than every baseline, else by
-- the scorecard. Kept within one in a million of 0 and of 1, because no model knows more.
-- grain: account_id
-- columns:
--   account_id | text | key | the account
--   churn_probability | float | 0-1 | probability within the horizon, six digits
--   base_probability | float | 0-1 | of an account of which nothing special is known
--   tier | text | - | low, medium, high
--   log_odds | float | log-odds | of the probability; of a scorecard base plus points
--   horizon_days | integer | days | how far the probability looks ahead
--   arr | decimal(38,4) | currency/year | annual recurring revenue
--   arr_at_risk | decimal(38,4) | currency/year | probability times arr
--   currency | text | ISO 4217 | currency of the amounts
--   renews_on | date | day | next renewal
--   days_to_renewal | integer | days | days until then
--   model | text | - | what made the probability
--   model_version | text | - | its version
--   reasons | list<text> | - | up to five reasons that raise it most, in words
--   reasons_en | list<text> | - | the same in English
--   reasons_ja | list<text> | - | the same in Japanese
with

reason_list as (
    select
        account_id,
        array_agg(reason order by reason_rank) as reasons,
        array_agg(reason_en order by reason_rank) as reasons_en,
        array_agg(reason_ja order by reason_rank) as reasons_ja
    from int_churn_reason
    where as_of = $as_of
        and contribution > 0
        and reason_rank <= 5
    group by account_id
),

-- a decimal, so that the money follows exactly from the published number
estimated as (
    select
        int_churn_part.account_id,
        int_churn_part.parts[1] as probability,
        int_churn_part.parts[2] as base_probability,
        int_churn_part.log_odds,
        int_churn_part.model,
        int_churn_part.model_version,
        reason_list.reasons,
        reason_list.reasons_en,
        reason_list.reasons_ja,
        int_account_commercial.arr,
        int_account_commercial.currency,
        int_account_commercial.renews_on,
        int_account_commercial.days_to_renewal,
        cfg_risk.horizon_days
    from cfg_risk
    cross join int_churn_part
    inner join int_account_commercial
        on int_churn_part.as_of = int_account_commercial.as_of
        and int_churn_part.account_id = int_account_commercial.account_id
    left join reason_list on int_churn_part.account_id = reason_list.account_id
    where int_churn_part.as_of = $as_of
)

select
    estimated.account_id,
    cast(estimated.probability as double) as churn_probability,
    cast(estimated.base_probability as double) as base_probability,
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
    coalesce(estimated.reasons, arrow_cast(make_array(), 'List(Utf8)')) as reasons,
    coalesce(estimated.reasons_en, arrow_cast(make_array(), 'List(Utf8)')) as reasons_en,
    coalesce(estimated.reasons_ja, arrow_cast(make_array(), 'List(Utf8)')) as reasons_ja
from estimated
left join cfg_risk_tier
    on cast(estimated.probability as double) >= cfg_risk_tier.from_probability
    and cast(estimated.probability as double) < cfg_risk_tier.to_probability
