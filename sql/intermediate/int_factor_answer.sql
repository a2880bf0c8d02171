-- What the people of one account answered to the questions of one factor of the
-- experience, or of a whole group of factors. An account lies in many groups that are
-- broken down by, and a response in one account, so it is counted here once.
-- grain: account_id, factor_group, factor
-- columns:
--   account_id | text | key | account, '' where the answers name none
--   factor_group | text | - | power or sense
--   factor | text | - | factor, all for the whole group
--   label | text | - | what people call the factor; null for the whole group
--   questions | list<text> | - | driver questions that were answered
--   respondents | integer | responses | responses with an answer to any of them
--   n | integer | answers | answers
--   good | integer | answers | of these, good ones
--   score_sum | integer | scale of drivers | sum of the answers
with

answer as (
    select
        int_driver_answer.account_id,
        cfg_experience_factor.factor_group,
        case when is_whole then 'all' else cfg_experience_factor.factor end as factor,
        case when not is_whole then cfg_experience_factor.label end as label,
        int_driver_answer.question,
        int_driver_answer.response_id,
        int_driver_answer.is_good,
        int_driver_answer.score
    from int_driver_answer
    inner join cfg_experience_factor
        on int_driver_answer.question = cfg_experience_factor.question
    cross join (values (true), (false)) as roll_up (is_whole)
)

select
    account_id,
    factor_group,
    factor,
    label,
    array_agg(distinct question order by question) as questions,
    -- answers of one person to several questions are not as many voices
    count(distinct response_id) as respondents,
    count(*) as n,
    count(*) filter (where is_good) as good,
    sum(score) as score_sum
from answer
group by account_id, factor_group, factor, label
