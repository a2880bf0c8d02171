-- One entry of the export's list of churned accounts.
-- grain: churn_event_id
with

ranked as (
    select
        *,
        row_number() over (
            partition by churn_event_id
            order by
                churn_date asc nulls last,
                account_id asc nulls last,
                is_reactivation asc nulls last
        ) as position
    from raw_ravenstack_churn_events
)

select
    churn_event_id,
    account_id,
    churn_date as churned_on,
    coalesce(is_reactivation, false) as is_reactivation
from ranked
where position = 1
