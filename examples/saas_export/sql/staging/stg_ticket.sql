-- One request for support of the export. It keeps the day of opening only, and counts
-- the hours to the end from that day's start; so does this model. Whether a ticket was
-- opened again, what it was about and business hours are not in the export.
-- grain: ticket_id
with

ranked as (
    select
        *,
        arrow_cast(submitted_at, 'Timestamp(Microsecond, Some("UTC"))') as opened_at,
        row_number() over (
            partition by ticket_id
            order by
                closed_at desc nulls last,
                submitted_at desc nulls last,
                account_id asc nulls last,
                priority asc nulls last,
                first_response_time_minutes asc nulls last,
                satisfaction_score asc nulls last
        ) as position
    from raw_ravenstack_supports_ticket
)

select
    ticket_id,
    account_id,
    account_id as named_account_id,
    'account_id' as account_rule,
    cast(null as text) as contact_id,
    opened_at,
    submitted_at as opened_on,
    opened_at + arrow_cast(
        first_response_time_minutes * 60000000, 'Duration(Microsecond)'
    ) as first_response_at,
    closed_at as resolved_at,
    local_day(closed_at) as resolved_on,
    cast(null as bigint) as reopens,
    coalesce(priority, 'unknown') as priority,
    'unknown' as category,
    cast(null as bigint) as business_minutes,
    satisfaction_score as csat_score,
    cast(null as decimal(18,4)) as cost
from ranked
where position = 1
