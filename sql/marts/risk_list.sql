-- The paying accounts to act on, first things first: by probability times revenue times
-- closeness of the renewal. Amounts are compared in the pipeline's currency; accounts in
-- a currency without a known rate follow after the others. Reasons and next step are of
-- whatever made the probability, a trained model or the scorecard. All at risk are
-- ranked; the status says which of them the owner has room for, and which are kept out,
-- so that it can be told what the list does.
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
--   why | text | - | the reasons, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do about the strongest reason that can be acted on
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   at_risk_since | date | day | first as-of day on the list without a break
--   task_key | text | key | account, kind and the reason that was strongest at its start
--   status | text | - | listed, waiting (beyond the owner's capacity) or held_out
--   owner_position | integer | - | place among the owner's, kept out ones not counted
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
        array_to_string(churn_risk.reasons_en, '; ') as why_en,
        array_to_string(churn_risk.reasons_ja, '；') as why_ja,
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

top_step as (
    select
        account_id,
        next_step,
        next_step_en,
        next_step_ja
    from int_churn_reason
    where as_of = $as_of
        and contribution > 0
        and is_actionable
        and next_step is not null
    qualify row_number() over (partition by account_id order by reason_rank) = 1
),

ranked as (
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
        listed.*
    from listed
    left join stg_fx_rate on listed.currency = stg_fx_rate.currency
),

owned as (
    select
        ranked.*,
        account_health.account_name,
        account_health.owner_id,
        account_health.segment,
        account_health.score,
        cfg_list_limit.capacity,
        cfg_list_limit.hold_out
            and hash_bucket(cfg_list_rule.holdout_salt, ranked.account_id)
                < cfg_list_rule.holdout_buckets as is_held_out
    from cfg_list_rule
    inner join cfg_list_limit on cfg_list_limit.list = 'risk'
    cross join ranked
    left join account_health on ranked.account_id = account_health.account_id
),

-- Whoever is kept out takes no place, and is compared with whom the owner had room for.
placed as (
    select
        *,
        count(*) filter (where not is_held_out) over (
            partition by owner_id
            order by rank
            rows between unbounded preceding and 1 preceding
        ) + 1 as owner_position
    from owned
)

select
    placed.rank,
    placed.account_id,
    placed.account_name,
    placed.owner_id,
    placed.segment,
    placed.churn_probability,
    placed.score,
    placed.tier,
    placed.arr_at_risk,
    placed.currency,
    placed.renews_on,
    placed.why, placed.why_en, placed.why_ja,
    top_step.next_step, top_step.next_step_en, top_step.next_step_ja,
    coalesce(prior_risk_list.at_risk_since, $as_of) as at_risk_since,
    coalesce(int_risk_task.task_key, placed.account_id || ':risk:none') as task_key,
    case
        when placed.owner_position > placed.capacity then 'waiting'
        when placed.is_held_out then 'held_out'
        else 'listed'
    end as status,
    placed.owner_position
from placed
left join int_risk_task on placed.account_id = int_risk_task.account_id
left join top_step on placed.account_id = top_step.account_id
left join prior_risk_list on placed.account_id = prior_risk_list.account_id
