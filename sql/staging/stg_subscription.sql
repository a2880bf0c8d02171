-- One contract that brings recurring revenue. A trial brings none, whatever its price
-- list says, so its amount is zero. Where a key repeats, the row that started last is
-- kept, and of those the one that knows of an end; the remaining columns only make the
-- choice the same on every run.
-- grain: subscription_id
-- columns:
--   subscription_id | text | key | the contract
--   account_id | text | key | its account; null where none is named
--   product_id | text | key | product
--   plan | text | - | plan
--   seats | integer | seats | seats bought
--   mrr | decimal(18,4) | currency/month | revenue a month; 0 for trials
--   currency | text | ISO 4217 | upper case; the pipeline's where none is given
--   started_on | date | day | first day of service
--   ended_on | date | day | first day without service
--   cancelled_on | date | day | day the customer gave notice
--   renews_on | date | day | next renewal
--   is_trial | boolean | - | a trial brings no revenue
--   auto_renew | boolean | - | renews unless cancelled
with

ranked as (
    select
        *,
        row_number() over (
            partition by subscription_id
            order by
                started_on desc nulls last,
                ended_on desc nulls last,
                cancelled_on desc nulls last,
                renews_on desc nulls last,
                mrr desc nulls last,
                account_id asc nulls last,
                currency asc nulls last,
                product_id asc nulls last,
                plan asc nulls last,
                seats desc nulls last,
                is_trial asc nulls last,
                auto_renew asc nulls last
        ) as position
    from raw_subscription
)

select
    ranked.subscription_id,
    nullif(trim(ranked.account_id), '') as account_id,
    nullif(trim(ranked.product_id), '') as product_id,
    nullif(trim(ranked.plan), '') as plan,
    ranked.seats,
    case
        when coalesce(ranked.is_trial, false) then cast(0 as decimal(18, 4))
        else cast(ranked.mrr as decimal(18, 4))
    end as mrr,
    upper(coalesce(nullif(trim(ranked.currency), ''), cfg_pipeline.currency)) as currency,
    ranked.started_on,
    ranked.ended_on,
    ranked.cancelled_on,
    ranked.renews_on,
    coalesce(ranked.is_trial, false) as is_trial,
    ranked.auto_renew
from ranked
cross join cfg_pipeline
where ranked.position = 1
