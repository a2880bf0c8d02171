-- One product that a paying account has on the as-of day, with its seats and its revenue.
-- Contracts that name no product are left out: nobody knows what they are for.
-- grain: account_id, product_id, currency
-- columns:
--   account_id | text | key | account
--   product_id | text | key | product
--   currency | text | ISO 4217 | currency of mrr
--   seats | integer | seats | seats bought
--   mrr | decimal(38,4) | currency/month | recurring revenue
select
    account_id,
    product_id,
    currency,
    coalesce(sum(seats), 0) as seats,
    cast(sum(cast(mrr as decimal(38,4))) as decimal(38,4)) as mrr
from stg_subscription
where account_id is not null
    and product_id is not null
    and mrr > 0
    and not is_trial
    and started_on <= $as_of
    and coalesce(ended_on > $as_of, true)
group by account_id, product_id, currency
