-- How punctual we say we are, how punctual the dates say we were, and what customers say
-- at the very same deliveries: per site, account, owner and every other attribute. The
-- front line likes its own figures; where deliveries reported on time are taken worse
-- than those of others, or came after the day that was confirmed, the flag says so.
-- Deliveries that arrived within the history of the pipeline.
-- grain: dimension, dimension_value
-- columns:
--   dimension | text | - | site, account, or an attribute of the account; all for all
--   dimension_value | text | - | value today; unknown where there is none
--   deliveries | integer | deliveries | deliveries that arrived
--   reported | integer | deliveries | of these, reported as on time or not
--   reported_rate | float | 0-1 | share of these reported as on time
--   reported_rate_low | float | 0-1 | low end of its 95 % Wilson interval
--   reported_rate_high | float | 0-1 | high end of its 95 % Wilson interval
--   dated | integer | deliveries | deliveries with a date to be held against
--   on_time_rate | float | 0-1 | arrived by the day last confirmed, recomputed
--   on_time_rate_low | float | 0-1 | low end of its 95 % Wilson interval
--   on_time_rate_high | float | 0-1 | high end of its 95 % Wilson interval
--   promise_rate | float | 0-1 | arrived by the day first promised
--   perfect_rate | float | 0-1 | as first promised and in full, where pieces are counted
--   contradicted | integer | deliveries | reported on time, and late by their own dates
--   contradicted_rate | float | 0-1 | of those reported on time that have a date
--   contradicted_rate_low | float | 0-1 | low end of its 95 % Wilson interval
--   contradicted_rate_high | float | 0-1 | high end of its 95 % Wilson interval
--   answered | integer | answers | customers' answers at the deliveries
--   nps | float | points -100-100 | of these; null below the pipeline's minimum
--   nps_low | float | points -100-100 | low end of its 95 % interval
--   nps_high | float | points -100-100 | high end of its 95 % interval
--   answered_on_time | integer | answers | of these, at deliveries reported on time
--   nps_on_time | float | points -100-100 | NPS of those; null with too few on a side
--   nps_on_time_others | float | points -100-100 | the same of all others
--   voice_gap | float | points | nps_on_time - nps_on_time_others
--   voice_gap_low | float | points | low end of its 95 % interval
--   voice_gap_high | float | points | high end of its 95 % interval
--   flag | text | - | beautified, voice_contradicts, dates_contradict, too_few or none
with

judged as (
    select
        total.*,
        doubt.own,
        doubt.others,
        doubt.gap,
        doubt.gap_low,
        doubt.gap_high,
        total.answered >= greatest(cfg_pipeline.minimum_n, 1) as is_enough,
        coalesce(
            wilson_low(total.contradicted, total.checked) > cfg_voice.contradicted_share,
            false
        ) as dates_contradict,
        -- worse taken, although the report is no worse than that of the others
        coalesce(
            doubt.gap_high < 0
            and cast(total.reported_on_time as double) / total.reported
                >= doubt.others_rate,
            false
        ) as voice_contradicts
    from cfg_pipeline
    cross join cfg_voice
    cross join int_fulfilment_total as total
    left join int_fulfilment_doubt as doubt
        on total.dimension = doubt.dimension
        and total.dimension_value = doubt.dimension_value
)

select
    dimension,
    dimension_value,
    deliveries,
    reported,
    cast(reported_on_time as double) / nullif(reported, 0) as reported_rate,
    wilson_low(reported_on_time, reported) as reported_rate_low,
    wilson_high(reported_on_time, reported) as reported_rate_high,
    dated,
    cast(on_time as double) / nullif(dated, 0) as on_time_rate,
    wilson_low(on_time, dated) as on_time_rate_low,
    wilson_high(on_time, dated) as on_time_rate_high,
    cast(as_promised as double) / nullif(dated, 0) as promise_rate,
    cast(perfect as double) / nullif(counted, 0) as perfect_rate,
    contradicted,
    cast(contradicted as double) / nullif(checked, 0) as contradicted_rate,
    wilson_low(contradicted, checked) as contradicted_rate_low,
    wilson_high(contradicted, checked) as contradicted_rate_high,
    answered,
    case when is_enough then cast(100 * (good - bad) as double) / answered end as nps,
    case when is_enough then nps_low(good, bad, answered) end as nps_low,
    case when is_enough then nps_high(good, bad, answered) end as nps_high,
    praised_n as answered_on_time,
    own as nps_on_time,
    others as nps_on_time_others,
    gap as voice_gap,
    gap_low as voice_gap_low,
    gap_high as voice_gap_high,
    case
        when dates_contradict and voice_contradicts then 'beautified'
        when voice_contradicts then 'voice_contradicts'
        when dates_contradict then 'dates_contradict'
        when gap is null and dimension <> 'all' then 'too_few'
        else 'none'
    end as flag
from judged
