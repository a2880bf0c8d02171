-- What the measures of product use say of a customer at a cutoff: days of use, features,
-- and people per seat bought. observed_on is the newest day of the whole feed: when the
-- feed stops, the accounts did not.
-- grain: as_of, account_id, measure
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   measure | text | - | usage, breadth or adoption
--   state | text | - | value, zero, missing or not_applicable
--   raw_value | float | - | the measure's own unit, null unless state is value or zero
--   observed_on | date | day | how far the number reaches
with

feed as (
    select
        as_of,
        max(last_active_on) as newest_on
    from int_account_usage
    group by as_of
),

customer as (
    select
        int_account_commercial.as_of,
        int_account_commercial.account_id,
        int_account_commercial.seats,
        int_account_usage.active_days_28d,
        int_account_usage.contacts_28d,
        int_account_usage.features_28d,
        feed.newest_on
    from int_account_commercial
    left join int_account_usage
        on int_account_commercial.as_of = int_account_usage.as_of
        and int_account_commercial.account_id = int_account_usage.account_id
    left join feed on int_account_commercial.as_of = feed.as_of
)

select
    as_of,
    account_id,
    'usage' as measure,
    case
        when active_days_28d is null then 'missing'
        when active_days_28d = 0 then 'zero'
        else 'value'
    end as state,
    cast(active_days_28d as double) as raw_value,
    newest_on as observed_on
from customer
union all
select
    as_of,
    account_id,
    'breadth' as measure,
    case
        when features_28d is null then 'missing'
        when features_28d = 0 then 'zero'
        else 'value'
    end as state,
    cast(features_28d as double) as raw_value,
    newest_on as observed_on
from customer
union all
select
    as_of,
    account_id,
    'adoption' as measure,
    case
        -- a trial has bought no seats
        when seats = 0 then 'not_applicable'
        when contacts_28d is null then 'missing'
        when contacts_28d = 0 then 'zero'
        else 'value'
    end as state,
    case when seats > 0 then cast(contacts_28d as double) / seats end as raw_value,
    newest_on as observed_on
from customer
