-- What a paying account is still worth from its next renewal on: the payments of the
-- terms to come within the horizon, each times the chance that the account is still
-- there, its growth, the gross margin and the discount. The running term is paid for
-- and not in it. The chance of the next renewal is that of int_renewal_probability; the
-- later ones follow the segment's curve. The interval holds the uncertainty of the
-- curve, not what will happen to the one account. With too few losses in the company's
-- history to fit a curve, the values are null.
-- grain: account_id
-- columns:
--   account_id | text | key | the account
--   lifetime_value | decimal(38,4) | currency | expected discounted margin to come
--   low | decimal(38,4) | currency | low end of its 95 % interval
--   high | decimal(38,4) | currency | high end of its 95 % interval
--   currency | text | ISO 4217 | currency of most of the account's contracts
--   lifetime_value_converted | decimal(38,4) | pipeline currency | null without a rate
--   rate_on | date | day | day of that rate
--   horizon_months | integer | months | how far ahead payments count
--   is_too_little_history | boolean | - | no curve could be fitted: the values are null
--   note | text | - | why there is no value, or what it rests on, in words
--   arr | decimal(38,4) | currency/year | annual recurring revenue today
--   segment | text | - | the account's segment
--   term_months | integer | months | months between two renewals
--   renewals | integer | renewals | renewals it came through by now
--   next_due_on | date | day | the next renewal
--   renewal_probability | float | 0-1 | that it comes through that one
--   renewal_source | text | - | what gave that probability
--   expected_terms | float | terms | terms still to be paid for, undiscounted
--   yearly_growth | float | per year | growth of those that stay
--   family | text | - | sbg or bdw, see renewal_fit
--   customers | integer | runs | customers of the segment behind the curve
--   lost | integer | runs | of these, lost
with

account as (
    select
        int_account_commercial.account_id,
        int_account_commercial.mrr,
        int_account_commercial.arr,
        int_account_commercial.currency,
        probability.segment,
        probability.term_months,
        probability.renewals,
        probability.next_due_on,
        cast(probability.probability as double) as renewal_probability,
        probability.source,
        cast(probability.next_due_on - $as_of as double) / 365 as years_to_renewal
    from int_account_commercial
    left join int_renewal_probability as probability
        on
            int_account_commercial.account_id = probability.account_id
            and probability.cutoff_on = $as_of
    where int_account_commercial.as_of = $as_of and int_account_commercial.mrr > 0
),

valued as (
    select
        account.*,
        cfg_lifetime.horizon_months,
        cfg_lifetime.minimum_lost,
        cfg_pipeline.language,
        coalesce(int_segment_growth.yearly_growth, 0) as yearly_growth,
        curve.family,
        curve.customers,
        curve.lost,
        curve.pooled_lost,
        renewal_probability * factor.terms_undiscounted as expected_terms,
        factor.low_share,
        factor.high_share,
        -- rounded here, so that value and interval follow from one published number
        cast(
            cast(account.mrr as double) * account.term_months
            * cfg_lifetime.gross_margin * account.renewal_probability * factor.terms
            * power(
                (1 + coalesce(int_segment_growth.yearly_growth, 0))
                / (1 + cfg_lifetime.discount_rate),
                account.years_to_renewal
            ) as decimal(38, 4)
        ) as lifetime_value
    from cfg_lifetime
    cross join cfg_pipeline
    cross join account
    left join int_segment_growth on account.segment = int_segment_growth.segment
    left join int_lifetime_factor as factor
        on
            account.segment = factor.segment
            and account.term_months = factor.term_months
            and account.renewals = factor.renewals
    left join int_renewal_curve as curve
        on
            curve.cutoff_on = $as_of
            and account.segment = curve.segment
            and account.term_months = curve.term_months
)

select
    valued.account_id,
    valued.lifetime_value,
    cast(cast(valued.lifetime_value as double) * valued.low_share as decimal(38, 4))
        as low,
    cast(cast(valued.lifetime_value as double) * valued.high_share as decimal(38, 4))
        as high,
    valued.currency,
    cast(
        round(cast(valued.lifetime_value as decimal(28, 4)) * stg_fx_rate.rate, 4)
        as decimal(38, 4)
    ) as lifetime_value_converted,
    stg_fx_rate.valid_on as rate_on,
    valued.horizon_months,
    valued.lifetime_value is null as is_too_little_history,
    case
        when valued.lifetime_value is null and valued.language = 'ja'
            then '履歴不足：同じ契約期間の解約' || coalesce(valued.pooled_lost, 0)
                || '件（必要' || valued.minimum_lost || '件、更新2回以上の観測）'
        when valued.lifetime_value is null
            then 'not enough history: ' || coalesce(valued.pooled_lost, 0)
                || ' lost with this term, ' || valued.minimum_lost
                || ' and two renewals seen are needed'
        when valued.source = 'notice' and valued.language = 'ja'
            then '全契約に解約通知あり：更新後の価値はゼロ'
        when valued.source = 'notice'
            then 'notice given for all contracts: nothing after the renewal'
        when valued.language = 'ja'
            then 'セグメントの顧客' || valued.customers || '件（うち解約' || valued.lost
                || '件）に基づく'
        else 'rests on ' || valued.customers || ' customers of the segment, '
            || valued.lost || ' of them lost'
    end as note,
    valued.arr,
    valued.segment,
    valued.term_months,
    valued.renewals,
    valued.next_due_on,
    valued.renewal_probability,
    valued.source as renewal_source,
    valued.expected_terms,
    valued.yearly_growth,
    valued.family,
    valued.customers,
    valued.lost
from valued
left join stg_fx_rate on valued.currency = stg_fx_rate.currency
