-- What the measures of the experience say of a customer: how deliveries went, and how its
-- people find us in each factor that the pipeline names. `fulfilment` is the share of the
-- deliveries that came by the day last confirmed and left no detractor; what the front
-- line reported plays no part. `experience_<factor>` is the mean of each person's newest
-- answer to the factor's questions. Both are known on the as-of day only, so that other
-- cutoffs have no row.
-- grain: as_of, account_id, measure
-- columns:
--   as_of | date | day | cutoff, the as-of day
--   account_id | text | key | account
--   measure | text | - | fulfilment, or experience_ and the factor
--   state | text | - | value, missing, stale or not_applicable
--   raw_value | float | - | share; mean on the drivers' scale. Null unless state is value
--   observed_on | date | day | newest delivery or answer
with

customer as (
    select
        as_of,
        account_id
    from int_account_commercial
    where as_of = $as_of
),

factor as (
    select distinct factor
    from cfg_experience_factor
),

newest_answer as (
    select
        answer.account_id,
        cfg_experience_factor.factor,
        answer.score,
        int_survey_answer.responded_on,
        $as_of - int_survey_answer.responded_on < cfg_voice.answer_days as is_recent
    from cfg_voice
    cross join int_driver_answer as answer
    inner join cfg_experience_factor on answer.question = cfg_experience_factor.question
    inner join int_survey_answer on answer.response_id = int_survey_answer.response_id
    qualify row_number() over (
        partition by
            answer.account_id,
            answer.question,
            int_survey_answer.contact_id,
            -- an answer that nobody signed is a person of its own
            case when int_survey_answer.contact_id is null then answer.response_id end
        order by int_survey_answer.responded_at desc nulls last, answer.response_id desc
    ) = 1
),

heard as (
    select
        account_id,
        factor,
        count(*) filter (where is_recent) as n,
        sum(score) filter (where is_recent) as score_sum,
        max(responded_on) as last_answer_on
    from newest_answer
    group by account_id, factor
)

select
    customer.as_of,
    customer.account_id,
    'fulfilment' as measure,
    case
        when not cfg_source.is_declared then 'missing'
        when delivery.account_id is null then 'not_applicable'
        when delivery.deliveries = 0 then 'stale'
        when delivery.judged = 0 then 'missing'
        else 'value'
    end as state,
    cast(delivery.judged - delivery.failed as double) / nullif(delivery.judged, 0)
        as raw_value,
    delivery.last_delivered_on as observed_on
from cfg_source
cross join customer
left join int_account_delivery as delivery
    on customer.account_id = delivery.account_id
where cfg_source.source_table = 'delivery'
union all
select
    customer.as_of,
    customer.account_id,
    concat('experience_', factor.factor) as measure,
    case
        when heard.n > 0 then 'value'
        when heard.last_answer_on is not null then 'stale'
        else 'missing'
    end as state,
    cast(heard.score_sum as double) / nullif(heard.n, 0) as raw_value,
    heard.last_answer_on as observed_on
from factor
cross join customer
left join heard
    on customer.account_id = heard.account_id
    and factor.factor = heard.factor
