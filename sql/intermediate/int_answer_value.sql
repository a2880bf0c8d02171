-- One survey answer that counts, on a scale from 0 to 10,000 whatever its metric's own,
-- so that answers to several questions can be put together as whole numbers.
-- grain: response_id
-- materialise: view
-- columns:
--   response_id | text | key | the answer's key
--   account_id | text | key | account
--   contact_id | text | key | person, null where not known
--   metric | text | - | nps, csat or ces
--   kind | text | - | relationship or transactional
--   responded_at | timestamp | UTC | when the answer came
--   responded_on | date | day | the day of that
--   value | integer | 0-10000 | worst to best answer of its metric
select
    int_survey_answer.response_id,
    int_survey_answer.account_id,
    int_survey_answer.contact_id,
    int_survey_answer.metric,
    int_survey_answer.kind,
    int_survey_answer.responded_at,
    int_survey_answer.responded_on,
    10000 * (int_survey_answer.score - cfg_survey_metric.scale_min)
        / (cfg_survey_metric.scale_max - cfg_survey_metric.scale_min) as value
from int_survey_answer
inner join cfg_survey_metric on int_survey_answer.metric = cfg_survey_metric.metric
where int_survey_answer.account_id is not null
    and int_survey_answer.responded_on is not null
    and cfg_survey_metric.scale_max > cfg_survey_metric.scale_min
