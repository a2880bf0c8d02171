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
--   why | text | - | the reason, in words
--   next_step | text | - | what to do
--   task_key | text | key | account, alert, kind and subject
--   status | text | - | listed, or waiting (beyond the owner's capacity)
--   owner_position | integer | - | place among the owner's
with

bad_answer as (
    select
        int_survey_answer.account_id,
        'negative_answer' as alert,
        concat(
            coalesce(int_survey_answer.contact_id, int_survey_answer.response_id),
            '/', int_survey_answer.metric
        ) as subject,
        int_survey_answer.responded_on as happened_on,
        int_survey_answer.contact_id,
        int_survey_answer.score,
        int_survey_answer.metric,
        coalesce(int_survey_answer.contact_id, '?') as who,
        cast(null as text) as role,
        cast(null as text) as tier_before,
        cast(null as text) as tier
    from cfg_list_rule
    cross join int_survey_answer
    where int_survey_answer.is_bad
        and int_survey_answer.account_id is not null
        and int_survey_answer.responded_on <= $as_of
        and $as_of - int_survey_answer.responded_on < cfg_list_rule.alert_days
    qualify row_number() over (
        partition by
            int_survey_answer.account_id,
            coalesce(int_survey_answer.contact_id, int_survey_answer.response_id),
            int_survey_answer.metric
        order by
            int_survey_answer.responded_at desc nulls last,
            int_survey_answer.response_id desc
    ) = 1
),

left_champion as (
    select
        stg_contact.account_id,
        'champion_left' as alert,
        stg_contact.contact_id as subject,
        stg_contact.left_on as happened_on,
        stg_contact.contact_id,
        cast(null as bigint) as score,
        cast(null as text) as metric,
        stg_contact.contact_id as who,
        stg_contact.buying_role as role,
        cast(null as text) as tier_before,
        cast(null as text) as tier
    from cfg_list_rule
    cross join stg_contact
    inner join cfg_relationship_role
        on stg_contact.buying_role = cfg_relationship_role.role
    where stg_contact.account_id is not null
        and stg_contact.left_on <= $as_of
        and $as_of - stg_contact.left_on < cfg_list_rule.alert_days
),

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
still_down as (
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

tier_drop as (
    select
        account_id,
        'tier_drop' as alert,
        concat(tier_before, '>', tier) as subject,
        happened_on,
        cast(null as text) as contact_id,
        cast(null as bigint) as score,
        cast(null as text) as metric,
        cast(null as text) as who,
        cast(null as text) as role,
        tier_before,
        tier
    from (
        select * from fallen
        union all
        select account_id, tier, tier_before, happened_on from still_down
    ) as either
),

raised as (
    select * from bad_answer
    union all
    select * from left_champion
    union all
    select * from tier_drop
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
        cfg_list_limit.capacity,
        cfg_list_reason.why,
        cfg_list_reason.next_step
    from raised
    inner join int_list_account on raised.account_id = int_list_account.account_id
    inner join cfg_list_limit on cfg_list_limit.list = 'alert'
    inner join cfg_list_reason
        on cfg_list_reason.list = 'alert'
        and raised.alert = cfg_list_reason.reason
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
    replace(
        replace(
            replace(
                replace(
                    replace(
                        replace(
                            replace(why, '{who}', coalesce(who, '')),
                            '{role}', coalesce(role, '')
                        ),
                        '{metric}', coalesce(metric, '')
                    ),
                    '{score}', coalesce(cast(score as text), '')
                ),
                '{day}', cast(happened_on as text)
            ),
            '{from}', coalesce(tier_before, '')
        ),
        '{to}', coalesce(tier, '')
    ) as why,
    next_step,
    concat(account_id, ':alert:', alert, '/', subject) as task_key,
    case when owner_position > capacity then 'waiting' else 'listed' end as status,
    owner_position
from placed
