-- Answers to one metric in one of the two periods that the overview compares. NPS is that
-- of the relationship, CSAT and CES are those of transactions: kinds are never mixed.
-- grain: metric, period
-- columns:
--   metric | text | - | nps, csat or ces
--   period | text | - | now or before
--   n | integer | answers | answers that count
--   good | integer | answers | promoters, or satisfied
--   bad | integer | answers | detractors, or dissatisfied
with

placed as (
    select
        int_survey_answer.metric,
        case
            when $as_of - int_survey_answer.responded_on < cfg_list_rule.overview_days
                then 'now'
            else 'before'
        end as period,
        int_survey_answer.is_good,
        int_survey_answer.is_bad
    from cfg_list_rule
    cross join int_survey_answer
    where int_survey_answer.responded_on <= $as_of
        and $as_of - int_survey_answer.responded_on < 2 * cfg_list_rule.overview_days
        and int_survey_answer.kind = case int_survey_answer.metric
            when 'nps' then 'relationship' else 'transactional' end
)

select
    metric,
    period,
    count(*) as n,
    count(*) filter (where is_good) as good,
    count(*) filter (where is_bad) as bad
from placed
group by metric, period
