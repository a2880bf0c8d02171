-- Deliveries of one group, counted by what was reported, what their dates say, and what
-- the customers said at them; counts only.
-- grain: dimension, dimension_value
-- columns:
--   dimension | text | - | site, account, or an attribute of the account; all for all
--   dimension_value | text | - | value; unknown where there is none
--   deliveries | integer | deliveries | deliveries that arrived
--   reported | integer | deliveries | of these, reported as on time or not
--   reported_on_time | integer | deliveries | of those, as on time
--   dated | integer | deliveries | deliveries with a date to be held against
--   on_time | integer | deliveries | of these, by the day last confirmed
--   as_promised | integer | deliveries | of these, by the day first promised
--   counted | integer | deliveries | of these, with pieces counted
--   perfect | integer | deliveries | of those, as promised and in full
--   checked | integer | deliveries | reported on time, with a date
--   contradicted | integer | deliveries | of these, late by the day last confirmed
--   answered | integer | answers | answers at deliveries
--   good | integer | answers | of these, promoters
--   bad | integer | answers | of these, detractors
--   praised_n | integer | answers | answers at deliveries reported on time
--   praised_good | integer | answers | of these, promoters
--   praised_bad | integer | answers | of these, detractors
with

grouped as (
    select
        outcome.*,
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value
    from int_delivery_outcome as outcome
    inner join int_voice_dimension on outcome.account_id = int_voice_dimension.account_id
    union all
    select
        *,
        'site' as dimension,
        site as dimension_value
    from int_delivery_outcome
    union all
    select
        *,
        'account' as dimension,
        case when account_id = '' then 'unknown' else account_id end as dimension_value
    from int_delivery_outcome
)

select
    dimension,
    dimension_value,
    count(*) as deliveries,
    count(is_reported_on_time) as reported,
    count(*) filter (where is_reported_on_time) as reported_on_time,
    count(is_on_time) as dated,
    count(*) filter (where is_on_time) as on_time,
    count(*) filter (where is_as_promised) as as_promised,
    count(*) filter (where is_on_time is not null and is_in_full is not null) as counted,
    count(*) filter (where is_as_promised and is_in_full) as perfect,
    count(*) filter (where is_reported_on_time and is_on_time is not null) as checked,
    count(*) filter (where is_reported_on_time and not is_on_time) as contradicted,
    count(is_good) as answered,
    count(*) filter (where is_good) as good,
    count(*) filter (where is_bad) as bad,
    count(is_good) filter (where is_reported_on_time) as praised_n,
    count(*) filter (where is_reported_on_time and is_good) as praised_good,
    count(*) filter (where is_reported_on_time and is_bad) as praised_bad
from grouped
group by dimension, dimension_value
