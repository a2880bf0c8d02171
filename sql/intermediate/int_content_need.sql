-- One stage and role for which content is needed: every stage of a journey, and the time
-- before the first, with every role that has influence on some purchase. Where events or
-- people are not extracted, nobody knows what is missing.
-- grain: journey, stage, role
-- columns:
--   journey | text | key | journey
--   stage | text | - | stage
--   role | text | - | buying role
with

measured as (
    select count(*) as sources
    from cfg_source
    where source_table in ('event', 'contact') and is_declared
),

needed as (
    select distinct
        cfg_stage.journey,
        cfg_stage.stage,
        cfg_influence.role
    from cfg_stage
    cross join cfg_influence
    where cfg_influence.influence > 0
)

select
    needed.journey,
    needed.stage,
    needed.role
from measured
cross join needed
where measured.sources = 2
