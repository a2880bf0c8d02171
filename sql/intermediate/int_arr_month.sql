-- Recurring revenue of one account at the end of one month, as a year's, in one currency:
-- that of most of its paid contracts, then by code. What it pays in others is not added.
-- An account without revenue has no row.
-- grain: account_id, month
-- columns:
--   account_id | text | key | account
--   month | date | first day | the calendar month
--   currency | text | ISO 4217 | currency of the amount
--   arr | decimal(38,4) | currency/year | twelve times the revenue of a month
select
    stg_subscription.account_id,
    cfg_month.month,
    stg_subscription.currency,
    cast(sum(cast(stg_subscription.mrr as decimal(38, 4))) * 12 as decimal(38, 4)) as arr
from cfg_month
inner join stg_subscription
    on stg_subscription.started_on <= cfg_month.ends_on
    and coalesce(stg_subscription.ended_on, date '9999-12-31') > cfg_month.ends_on
where stg_subscription.mrr > 0 and stg_subscription.account_id is not null
group by stg_subscription.account_id, cfg_month.month, stg_subscription.currency
qualify row_number() over (
    partition by stg_subscription.account_id, cfg_month.month
    order by count(*) desc, stg_subscription.currency
) = 1
