-- What the people of one buying role at one account answered to the relationship survey's
-- recommendation question: the newest finished answer of each within 365 days. Kept apart
-- by role, because champions and users need not agree.
-- grain: account_id, role
-- columns:
--   account_id | text | key | account
--   role | text | - | buying role; unknown where none is given
--   respondents | integer | people | persons behind the mean
--   nps_score_mean | float | 0-10 | mean of each person's newest answer
with

answer as (
    select
        stg_survey_response.account_id,
        stg_contact.buying_role as role,
        stg_survey_response.score
    from stg_survey_response
    inner join cfg_survey_metric
        on stg_survey_response.metric = cfg_survey_metric.metric
        and stg_survey_response.score
            between cfg_survey_metric.scale_min and cfg_survey_metric.scale_max
    inner join stg_contact
        on stg_survey_response.contact_id = stg_contact.contact_id
    where stg_survey_response.kind = 'relationship'
        and stg_survey_response.metric = 'nps'
        and stg_survey_response.is_finished
        and stg_survey_response.account_id is not null
        and stg_survey_response.responded_on <= $as_of
        and $as_of - stg_survey_response.responded_on < 365
    qualify row_number() over (
        partition by stg_survey_response.account_id, stg_survey_response.contact_id
        order by
            stg_survey_response.responded_at desc,
            stg_survey_response.response_id desc
    ) = 1
)

select
    account_id,
    role,
    count(*) as respondents,
    cast(sum(score) as double) / count(*) as nps_score_mean
from answer
group by account_id, role
