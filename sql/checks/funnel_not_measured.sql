-- Funnels of the pipeline with a step that no declared source can bring; they have no
-- rows, because their zeros would not be measured.
-- severity: warn
-- checks: funnel_conversion
select
    cfg_funnel.funnel,
    cfg_funnel.unit,
    cfg_funnel.steps
from cfg_funnel
left anti join int_measured_funnel on cfg_funnel.funnel = int_measured_funnel.funnel
