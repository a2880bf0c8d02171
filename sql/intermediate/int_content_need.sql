-- One stage and role for which content is needed: every stage of a deal that the pipeline
-- names, and the time before a deal, with every role that can move something there.
-- Where events or people are not extracted, nobody knows what is missing.
-- grain: stage, role
-- columns:
--   stage | text | - | stage of a deal, or no_deal
--   role | text | - | buying role
with

measured as (
    select count(*) as sources
    from cfg_source
    where source_table in ('event', 'contact') and is_declared
),

needed as (
    select
        cfg_purchase_phase.stage,
        cfg_influence.role
    from cfg_purchase_phase
    inner join cfg_influence on cfg_purchase_phase.phase = cfg_influence.phase
    where cfg_influence.influence > 0
    union
    select
        'no_deal' as stage,
        role
    from cfg_influence
    where influence > 0
)

select
    needed.stage,
    needed.role
from measured
cross join needed
where measured.sources = 2
