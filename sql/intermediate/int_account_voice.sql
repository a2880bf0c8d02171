-- What the people of one account answered, and who stays silent, up to a cutoff. Counts
-- the newest finished answer of each person to the relationship survey's recommendation
-- question within 365 days; answers after a single transaction are another thing.
-- Without declared responses there is no row.
-- grain: as_of, account_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   responses_365d | integer | answers | answers in the last 365 days
--   respondents | integer | people | persons behind the mean
--   nps_score_mean | float | 0-10 | mean of each person's newest answer
--   last_answer_on | date | day | day of the newest answer within the history
--   detractors | integer | people | persons whose newest answer is a detractor's
--   silent_contacts | integer | people | silent persons, null where nobody is asked
--   silent_share | float | 0-1 | of those asked, silent; null where too few were asked
with

answer as (
    select
        cfg_cutoff_day.as_of,
        cfg_cutoff_day.age_days,
        stg_survey_response.account_id,
        stg_survey_response.responded_on,
        stg_survey_response.score,
        stg_survey_response.score <= cfg_survey_metric.bad_to as is_detractor,
        row_number() over (
            partition by
                cfg_cutoff_day.as_of,
                stg_survey_response.account_id,
                coalesce(
                    'contact:' || stg_survey_response.contact_id,
                    'response:' || stg_survey_response.response_id
                )
            order by
                stg_survey_response.responded_at desc,
                stg_survey_response.response_id desc
        ) = 1 as is_newest
    from stg_survey_response
    inner join cfg_survey_metric
        on stg_survey_response.metric = cfg_survey_metric.metric
        and stg_survey_response.score
            between cfg_survey_metric.scale_min and cfg_survey_metric.scale_max
    inner join cfg_cutoff_day on stg_survey_response.responded_on = cfg_cutoff_day.day
    where stg_survey_response.kind = 'relationship'
        and stg_survey_response.metric = 'nps'
        and stg_survey_response.is_finished
        and stg_survey_response.account_id is not null
),

answer_total as (
    select
        as_of,
        account_id,
        count(*) filter (where age_days < 365) as responses_365d,
        count(*) filter (where age_days < 365 and is_newest) as respondents,
        sum(score) filter (where age_days < 365 and is_newest) as score_sum,
        max(responded_on) as last_answer_on,
        count(*) filter (where age_days < 365 and is_newest and is_detractor)
            as detractors
    from answer
    group by as_of, account_id
),

silence as (
    select
        as_of,
        account_id,
        count(*) as asked_contacts,
        count(*) filter (where is_silent) as silent_contacts
    from int_asked_contact
    group by as_of, account_id
),

measured_account as (
    select
        cfg_cutoff.as_of,
        stg_account.account_id,
        invitation.is_declared as is_asking
    from stg_account
    inner join cfg_source as response
        on response.source_table = 'survey_response' and response.is_declared
    inner join cfg_source as invitation
        on invitation.source_table = 'survey_invitation'
    cross join cfg_cutoff
    where stg_account.created_on is null or stg_account.created_on <= cfg_cutoff.as_of
)

select
    measured_account.as_of,
    measured_account.account_id,
    coalesce(answer_total.responses_365d, 0) as responses_365d,
    coalesce(answer_total.respondents, 0) as respondents,
    cast(answer_total.score_sum as double) / answer_total.respondents as nps_score_mean,
    answer_total.last_answer_on,
    coalesce(answer_total.detractors, 0) as detractors,
    case when measured_account.is_asking then coalesce(silence.silent_contacts, 0) end
        as silent_contacts,
    -- of one or two people asked, silence is what is usual
    case when silence.asked_contacts >= cfg_voice.silent_from_people
        then cast(silence.silent_contacts as double) / silence.asked_contacts
    end as silent_share
from cfg_voice
cross join measured_account
left join answer_total
    on measured_account.as_of = answer_total.as_of
    and measured_account.account_id = answer_total.account_id
left join silence
    on measured_account.as_of = silence.as_of
    and measured_account.account_id = silence.account_id
