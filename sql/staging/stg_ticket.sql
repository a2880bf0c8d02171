-- One request for support. A ticket that names only a person belongs to that person's
-- account; what a person of ours has corrected holds before both. Of a repeated key the
-- row that knows most about the end is kept: the latest resolution, then the most
-- reopens; the other columns only make the choice total.
-- grain: ticket_id
-- columns:
--   ticket_id | text | key | the ticket's key
--   account_id | text | key | account: corrected, as named, or the contact's
--   named_account_id | text | key | account as the ticket names it
--   account_rule | text | - | override, account_id or contact_id; null without account
--   contact_id | text | key | person who asked
--   opened_at | timestamp | UTC | when it was opened
--   opened_on | date | day | the day of that, in the pipeline's time zone
--   first_response_at | timestamp | UTC | first answer of a person
--   resolved_at | timestamp | UTC | when it was resolved
--   resolved_on | date | day | the day of that, in the pipeline's time zone
--   reopens | integer | times | how often it was opened again
--   priority | text | - | priority, lower case; unknown where none is given
--   category | text | - | what it was about, lower case; unknown where none is given
--   business_minutes | integer | minutes | minutes to resolution within business hours
--   csat_score | integer | 1-5 | answer to the ticket's own satisfaction question
--   cost | decimal(18,4) | currency | what it cost us, in the pipeline's currency
with

ranked as (
    select
        *,
        row_number() over (
            partition by ticket_id
            order by
                resolved_at desc nulls last,
                reopens desc nulls last,
                first_response_at asc nulls last,
                opened_at asc nulls last,
                csat_score desc nulls last,
                business_minutes desc nulls last,
                account_id asc nulls last,
                contact_id asc nulls last,
                priority asc nulls last,
                category asc nulls last,
                cost desc nulls last
        ) as position
    from raw_ticket
)

select
    ranked.ticket_id,
    case
        when stg_override.row_key is not null then stg_override.value
        else coalesce(nullif(trim(ranked.account_id), ''), stg_contact.account_id)
    end as account_id,
    nullif(trim(ranked.account_id), '') as named_account_id,
    case
        when stg_override.row_key is not null then 'override'
        when nullif(trim(ranked.account_id), '') is not null then 'account_id'
        when stg_contact.account_id is not null then 'contact_id'
    end as account_rule,
    nullif(trim(ranked.contact_id), '') as contact_id,
    ranked.opened_at,
    local_day(ranked.opened_at) as opened_on,
    ranked.first_response_at,
    ranked.resolved_at,
    local_day(ranked.resolved_at) as resolved_on,
    ranked.reopens,
    coalesce(nullif(lower(trim(ranked.priority)), ''), 'unknown') as priority,
    coalesce(nullif(lower(trim(ranked.category)), ''), 'unknown') as category,
    ranked.business_minutes,
    ranked.csat_score,
    ranked.cost
from ranked
left join stg_contact on ranked.contact_id = stg_contact.contact_id
left join stg_override
    on ranked.ticket_id = stg_override.row_key
    and stg_override.table_name = 'ticket'
    and stg_override.column_name = 'account_id'
where ranked.position = 1
