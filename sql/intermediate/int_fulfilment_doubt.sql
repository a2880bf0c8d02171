-- How one group's deliveries that were reported on time were taken by the customers,
-- compared with such deliveries of all others in the same breakdown. Who reports late
-- deliveries as on time has unhappier customers at them than who does not. Groups with
-- too few answers on either side have no row.
-- grain: dimension, dimension_value
-- columns:
--   dimension | text | - | as int_fulfilment_total
--   dimension_value | text | - | as int_fulfilment_total
--   own | float | points -100-100 | NPS at the group's deliveries reported on time
--   others | float | points -100-100 | the same of all others
--   gap | float | points | own - others
--   gap_low | float | points | low end of its 95 % interval
--   gap_high | float | points | high end of its 95 % interval
--   others_rate | float | 0-1 | share that the others reported as on time
with

-- a breakdown holds every delivery once, so the others are all less the group
compared as (
    select
        own.dimension,
        own.dimension_value,
        own.praised_n,
        own.praised_good,
        own.praised_bad,
        whole.praised_n - own.praised_n as others_n,
        whole.praised_good - own.praised_good as others_good,
        whole.praised_bad - own.praised_bad as others_bad,
        cast(whole.reported_on_time - own.reported_on_time as double)
            / nullif(whole.reported - own.reported, 0) as others_rate
    from int_fulfilment_total as whole
    cross join int_fulfilment_total as own
    cross join cfg_voice
    where whole.dimension = 'all'
        and own.dimension <> 'all'
        and least(own.praised_n, whole.praised_n - own.praised_n)
            >= cfg_voice.fulfilment_minimum_answers
),

figure as (
    select
        *,
        cast(100 * (praised_good - praised_bad) as double) / praised_n as own,
        nps_low(praised_good, praised_bad, praised_n) as own_low,
        nps_high(praised_good, praised_bad, praised_n) as own_high,
        cast(100 * (others_good - others_bad) as double) / others_n as others,
        nps_low(others_good, others_bad, others_n) as others_low,
        nps_high(others_good, others_bad, others_n) as others_high
    from compared
)

select
    dimension,
    dimension_value,
    own,
    others,
    own - others as gap,
    own - others - sqrt(power(own - own_low, 2) + power(others_high - others, 2))
        as gap_low,
    own - others + sqrt(power(own_high - own, 2) + power(others - others_low, 2))
        as gap_high,
    others_rate
from figure
