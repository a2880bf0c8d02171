-- One account as the lists look at it: whose it is, what it pays, whether it is kept out
-- to learn what the lists do, and what forbids to sell to it. Health is not known here:
-- the lists look it up where it is published.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   account_name | text | - | its name
--   owner_id | text | key | the person of ours who owns it
--   segment | text | - | its segment
--   is_in_holdout | boolean | - | of the share that is kept out of lists
--   is_paying | boolean | - | has recurring revenue
--   arr | decimal(38,4) | currency/year | annual recurring revenue, null without
--   currency | text | ISO 4217 | currency of arr
--   rate | decimal(24,10) | - | pipeline's currency for one unit, null where not known
--   severe_tickets | integer | tickets | open tickets of a severe priority
--   is_declining | boolean | - | uses less, pays less, or gave notice
with

severe as (
    select
        stg_ticket.account_id,
        count(*) as tickets
    from stg_ticket
    inner join cfg_list_value
        on cfg_list_value.setting = 'severe_priority'
        and stg_ticket.priority = cfg_list_value.value
    where stg_ticket.account_id is not null
        and coalesce(stg_ticket.resolved_on > $as_of, true)
    group by stg_ticket.account_id
),

commercial as (
    select *
    from int_account_commercial
    where as_of = $as_of
),

usage as (
    select *
    from int_account_usage
    where as_of = $as_of
)

select
    stg_account.account_id,
    stg_account.account_name,
    stg_account.owner_id,
    stg_account.segment,
    hash_bucket(cfg_list_rule.holdout_salt, stg_account.account_id)
        < cfg_list_rule.holdout_buckets as is_in_holdout,
    coalesce(commercial.mrr > 0, false) as is_paying,
    commercial.arr,
    commercial.currency,
    stg_fx_rate.rate,
    coalesce(severe.tickets, 0) as severe_tickets,
    coalesce(
        -- a ratio of a handful of events says nothing
        usage.events_28d_before >= cfg_pipeline.minimum_n
        and cast(usage.events_28d as decimal(20,4))
            < cast(usage.events_28d_before as decimal(20,0)) * cfg_list_rule.use_from,
        false
    )
        or coalesce(commercial.mrr < commercial.mrr_90d_before, false)
        or coalesce(commercial.notice_given, false) as is_declining
from cfg_list_rule
cross join cfg_pipeline
cross join stg_account
left join commercial on stg_account.account_id = commercial.account_id
left join stg_fx_rate on commercial.currency = stg_fx_rate.currency
left join usage on stg_account.account_id = usage.account_id
left join severe on stg_account.account_id = severe.account_id
