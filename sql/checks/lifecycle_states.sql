-- Accounts whose state does not follow from their days of use, or from the month before:
-- who was active then is returning or dormant now, and nobody else is.
-- severity: error
-- checks: lifecycle
with

followed as (
    select
        *,
        lag(month) over (partition by account_id order by month) as last_month,
        lag(active_days) over (partition by account_id order by month) as last_active_days
    from lifecycle
)

select
    account_id,
    month,
    state,
    active_days,
    active_days_before
from followed
where state not in ('new', 'returning', 'resurrecting', 'dormant')
    or active_days < 0
    or (state = 'dormant') <> (active_days = 0)
    or (state in ('returning', 'dormant')) <> (active_days_before > 0)
    or (
        cast(last_month + interval '1 month' as date) = month
        and last_active_days <> active_days_before
    )
    or arr < 0
    or is_paying <> (arr > 0)
