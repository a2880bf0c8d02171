-- One of the most frequent paths through a journey, as one role saw it: the order of the
-- stages on whose days a person of that role did anything, neighbours that repeat
-- collapsed. The role all is the whole account, whoever acted. A path is that of one
-- pass, from entering the journey until leaving it; an account that comes back makes
-- another. Paths beyond those kept are one row, (other), so that the passes of a role sum
-- to all its passes. Roles are those of today, and people are seen only as far back as
-- events are extracted.
-- grain: journey, role, path
-- columns:
--   journey | text | key | journey
--   role | text | - | role in the purchase, unknown where none is known, or all
--   path | text | - | stages with > between them; … where it goes on; (other)
--   rank | integer | - | by passes, the most frequent first; null for (other)
--   passes | integer | passes | passes with this path
--   open_passes | integer | passes | of these, still under way: the path may grow
--   accounts | integer | accounts | accounts that made one of them
--   n | integer | passes | passes in which the role appeared
--   share | float | 0-1 | passes / n; null where is_too_few
--   share_low | float | 0-1 | low end of its 95 % Wilson interval
--   share_high | float | 0-1 | high end of its 95 % Wilson interval
--   is_too_few | boolean | - | n is below minimum_n
--   days_p50 | float | days | median length of these passes, open ones censored
with

ranked as (
    select
        journey,
        role,
        path,
        cast(row_number() over (
            partition by journey, role order by count(*) desc, path
        ) as bigint) as position,
        sum(count(*)) over (partition by journey, role) as n
    from int_path_lane
    group by journey, role, path
),

named as (
    select
        ranked.journey,
        ranked.role,
        ranked.path as own_path,
        case
            when ranked.position <= cfg_journey.paths_kept then ranked.path
            else '(other)'
        end as path,
        case when ranked.position <= cfg_journey.paths_kept then ranked.position end
            as rank,
        ranked.n
    from ranked
    inner join cfg_journey on ranked.journey = cfg_journey.journey
),

counted as (
    select
        named.journey,
        named.role,
        named.path,
        named.rank,
        named.n,
        count(*) as passes,
        count(*) filter (where int_path_lane.is_open) as open_passes,
        count(distinct int_path_lane.account_id) as accounts,
        km_quantile(
            cast(int_path_lane.days as double), not int_path_lane.is_open, 0.5
        ) as days_p50
    from int_path_lane
    inner join named
        on int_path_lane.journey = named.journey
        and int_path_lane.role = named.role
        and int_path_lane.path = named.own_path
    group by named.journey, named.role, named.path, named.rank, named.n
)

select
    counted.journey,
    counted.role,
    counted.path,
    counted.rank,
    counted.passes,
    counted.open_passes,
    counted.accounts,
    counted.n,
    case
        when counted.n >= cfg_pipeline.minimum_n
            then cast(counted.passes as double) / counted.n
    end as share,
    case
        when counted.n >= cfg_pipeline.minimum_n
            then wilson_low(counted.passes, counted.n)
    end as share_low,
    case
        when counted.n >= cfg_pipeline.minimum_n
            then wilson_high(counted.passes, counted.n)
    end as share_high,
    counted.n < cfg_pipeline.minimum_n as is_too_few,
    counted.days_p50
from cfg_pipeline
cross join counted
