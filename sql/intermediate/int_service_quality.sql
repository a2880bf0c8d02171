-- How well requests for support of one account were served, up to a cutoff: how long they
-- took, and what those who asked thought of it. A ticket's own satisfaction answer counts
-- before one that a survey gave about the same ticket. Accounts without a resolved ticket
-- and without an answer have no row.
-- grain: as_of, account_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   resolved_90d | integer | tickets | tickets resolved in the last 90 days
--   resolution_hours_90d | float | hours | their mean from opening to resolution
--   csat_answers_180d | integer | answers | satisfaction answers in the last 180 days
--   csat_mean_180d | float | 1-5 | their mean
with

resolved as (
    select
        cfg_cutoff_day.as_of,
        stg_ticket.account_id,
        cfg_cutoff_day.age_days,
        cast(stg_ticket.resolved_at as bigint) - cast(stg_ticket.opened_at as bigint)
            as resolution_us,
        case
            when stg_ticket.csat_score
                between cfg_survey_metric.scale_min and cfg_survey_metric.scale_max
                then stg_ticket.csat_score
        end as csat_score
    from stg_ticket
    inner join cfg_cutoff_day on stg_ticket.resolved_on = cfg_cutoff_day.day
    left join cfg_survey_metric on cfg_survey_metric.metric = 'csat'
    where stg_ticket.account_id is not null
        and cfg_cutoff_day.age_days < 180
),

fact as (
    select
        as_of,
        account_id,
        case when age_days < 90 and resolution_us >= 0 then resolution_us end
            as resolution_us,
        csat_score
    from resolved
    union all
    select
        cfg_cutoff_day.as_of,
        int_survey_answer.account_id,
        cast(null as bigint) as resolution_us,
        int_survey_answer.score as csat_score
    from int_survey_answer
    inner join cfg_cutoff_day on int_survey_answer.responded_on = cfg_cutoff_day.day
    left join stg_ticket on int_survey_answer.ticket_id = stg_ticket.ticket_id
    where int_survey_answer.metric = 'csat'
        and int_survey_answer.account_id is not null
        and stg_ticket.csat_score is null
        and cfg_cutoff_day.age_days < 180
)

select
    as_of,
    account_id,
    count(resolution_us) as resolved_90d,
    cast(sum(resolution_us) as double) / count(resolution_us) / 3600000000
        as resolution_hours_90d,
    count(csat_score) as csat_answers_180d,
    cast(sum(csat_score) as double) / count(csat_score) as csat_mean_180d
from fact
group by as_of, account_id
