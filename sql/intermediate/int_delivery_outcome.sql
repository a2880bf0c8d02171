-- What became of one delivery that arrived within the history: what was reported, what
-- its own dates say, and what the customer said at it. The customer's word is the
-- delivery's own answer to the recommendation question, else the newest survey answer
-- that names the delivery.
-- grain: delivery_id
-- columns:
--   delivery_id | text | key | delivery
--   account_id | text | key | listed account; '' where it is not known or not listed
--   site | text | - | site of ours that delivered
--   delivered_on | date | day | the day it arrived
--   is_reported_on_time | boolean | - | as the front line reported; null if it did not
--   is_on_time | boolean | - | not after the day last confirmed, else first promised
--   is_as_promised | boolean | - | not after the day first promised, else confirmed
--   is_in_full | boolean | - | as many pieces as ordered; null where nobody counted
--   is_good | boolean | - | the customer is a promoter; null without an answer
--   is_bad | boolean | - | the customer is a detractor; null without an answer
with

own_answer as (
    select
        stg_delivery.delivery_id,
        stg_delivery.nps_score >= cfg_survey_metric.good_from as is_good,
        stg_delivery.nps_score <= cfg_survey_metric.bad_to as is_bad
    from stg_delivery
    inner join cfg_survey_metric on cfg_survey_metric.metric = 'nps'
    where stg_delivery.nps_score
        between cfg_survey_metric.scale_min and cfg_survey_metric.scale_max
),

survey_answer as (
    select
        delivery_id,
        is_good,
        is_bad
    from int_survey_answer
    where metric = 'nps'
        and delivery_id is not null
    qualify row_number() over (
        partition by delivery_id
        order by responded_at desc nulls last, response_id desc
    ) = 1
)

select
    stg_delivery.delivery_id,
    coalesce(stg_account.account_id, '') as account_id,
    stg_delivery.site,
    stg_delivery.delivered_on,
    stg_delivery.reported_on_time as is_reported_on_time,
    stg_delivery.delivered_on
        <= coalesce(stg_delivery.confirmed_on, stg_delivery.promised_on) as is_on_time,
    stg_delivery.delivered_on
        <= coalesce(stg_delivery.promised_on, stg_delivery.confirmed_on)
        as is_as_promised,
    stg_delivery.quantity_delivered >= stg_delivery.quantity_ordered as is_in_full,
    coalesce(own_answer.is_good, survey_answer.is_good) as is_good,
    coalesce(own_answer.is_bad, survey_answer.is_bad) as is_bad
from stg_delivery
inner join cfg_cutoff_day
    on stg_delivery.delivered_on = cfg_cutoff_day.day
    and cfg_cutoff_day.as_of = $as_of
left join own_answer on stg_delivery.delivery_id = own_answer.delivery_id
left join survey_answer on stg_delivery.delivery_id = survey_answer.delivery_id
left join stg_account on stg_delivery.account_id = stg_account.account_id
