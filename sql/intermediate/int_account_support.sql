-- Support of one account up to a cutoff. A ticket counts for 90 days after its opening,
-- and for as long as it is open. It is bad when it was reopened, when its own
-- satisfaction answer was a bad one, or when it is or was open for more than 7 days: a
-- quick close that did not help is no good ticket. Accounts without tickets are kept,
-- with zeros; where no tickets are declared there is no row.
-- grain: as_of, account_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   tickets_90d | integer | tickets | tickets opened in the last 90 days
--   open_tickets | integer | tickets | tickets open at the cutoff
--   bad_tickets_90d | integer | tickets | bad among those opened in 90 days or still open
--   last_ticket_on | date | day | day of the newest ticket
with

-- what the cutoff knew: the outcome of a ticket is learned at its resolution
known_ticket as (
    select
        cfg_cutoff_day.as_of,
        stg_ticket.account_id,
        stg_ticket.opened_on,
        cfg_cutoff_day.age_days,
        stg_ticket.resolved_on is null
            or stg_ticket.resolved_on > cfg_cutoff_day.as_of as is_open,
        stg_ticket.resolved_on,
        stg_ticket.reopens,
        stg_ticket.csat_score
    from stg_ticket
    inner join cfg_cutoff_day on stg_ticket.opened_on = cfg_cutoff_day.day
    where stg_ticket.account_id is not null
),

judged_ticket as (
    select
        known_ticket.as_of,
        known_ticket.account_id,
        known_ticket.opened_on,
        known_ticket.age_days < 90 as is_recent,
        known_ticket.is_open,
        case
            when known_ticket.is_open then known_ticket.age_days > 7
            else known_ticket.resolved_on - known_ticket.opened_on > 7
                or coalesce(known_ticket.reopens > 0, false)
                or coalesce(
                    known_ticket.csat_score
                        between cfg_survey_metric.scale_min and cfg_survey_metric.bad_to,
                    false
                )
        end as is_bad
    from known_ticket
    left join cfg_survey_metric on cfg_survey_metric.metric = 'csat'
),

ticket_total as (
    select
        as_of,
        account_id,
        count(*) filter (where is_recent) as tickets_90d,
        count(*) filter (where is_open) as open_tickets,
        count(*) filter (where is_bad and (is_recent or is_open)) as bad_tickets_90d,
        max(opened_on) as last_ticket_on
    from judged_ticket
    group by as_of, account_id
),

measured_account as (
    select
        cfg_cutoff.as_of,
        stg_account.account_id
    from stg_account
    inner join cfg_source on cfg_source.source_table = 'ticket' and cfg_source.is_declared
    cross join cfg_cutoff
    where stg_account.created_on is null or stg_account.created_on <= cfg_cutoff.as_of
)

select
    measured_account.as_of,
    measured_account.account_id,
    coalesce(ticket_total.tickets_90d, 0) as tickets_90d,
    coalesce(ticket_total.open_tickets, 0) as open_tickets,
    coalesce(ticket_total.bad_tickets_90d, 0) as bad_tickets_90d,
    ticket_total.last_ticket_on
from measured_account
left join ticket_total
    on measured_account.as_of = ticket_total.as_of
    and measured_account.account_id = ticket_total.account_id
