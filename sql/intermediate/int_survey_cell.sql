-- Requests and answers of one account in the smallest groups that survey_metric sums:
-- counts only, so that every roll-up is a plain sum. Answers given within the history.
-- grain: metric, kind, stage, role, account_id
-- columns:
--   metric | text | - | nps, csat or ces
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey
--   role | text | - | role in the purchase of the person asked
--   account_id | text | key | listed account; '' where it is not known or not listed
--   invited | integer | invitations | delivered invitations
--   answered | integer | invitations | of these, with an answer
--   n | integer | answers | answers
--   good | integer | answers | promoters, or satisfied
--   bad | integer | answers | detractors, or dissatisfied
--   score_sum | integer | scale of the metric | sum of the scores
with

unit as (
    select
        metric,
        kind,
        stage,
        role,
        account_id,
        1 as invited,
        case when is_answered then 1 else 0 end as answered,
        0 as n,
        0 as good,
        0 as bad,
        0 as score
    from int_survey_request
    union all
    select
        int_survey_answer.metric,
        int_survey_answer.kind,
        int_survey_answer.stage,
        int_survey_answer.role,
        int_survey_answer.account_id,
        0 as invited,
        0 as answered,
        1 as n,
        case when int_survey_answer.is_good then 1 else 0 end as good,
        case when int_survey_answer.is_bad then 1 else 0 end as bad,
        int_survey_answer.score
    from int_survey_answer
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
    sum(unit.invited) as invited,
    sum(unit.answered) as answered,
    sum(unit.n) as n,
    sum(unit.good) as good,
    sum(unit.bad) as bad,
    sum(unit.score) as score_sum
from unit
left join stg_account on unit.account_id = stg_account.account_id
group by
    unit.metric,
    unit.kind,
    unit.stage,
    unit.role,
    coalesce(stg_account.account_id, '')
