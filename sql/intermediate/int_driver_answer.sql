-- One answer to a driver question that counts: of the pipeline's questions, within their
-- scale, given together with an answer to a relationship survey's recommendation
-- question within the history.
-- grain: response_id, question
-- columns:
--   response_id | text | key | response
--   question | text | - | driver asked about
--   account_id | text | key | listed account; '' where it is not known or not listed
--   outcome | integer | 0-10 | answer to the recommendation question
--   score | integer | scale of drivers | answer
--   is_good | boolean | - | at or above the pipeline's good_from
select
    stg_survey_answer.response_id,
    stg_survey_answer.question,
    coalesce(stg_account.account_id, '') as account_id,
    int_survey_answer.score as outcome,
    stg_survey_answer.score,
    stg_survey_answer.score >= cfg_voice.driver_good_from as is_good
from cfg_voice
cross join stg_survey_answer
inner join cfg_experience_factor
    on stg_survey_answer.question = cfg_experience_factor.question
inner join int_survey_answer
    on stg_survey_answer.response_id = int_survey_answer.response_id
inner join cfg_cutoff_day
    on int_survey_answer.responded_on = cfg_cutoff_day.day
    and cfg_cutoff_day.as_of = $as_of
left join stg_account on int_survey_answer.account_id = stg_account.account_id
where int_survey_answer.metric = 'nps'
    and int_survey_answer.kind = 'relationship'
    and stg_survey_answer.score
        between cfg_voice.driver_scale_min and cfg_voice.driver_scale_max
