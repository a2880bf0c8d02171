-- Requests and answers of one account in the smallest groups that survey_metric sums:
-- counts only, so that every roll-up is a plain sum. Answers given within the history,
-- and apart from it those of the last period and of the one before, for the change.
-- grain: metric, kind, stage, role, account_id
-- columns:
--   metric | text | - | nps, csat or ces
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey
--   role | text | - | role in the purchase of the person asked
--   account_id | text | key | listed account; '' where it is not known or not listed
--   invited | integer | invitations | invitations sent
--   delivered | integer | invitations | of these, not bounced
--   answered | integer | invitations | of those, with an answer
--   n | integer | answers | answers
--   good | integer | answers | promoters, or satisfied
--   bad | integer | answers | detractors, or dissatisfied
--   score_sum | integer | scale of the metric | sum of the scores
--   recent_n | integer | answers | answers of the last period
--   recent_good | integer | answers | of these, good ones
--   recent_bad | integer | answers | of these, bad ones
--   before_n | integer | answers | answers of the period before
--   before_good | integer | answers | of these, good ones
--   before_bad | integer | answers | of these, bad ones
with

unit as (
    select
        metric,
        kind,
        stage,
        role,
        account_id,
        true as is_request,
        is_delivered,
        is_answered and is_delivered as is_answered,
        false as is_good,
        false as is_bad,
        0 as score,
        cast(null as text) as period
    from int_survey_request
    union all
    select
        int_survey_answer.metric,
        int_survey_answer.kind,
        int_survey_answer.stage,
        int_survey_answer.role,
        int_survey_answer.account_id,
        false as is_request,
        false as is_delivered,
        false as is_answered,
        int_survey_answer.is_good,
        int_survey_answer.is_bad,
        int_survey_answer.score,
        case
            when cfg_cutoff_day.age_days < cfg_voice.change_days then 'recent'
            when cfg_cutoff_day.age_days < 2 * cfg_voice.change_days then 'before'
        end as period
    from cfg_voice
    cross join int_survey_answer
    inner join cfg_cutoff_day
        on int_survey_answer.responded_on = cfg_cutoff_day.day
        and cfg_cutoff_day.as_of = $as_of
)

select
    unit.metric,
    unit.kind,
    unit.stage,
    unit.role,
    coalesce(stg_account.account_id, '') as account_id,
    count(*) filter (where unit.is_request) as invited,
    count(*) filter (where unit.is_delivered) as delivered,
    count(*) filter (where unit.is_answered) as answered,
    count(*) filter (where not unit.is_request) as n,
    count(*) filter (where unit.is_good) as good,
    count(*) filter (where unit.is_bad) as bad,
    sum(unit.score) as score_sum,
    count(*) filter (where unit.period = 'recent') as recent_n,
    count(*) filter (where unit.period = 'recent' and unit.is_good) as recent_good,
    count(*) filter (where unit.period = 'recent' and unit.is_bad) as recent_bad,
    count(*) filter (where unit.period = 'before') as before_n,
    count(*) filter (where unit.period = 'before' and unit.is_good) as before_good,
    count(*) filter (where unit.period = 'before' and unit.is_bad) as before_bad
from unit
left join stg_account on unit.account_id = stg_account.account_id
group by
    unit.metric,
    unit.kind,
    unit.stage,
    unit.role,
    coalesce(stg_account.account_id, '')
