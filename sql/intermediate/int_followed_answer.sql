-- One survey answer that counts, and the day on which the same person answered the same
-- question again: until then it is what that person says.
-- grain: response_id
-- materialise: view
-- columns:
--   response_id | text | key | the answer's key
--   account_id | text | key | account
--   metric | text | - | nps, csat or ces
--   kind | text | - | relationship or transactional
--   is_good | boolean | - | promoter, or satisfied
--   is_bad | boolean | - | detractor, or dissatisfied
--   responded_on | date | day | the day of the answer
--   next_answer_on | date | day | the day of the next; null where it is the last
select
    response_id,
    account_id,
    metric,
    kind,
    is_good,
    is_bad,
    responded_on,
    -- of nobody nothing is known to follow
    case
        when contact_id is not null then lead(responded_on) over (
            partition by contact_id, metric, kind
            order by responded_at, response_id
        )
    end as next_answer_on
from int_survey_answer
where account_id is not null and responded_on is not null
