-- One line of one delivery. Of a repeated key the row that knows most about the arrival
-- is kept; the other columns only make the choice total.
-- grain: delivery_id
-- columns:
--   delivery_id | text | key | the line's key
--   account_id | text | key | account
--   site | text | - | site of ours that delivered, lower case; unknown where none is
--   promised_on | date | day | day first promised
--   confirmed_on | date | day | day last confirmed
--   delivered_on | date | day | day it arrived
--   quantity_ordered | integer | pieces | pieces ordered
--   quantity_delivered | integer | pieces | pieces that arrived
--   reported_on_time | boolean | - | what the front line reported
--   nps_score | integer | 0-10 | answer to the delivery's own recommendation question
select
    trim(delivery_id) as delivery_id,
    nullif(trim(account_id), '') as account_id,
    coalesce(nullif(lower(trim(site)), ''), 'unknown') as site,
    promised_on,
    confirmed_on,
    delivered_on,
    quantity_ordered,
    quantity_delivered,
    reported_on_time,
    nps_score
from raw_delivery
where trim(delivery_id) <> ''
qualify row_number() over (
    partition by trim(delivery_id)
    order by
        delivered_on desc nulls last,
        nps_score desc nulls last,
        confirmed_on desc nulls last,
        promised_on desc nulls last,
        ordered_on desc nulls last,
        quantity_delivered desc nulls last,
        quantity_ordered desc nulls last,
        reported_on_time asc nulls last,
        account_id asc nulls last,
        site asc nulls last
) = 1
