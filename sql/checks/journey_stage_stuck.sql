-- Stays called stuck, or not, against their own figures: only a stay that goes on in a
-- stage can be stuck, and it is when it is longer than usual.
-- severity: error
-- checks: journey_stage
select
    journey,
    account_id,
    entered_on,
    days_in_stage,
    usual_days_p90,
    is_stuck
from journey_stage
where (is_stuck and (left_on is not null or stage_number = 0))
    or (is_stuck and days_in_stage <= usual_days_p90)
    or (
        left_on is null
        and stage_number > 0
        and (is_stuck is distinct from (days_in_stage > usual_days_p90))
    )
    or usual_open_n > usual_n
    or returns < 0
