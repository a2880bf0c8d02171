-- How the deliveries to one account went in the pipeline's days: what the front line
-- reported, what their own dates say, and what the customer said at them; counts only. An
-- account to which nothing was delivered within the history has no row.
-- grain: account_id
-- columns:
--   account_id | text | key | listed account
--   deliveries | integer | deliveries | deliveries that arrived in these days
--   reported | integer | deliveries | of these, reported as on time or not
--   reported_on_time | integer | deliveries | of those, as on time
--   judged | integer | deliveries | of these, with a date to be held against or an answer
--   failed | integer | deliveries | of those, late by their dates, or a detractor's
--   answered | integer | answers | of these, with an answer of the customer
--   good | integer | answers | of those, a promoter's
--   bad | integer | answers | of those, a detractor's
--   last_delivered_on | date | day | the newest delivery within the history
with

lately as (
    select
        outcome.*,
        $as_of - outcome.delivered_on < cfg_voice.fulfilment_health_days as is_recent
    from cfg_voice
    cross join int_delivery_outcome as outcome
    where outcome.account_id <> ''
),

counted as (
    select
        account_id,
        delivered_on,
        is_recent,
        is_recent and is_reported_on_time is not null as is_reported,
        is_recent and is_reported_on_time as is_praised,
        is_recent and coalesce(is_on_time, is_bad) is not null as is_judged,
        is_recent and (not is_on_time or is_bad) as is_failed,
        is_recent and is_good is not null as is_answered,
        is_recent and is_good as is_promoted,
        is_recent and is_bad as is_decried
    from lately
)

select
    account_id,
    count(*) filter (where is_recent) as deliveries,
    count(*) filter (where is_reported) as reported,
    count(*) filter (where is_praised) as reported_on_time,
    count(*) filter (where is_judged) as judged,
    count(*) filter (where is_failed) as failed,
    count(*) filter (where is_answered) as answered,
    count(*) filter (where is_promoted) as good,
    count(*) filter (where is_decried) as bad,
    max(delivered_on) as last_delivered_on
from counted
group by account_id
