-- Roles whose paths do not sum to their passes, or (for the whole account) to the passes
-- that journey_stage shows within the pipeline's history; ranks with a hole; a share
-- outside its interval.
-- severity: error
-- checks: journey_path
with

numbered as (
    select
        journey,
        account_id,
        stage_number,
        left_on,
        sum(case when stage_number = 0 then 1 else 0 end) over (
            partition by journey, account_id order by entered_on
        ) as pass
    from journey_stage
),

pass as (
    select
        numbered.journey,
        numbered.account_id,
        numbered.pass
    from cfg_pipeline
    cross join numbered
    where numbered.stage_number > 0
    group by
        numbered.journey, numbered.account_id, numbered.pass, cfg_pipeline.history_days
    having max(coalesce(numbered.left_on, cast($as_of as date) + 1))
        > cast($as_of as date) - cfg_pipeline.history_days + 1
),

passes as (
    select
        journey,
        count(*) as passes
    from pass
    group by journey
),

lane as (
    select
        journey,
        role,
        sum(passes) as passes,
        min(n) as n,
        max(n) as n_max,
        count(rank) as ranks,
        coalesce(max(rank), 0) as rank_max,
        bool_or(
            is_too_few <> (share is null)
            or share_low > share + 1e-12
            or share_high < share - 1e-12
            or open_passes > passes
            or accounts > passes
        ) as is_out_of_bounds
    from journey_path
    group by journey, role
),

-- a journey that nobody passed has no path
compared as (
    select
        coalesce(lane.journey, passes.journey) as journey,
        coalesce(lane.role, 'all') as role,
        lane.passes,
        lane.n,
        lane.n_max,
        lane.ranks,
        lane.rank_max,
        lane.is_out_of_bounds,
        passes.passes as passes_of_stages
    from (select * from lane where role = 'all') as lane
    full outer join passes on lane.journey = passes.journey
    union all
    select *, passes as passes_of_stages
    from lane
    where role <> 'all'
)

select
    journey,
    role,
    passes,
    n,
    passes_of_stages
from compared
where (passes is distinct from passes_of_stages)
    or passes <> n
    or n <> n_max
    or ranks <> rank_max
    or is_out_of_bounds
