-- One touch of the generated log.
-- grain: touch_id
-- materialise: view
select
    touch_id,
    unit,
    occurred_at,
    step_mask
from raw_event
