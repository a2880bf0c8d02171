-- How fast, how well and at what cost the tickets opened in one month were resolved, per
-- attribute of the account or of the ticket. Speed alone is no quality: the time to
-- resolution stands beside the share of reopened tickets and the satisfaction with the
-- same, resolved tickets. A month is that of opening, so recent months still change and
-- hold the quick ones first: unresolved says how many are out. A month without tickets
-- has no row. Attributes are those of today (of a former customer: of its last day),
-- because extracts hold one state.
-- grain: dimension, dimension_value, month
-- columns:
--   dimension | text | - | attribute of account or ticket, all for the total
--   dimension_value | text | - | value of the attribute today, all for the total
--   month | date | day | first day of the month in which the tickets were opened
--   tickets | integer | tickets | tickets opened
--   resolved | integer | tickets | of these, resolved by the end of the as-of day
--   unresolved | integer | tickets | of these, not yet resolved
--   art_minutes_mean | float | minutes | opening to resolution, mean of resolved tickets
--   art_minutes_p50 | float | minutes | the same, median
--   art_minutes_p90 | float | minutes | the same, 90 %
--   art_business_minutes_mean | float | minutes | the same within business hours, mean
--   art_business_minutes_p50 | float | minutes | the same, median
--   art_business_minutes_p90 | float | minutes | the same, 90 %
--   first_response_minutes_p50 | float | minutes | opening to the first answer, median
--   first_response_minutes_p90 | float | minutes | the same, 90 %
--   first_response_n | integer | tickets | tickets with a first answer
--   first_response_minutes_p10 | float | minutes | opening to the first answer, 10 %
--   first_response_minutes_spread | float | minutes | 90 % less 10 %: how unsteady
--   reopen_rate | float | 0-1 | share reopened, of resolved tickets that say so
--   reopen_rate_low | float | 0-1 | low end of its 95 % Wilson interval
--   reopen_rate_high | float | 0-1 | high end of its 95 % Wilson interval
--   csat | float | 0-1 | share of good answers about these resolved tickets
--   csat_low | float | 0-1 | low end of its 95 % Wilson interval
--   csat_high | float | 0-1 | high end of its 95 % Wilson interval
--   csat_n | integer | tickets | resolved tickets with an answer
--   cost | decimal(38,4) | currency | of resolved tickets whose cost is known
--   cost_n | integer | tickets | resolved tickets whose cost is known
--   cost_per_ticket | decimal(38,4) | currency | cost / cost_n, rounded
--   currency | text | ISO 4217 | the pipeline's
with

ticket as (
    select
        int_ticket_outcome.*,
        cast(resolution_us as double) / 60000000 as art_minutes,
        cast(first_response_us as double) / 60000000 as first_response_minutes
    from int_ticket_outcome
    inner join cfg_month on int_ticket_outcome.month = cfg_month.month
),

grouped as (
    select
        ticket.*,
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value
    from ticket
    inner join int_voice_dimension on ticket.account_id = int_voice_dimension.account_id
    union all
    select *, 'role' as dimension, role as dimension_value from ticket
    union all
    select *, 'priority' as dimension, priority as dimension_value from ticket
    union all
    select *, 'category' as dimension, category as dimension_value from ticket
),

counted as (
    select
        ticket.dimension,
        ticket.dimension_value,
        ticket.month,
        count(*) as tickets,
        count(*) filter (where ticket.is_resolved) as resolved,
        -- microseconds of many tickets outgrow a 64-bit sum
        cast(sum(cast(ticket.resolution_us as decimal(38, 0))) as double)
            as resolution_us,
        count(ticket.resolution_us) as timed,
        percentile_cont(0.5) within group (order by ticket.art_minutes)
            as art_minutes_p50,
        percentile_cont(0.9) within group (order by ticket.art_minutes)
            as art_minutes_p90,
        sum(ticket.business_minutes) as business_minutes,
        count(ticket.business_minutes) as business_timed,
        percentile_cont(0.5) within group (
            order by cast(ticket.business_minutes as double)
        ) as art_business_minutes_p50,
        percentile_cont(0.9) within group (
            order by cast(ticket.business_minutes as double)
        ) as art_business_minutes_p90,
        percentile_cont(0.5) within group (order by ticket.first_response_minutes)
            as first_response_minutes_p50,
        percentile_cont(0.9) within group (order by ticket.first_response_minutes)
            as first_response_minutes_p90,
        percentile_cont(0.1) within group (order by ticket.first_response_minutes)
            as first_response_minutes_p10,
        count(ticket.first_response_minutes) as first_response_n,
        count(*) filter (where ticket.is_reopened) as reopened,
        count(ticket.is_reopened) as reopen_n,
        count(*) filter (where ticket.is_satisfied) as satisfied,
        count(ticket.is_satisfied) as csat_n,
        sum(cast(ticket.cost as decimal(38,4))) as cost,
        count(ticket.cost) as cost_n
    from grouped as ticket
    group by ticket.dimension, ticket.dimension_value, ticket.month
)

select
    dimension,
    dimension_value,
    month,
    tickets,
    resolved,
    tickets - resolved as unresolved,
    resolution_us / 60000000 / nullif(timed, 0) as art_minutes_mean,
    art_minutes_p50,
    art_minutes_p90,
    cast(business_minutes as double) / nullif(business_timed, 0)
        as art_business_minutes_mean,
    art_business_minutes_p50,
    art_business_minutes_p90,
    first_response_minutes_p50,
    first_response_minutes_p90,
    first_response_n,
    first_response_minutes_p10,
    first_response_minutes_p90 - first_response_minutes_p10
        as first_response_minutes_spread,
    cast(reopened as double) / nullif(reopen_n, 0) as reopen_rate,
    wilson_low(reopened, reopen_n) as reopen_rate_low,
    wilson_high(reopened, reopen_n) as reopen_rate_high,
    cast(satisfied as double) / nullif(csat_n, 0) as csat,
    wilson_low(satisfied, csat_n) as csat_low,
    wilson_high(satisfied, csat_n) as csat_high,
    csat_n,
    cost,
    cost_n,
    cast(round(cost / cost_n, 4) as decimal(38,4)) as cost_per_ticket,
    cfg_pipeline.currency
from cfg_pipeline
cross join counted
