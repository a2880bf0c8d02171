-- Something that the owner of an account must hear of at once: somebody gave a bad
-- answer, the health tier fell, or a champion left. It stays an alert for the pipeline's
-- days, so that a night that failed loses none; a fall is over when the account is back
-- in a better tier. Nobody is kept out of it.
-- grain: account_id, alert, subject
-- columns:
--   rank | integer | - | 1 = first to act on: the newest, then by annual revenue
--   account_id | text | key | the account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   alert | text | - | negative_answer, tier_drop or champion_left
--   subject | text | key | person and metric, tier, or person: what tells two apart
--   happened_on | date | day | when
--   contact_id | text | key | the person, null for a tier
--   score | integer | scale of the metric | the answer; null for others
--   metric | text | - | nps, csat or ces; null for others
--   arr | decimal(38,4) | currency/year | annual revenue of the account
--   currency | text | ISO 4217 | currency of arr
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   task_key | text | key | account, alert, kind and subject
--   status | text | - | listed, or waiting (beyond the owner's capacity)
--   owner_position | integer | - | place among the owner's
with

-- a tier that the profile does not name (insufficient) is neither better nor worse
fallen as (
    select
        account_health.account_id,
        account_health.tier,
        prior_account_health.tier as tier_before,
        $as_of as happened_on
    from account_health
    inner join prior_account_health
        on account_health.account_id = prior_account_health.account_id
    inner join cfg_health_tier as now_tier
        on account_health.profile = now_tier.profile
        and account_health.tier = now_tier.tier
    inner join cfg_health_tier as before_tier
        on account_health.profile = before_tier.profile
        and prior_account_health.tier = before_tier.tier
    where now_tier.from_score < before_tier.from_score
),

-- what fell on an earlier night, and has not risen since
dropped as (
    select account_id, tier, tier_before, happened_on from fallen
    union all
    select
        prior_alert.account_id,
        account_health.tier,
        split_part(prior_alert.subject, '>', 1) as tier_before,
        prior_alert.happened_on
    from cfg_list_rule
    cross join prior_alert
    inner join account_health
        on prior_alert.account_id = account_health.account_id
        and split_part(prior_alert.subject, '>', 2) = account_health.tier
    left anti join fallen on prior_alert.account_id = fallen.account_id
    where prior_alert.alert = 'tier_drop'
        and $as_of - prior_alert.happened_on < cfg_list_rule.alert_days
),

worded as (
    select
        *,
        make_array(
            'from', tier_before, 'to', tier, 'day', cast(happened_on as text)
        ) as evidence
    from dropped
),

raised as (
    select * from int_alert_person
    union all
    select
        worded.account_id,
        'tier_drop' as alert,
        concat(worded.tier_before, '>', worded.tier) as subject,
        worded.happened_on,
        cast(null as text) as contact_id,
        cast(null as bigint) as score,
        cast(null as text) as metric,
        phrased(why, evidence, words) as why,
        phrased(why_en, evidence, words_en) as why_en,
        phrased(why_ja, evidence, words_ja) as why_ja,
        phrased(next_step, evidence, words) as next_step,
        phrased(next_step_en, evidence, words_en) as next_step_en,
        phrased(next_step_ja, evidence, words_ja) as next_step_ja
    from worded
    inner join cfg_list_reason
        on cfg_list_reason.list = 'alert' and cfg_list_reason.reason = 'tier_drop'
),

ranked as (
    select
        cast(row_number() over (
            order by
                raised.happened_on desc,
                cast(
                    cast(int_list_account.arr as decimal(28,4)) * int_list_account.rate
                    as decimal(38,4)
                ) desc nulls last,
                raised.account_id,
                raised.alert,
                raised.subject
        ) as bigint) as rank,
        raised.*,
        int_list_account.account_name,
        int_list_account.owner_id,
        int_list_account.arr,
        int_list_account.currency,
        cfg_list_limit.capacity
    from raised
    inner join int_list_account on raised.account_id = int_list_account.account_id
    inner join cfg_list_limit on cfg_list_limit.list = 'alert'
),

placed as (
    select
        *,
        cast(row_number() over (partition by owner_id order by rank) as bigint)
            as owner_position
    from ranked
)

select
    rank,
    account_id,
    account_name,
    owner_id,
    alert,
    subject,
    happened_on,
    contact_id,
    score,
    metric,
    arr,
    currency,
    why, why_en, why_ja,
    next_step, next_step_en, next_step_ja,
    concat(account_id, ':alert:', alert, '/', subject) as task_key,
    case when owner_position > capacity then 'waiting' else 'listed' end as status,
    owner_position
from placed
