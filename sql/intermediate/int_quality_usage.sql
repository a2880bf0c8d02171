-- Days on which an account used a feature although none of its contracts, trials
-- included, was running. Visits and mails say nothing here, since they come before a
-- contract by nature; use of a feature does not. Needs events and contracts both.
-- grain: source_table, check_name
with

usage_days as (
    select
        account_id,
        day
    from int_account_day
    where feature_events > 0
),

covered as (
    select count(*) as account_days
    from usage_days
    left semi join stg_subscription
        on
            usage_days.account_id = stg_subscription.account_id
            and stg_subscription.started_on <= usage_days.day
            and (
                stg_subscription.ended_on is null
                or stg_subscription.ended_on > usage_days.day
            )
),

checked as (
    select count(*) as account_days
    from usage_days
),

declared as (
    select count(*) as sources
    from cfg_source
    where source_table in ('event', 'subscription') and is_declared
)

select
    'event' as source_table,
    'usage_without_contract' as check_name,
    'warn' as severity,
    checked.account_days as rows_checked,
    checked.account_days - covered.account_days as rows_failed,
    'days of use of an account without a running contract; usage counts all the same'
        as message
from checked
cross join covered
cross join declared
where declared.sources = 2
