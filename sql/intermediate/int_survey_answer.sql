-- One answer that counts: finished, with a score within its metric's scale. Answers
-- broken off and impossible scores are left out here, once, for everybody.
-- grain: response_id
-- columns:
--   response_id | text | key | the answer's key
--   invitation_id | text | key | the invitation it answers, if any
--   account_id | text | key | account, where known
--   contact_id | text | key | person, where known
--   role | text | - | their role in the purchase today; unknown where none is known
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey it asks about
--   metric | text | - | nps, csat or ces
--   score | integer | scale of the metric | answer
--   responded_at | timestamp | UTC | when the answer came
--   responded_on | date | day | the day of that
--   ticket_id | text | key | the ticket it is about, if any
--   delivery_id | text | key | the delivery it is about, if any
--   is_good | boolean | - | promoter, or satisfied: at or above the metric's good_from
--   is_bad | boolean | - | detractor, or dissatisfied: at or below the metric's bad_to
select
    stg_survey_response.response_id,
    stg_survey_response.invitation_id,
    stg_survey_response.account_id,
    stg_survey_response.contact_id,
    -- `all` is the name of the roll-up, so no role may bear it
    coalesce(nullif(stg_contact.buying_role, 'all'), 'unknown') as role,
    stg_survey_response.kind,
    stg_survey_response.stage,
    stg_survey_response.metric,
    stg_survey_response.score,
    stg_survey_response.responded_at,
    stg_survey_response.responded_on,
    stg_survey_response.ticket_id,
    stg_survey_response.delivery_id,
    stg_survey_response.score >= cfg_survey_metric.good_from as is_good,
    stg_survey_response.score <= cfg_survey_metric.bad_to as is_bad
from stg_survey_response
inner join cfg_survey_metric on stg_survey_response.metric = cfg_survey_metric.metric
left join stg_contact on stg_survey_response.contact_id = stg_contact.contact_id
where stg_survey_response.is_finished
    and stg_survey_response.score
        between cfg_survey_metric.scale_min and cfg_survey_metric.scale_max
