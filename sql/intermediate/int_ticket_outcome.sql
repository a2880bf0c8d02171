-- What became of one ticket. Times that contradict each other (resolved or answered
-- before it was opened) are null here, and data_quality counts them. Satisfaction is the
-- ticket's own answer, else the newest csat answer of a survey about this ticket.
-- grain: ticket_id
-- columns:
--   ticket_id | text | key | ticket
--   account_id | text | key | listed account; '' where it is not known or not listed
--   role | text | - | role in the purchase of who asked; unknown where none is known
--   priority | text | - | priority
--   category | text | - | what it was about
--   month | date | day | first day of the month in which it was opened
--   is_resolved | boolean | - | resolved by the end of the as-of day
--   resolution_us | integer | microseconds | from opening to resolution
--   business_minutes | integer | minutes | the same within business hours
--   first_response_us | integer | microseconds | from opening to the first answer
--   is_reopened | boolean | - | opened again; null while open or where nothing is said
--   is_satisfied | boolean | - | good csat answer; null where open or nobody answered
--   cost | decimal(18,4) | currency | in the pipeline's currency: the ticket's own, else
--     its business minutes at the pipeline's price; null while open
with

own_answer as (
    select
        stg_ticket.ticket_id,
        stg_ticket.csat_score >= cfg_survey_metric.good_from as is_good
    from stg_ticket
    inner join cfg_survey_metric on cfg_survey_metric.metric = 'csat'
    where stg_ticket.csat_score
        between cfg_survey_metric.scale_min and cfg_survey_metric.scale_max
),

survey_answer as (
    select
        ticket_id,
        is_good
    from int_survey_answer
    where metric = 'csat'
        and ticket_id is not null
    qualify row_number() over (
        partition by ticket_id
        order by responded_at desc nulls last, response_id desc
    ) = 1
),

timed as (
    select
        ticket_id,
        account_id,
        contact_id,
        priority,
        category,
        cost,
        cast(date_trunc('month', opened_on) as date) as month,
        resolved_at is not null as is_resolved,
        cast(resolved_at as bigint) - cast(opened_at as bigint) as resolution_us,
        cast(first_response_at as bigint) - cast(opened_at as bigint)
            as first_response_us,
        business_minutes,
        reopens > 0 as is_reopened
    from stg_ticket
)

select
    timed.ticket_id,
    coalesce(stg_account.account_id, '') as account_id,
    coalesce(nullif(stg_contact.buying_role, 'all'), 'unknown') as role,
    timed.priority,
    timed.category,
    timed.month,
    timed.is_resolved,
    case when timed.resolution_us >= 0 then timed.resolution_us end as resolution_us,
    case
        when timed.is_resolved and timed.business_minutes >= 0 then timed.business_minutes
    end as business_minutes,
    case
        when timed.first_response_us >= 0 then timed.first_response_us
    end as first_response_us,
    case when timed.is_resolved then timed.is_reopened end as is_reopened,
    case
        when timed.is_resolved then coalesce(own_answer.is_good, survey_answer.is_good)
    end as is_satisfied,
    case
        when timed.is_resolved then cast(
            coalesce(
                case when timed.cost >= 0 then timed.cost end,
                case
                    when timed.business_minutes >= 0
                        then timed.business_minutes * cfg_voice.support_cost_per_minute
                end
            ) as decimal(18,4)
        )
    end as cost
from cfg_voice
cross join timed
left join own_answer on timed.ticket_id = own_answer.ticket_id
left join survey_answer on timed.ticket_id = survey_answer.ticket_id
left join stg_account on timed.account_id = stg_account.account_id
left join stg_contact on timed.contact_id = stg_contact.contact_id
