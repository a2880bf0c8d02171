-- The paying accounts to act on, first things first: by probability times revenue times
-- closeness of the renewal. Amounts are compared in the pipeline's currency; accounts
-- in a currency without a known rate follow after the others.
-- grain: account_id
-- columns:
--   rank | integer | - | 1 = first to act on
--   account_id | text | key | the account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the company's own segment
--   churn_probability | float | 0-1 | probability of losing all revenue in the horizon
--   score | float | 0-100 | health score, null where too little is known
--   tier | text | - | tier of the churn risk
--   arr_at_risk | decimal(38,4) | currency/year | probability times annual revenue
--   currency | text | ISO 4217 | currency of arr_at_risk
--   renews_on | date | day | next renewal
--   why | text | - | the reasons, in words
--   next_step | text | - | what to do about the strongest reason that can be acted on
--   at_risk_since | date | day | first as-of day on the list without a break
--   task_key | text | key | account, kind and strongest reason: the same task stays one
with

listed as (
    select
        churn_risk.account_id,
        churn_risk.churn_probability,
        churn_risk.tier,
        churn_risk.arr_at_risk,
        churn_risk.currency,
        churn_risk.renews_on,
        array_to_string(churn_risk.reasons, '; ') as why,
        -- an account without a renewal day counts 1: it may leave any day
        coalesce(cfg_renewal_weight.weight, cast(1 as decimal(9,4))) as renewal_weight,
        cast(churn_risk.churn_probability as decimal(9,6))
            * cast(churn_risk.arr as decimal(24,4)) as expected_loss
    from churn_risk
    inner join cfg_list on cfg_list.list = 'risk' and churn_risk.tier = cfg_list.tier
    left join cfg_renewal_weight
        on churn_risk.days_to_renewal >= cfg_renewal_weight.from_days
        and churn_risk.days_to_renewal < cfg_renewal_weight.to_days
),

top_factor as (
    select
        account_id,
        factor
    from int_risk_factor
    where as_of = $as_of
        and factor_rank = 1
        and points > 0
),

top_step as (
    select
        account_id,
        next_step
    from int_risk_factor
    where as_of = $as_of
        and points > 0
        and is_actionable
        and next_step is not null
    qualify row_number() over (partition by account_id order by factor_rank) = 1
)

select
    cast(row_number() over (
        order by
            cast(
                cast(listed.expected_loss * listed.renewal_weight as decimal(28,4))
                * stg_fx_rate.rate as decimal(38,4)
            ) desc nulls last,
            listed.expected_loss * listed.renewal_weight desc,
            listed.account_id
    ) as bigint) as rank,
    listed.account_id,
    account_health.account_name,
    account_health.owner_id,
    account_health.segment,
    listed.churn_probability,
    account_health.score,
    listed.tier,
    listed.arr_at_risk,
    listed.currency,
    listed.renews_on,
    listed.why,
    top_step.next_step,
    coalesce(prior_risk_list.at_risk_since, $as_of) as at_risk_since,
    listed.account_id || ':risk:' || coalesce(top_factor.factor, 'none') as task_key
from listed
left join stg_fx_rate on listed.currency = stg_fx_rate.currency
left join account_health on listed.account_id = account_health.account_id
left join top_factor on listed.account_id = top_factor.account_id
left join top_step on listed.account_id = top_step.account_id
left join prior_risk_list on listed.account_id = prior_risk_list.account_id
