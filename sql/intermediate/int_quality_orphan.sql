-- Rows of one extract that belong to no account of the account extract. For events that
-- includes visits of people nobody knows yet, which is normal on a web site; they are
-- counted from the day tables, so that the events are not read once more.
-- grain: source_table, check_name
with

known_events as (
    select coalesce(sum(int_account_day.events), 0) as events
    from int_account_day
    inner join stg_account on int_account_day.account_id = stg_account.account_id
),

counted as (
    select
        'subscription' as source_table,
        count(*) as rows_checked,
        count(*) filter (where stg_account.account_id is null) as rows_failed
    from stg_subscription
    left join stg_account on stg_subscription.account_id = stg_account.account_id
    union all
    select
        'ticket' as source_table,
        count(*) as rows_checked,
        count(*) filter (where stg_account.account_id is null) as rows_failed
    from stg_ticket
    left join stg_account on stg_ticket.account_id = stg_account.account_id
    union all
    select
        'survey_response' as source_table,
        count(*) as rows_checked,
        count(*) filter (where stg_account.account_id is null) as rows_failed
    from stg_survey_response
    left join stg_account on stg_survey_response.account_id = stg_account.account_id
    union all
    select
        'event' as source_table,
        stg_key_repeat.rows_read - stg_key_repeat.rows_repeated as rows_checked,
        stg_key_repeat.rows_read - stg_key_repeat.rows_repeated - known_events.events
            as rows_failed
    from stg_key_repeat
    cross join known_events
    where stg_key_repeat.source_table = 'event'
)

select
    counted.source_table,
    'account_unknown' as check_name,
    case counted.source_table when 'event' then 'info' else 'warn' end as severity,
    counted.rows_checked,
    counted.rows_failed,
    case counted.source_table
        when 'event' then
            'events that lead to no known account; account tables do not count them'
        when 'subscription' then
            'contracts of unknown accounts; their revenue counts, without attributes'
        else 'rows of no known account; account tables do not count them'
    end as message
from counted
inner join cfg_source on counted.source_table = cfg_source.source_table
where cfg_source.is_declared
