-- Where the three places of the export that claim to say who churned contradict each
-- other, and what the contracts say instead.
-- grain: source_table, check_name
with

accounts as (
    select
        count(*) as accounts,
        count(*) filter (
            where is_flagged <> has_event or has_event <> has_ended_contract
        ) as disagreeing,
        count(*) filter (where is_flagged) as flagged,
        count(*) filter (where is_flagged and not has_event) as flagged_without_event,
        count(*) filter (where is_flagged and is_paying) as flagged_and_paying,
        count(*) filter (where has_event) as with_event,
        count(*) filter (where has_event and not is_flagged) as event_without_flag,
        count(*) filter (where has_event and is_paying) as event_and_paying
    from int_churn_claim
),

event_days as (
    select
        count(*) as events,
        count(*) filter (where contract_ends.account_id is null) as without_end
    from stg_churn_event
    left join (
        select distinct account_id, ended_on
        from stg_subscription
        where ended_on is not null
    ) as contract_ends
        on
            stg_churn_event.account_id = contract_ends.account_id
            and stg_churn_event.churned_on = contract_ends.ended_on
),

contracts as (
    select
        count(*) as contracts,
        count(*) filter (where is_churned <> (ended_on is not null)) as flag_against_end
    from stg_subscription
),

checked as (
    select
        'ravenstack_accounts' as source_table,
        'churn_sources_disagree' as check_name,
        accounts as rows_checked,
        disagreeing as rows_failed,
        'accounts on which flag, churn events and ended contracts do not agree'
            as message
    from accounts
    union all
    select
        'ravenstack_accounts',
        'flagged_without_churn_event',
        flagged,
        flagged_without_event,
        'accounts flagged as churned without any churn event'
    from accounts
    union all
    select
        'ravenstack_accounts',
        'flagged_but_paying',
        flagged,
        flagged_and_paying,
        'accounts flagged as churned that pay all the same; revenue is believed'
    from accounts
    union all
    select
        'ravenstack_churn_events',
        'account_not_flagged',
        with_event,
        event_without_flag,
        'accounts with a churn event that the list of accounts does not flag'
    from accounts
    union all
    select
        'ravenstack_churn_events',
        'account_still_paying',
        with_event,
        event_and_paying,
        'accounts with a churn event that pay all the same; revenue is believed'
    from accounts
    union all
    select
        'ravenstack_churn_events',
        'no_contract_ended',
        events,
        without_end,
        'churn events on a day on which no contract of the account ended'
    from event_days
    union all
    select
        'ravenstack_subscriptions',
        'churn_flag_against_end',
        contracts,
        flag_against_end,
        'contracts flagged as churned without an end, or ended without the flag'
    from contracts
)

select
    source_table,
    check_name,
    'warn' as severity,
    rows_checked,
    rows_failed,
    message
from checked
