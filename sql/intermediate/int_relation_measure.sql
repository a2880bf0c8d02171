-- What the measures of the relationship say of a customer: how many signs there are that
-- it hangs on too few people, and how engaged its people are. Both are known on the as-of
-- day only, so that other cutoffs have no row.
-- grain: as_of, account_id, measure
-- columns:
--   as_of | date | day | cutoff, the as-of day
--   account_id | text | key | account
--   measure | text | - | relationship or engagement
--   state | text | - | value, zero or missing
--   raw_value | float | - | signs; points. Null unless state is value or zero
--   observed_on | date | day | how far the number reaches
with

customer as (
    select
        int_account_commercial.as_of,
        int_account_commercial.account_id
    from int_account_commercial
    where int_account_commercial.as_of = $as_of
),

feed as (
    select max(last_active_on) as newest_on
    from int_account_usage
    where as_of = $as_of
),

-- signs are looked for in events, contacts and owners: without any of them nobody looked
watched as (
    select bool_or(is_declared) as is_watched
    from cfg_source
    where source_table in ('contact', 'event', 'owner_history')
),

sign_total as (
    select
        account_id,
        count(*) as signs
    from int_relationship_sign
    group by account_id
)

select
    customer.as_of,
    customer.account_id,
    'relationship' as measure,
    case
        when not watched.is_watched then 'missing'
        when sign_total.signs > 0 then 'value'
        else 'zero'
    end as state,
    case when watched.is_watched then cast(coalesce(sign_total.signs, 0) as double) end
        as raw_value,
    customer.as_of as observed_on
from watched
cross join customer
left join sign_total on customer.account_id = sign_total.account_id
union all
select
    customer.as_of,
    customer.account_id,
    'engagement' as measure,
    case
        when int_account_engagement.points is null then 'missing'
        when int_account_engagement.points = 0 then 'zero'
        else 'value'
    end as state,
    cast(int_account_engagement.points as double) as raw_value,
    feed.newest_on as observed_on
from feed
cross join customer
left join int_account_engagement
    on customer.account_id = int_account_engagement.account_id
