-- One answer to one driver question. Where a key repeats, the newest answer is kept; the
-- score only makes the choice total.
-- grain: response_id, question
-- columns:
--   response_id | text | key | response
--   question | text | - | driver asked about, lower case
--   score | integer | scale of drivers | answer as given, also outside the scale
--   responded_on | date | day | the day of the answer, in the pipeline's time zone
select
    trim(response_id) as response_id,
    lower(trim(question)) as question,
    score,
    local_day(responded_at) as responded_on
from raw_survey_answer
where trim(response_id) <> '' and trim(question) <> ''
qualify row_number() over (
    partition by trim(response_id), lower(trim(question))
    order by responded_at desc nulls last, score desc nulls last
) = 1
