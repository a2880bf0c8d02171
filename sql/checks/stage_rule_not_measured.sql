-- Rules of stages with a condition that no declared source can meet: nobody is ever given
-- the stage by them, and whoever should be is given a later one.
-- severity: warn
-- checks: journey_stage
select distinct
    cfg_stage_rule.journey,
    cfg_stage_rule.rule_number,
    cfg_stage_rule.stage,
    cfg_stage_condition.kind,
    cfg_stage_condition.source_table
from cfg_stage_rule
inner join cfg_stage_condition
    on cfg_stage_rule.journey = cfg_stage_condition.journey
    and cfg_stage_rule.condition_mask & cfg_stage_condition.condition_bit > 0
inner join cfg_source
    on cfg_stage_condition.source_table = cfg_source.source_table
where not cfg_source.is_declared
