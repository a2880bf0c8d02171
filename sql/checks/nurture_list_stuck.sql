-- Accounts said to stall that do not: in no stage of that name now, or not for longer
-- than is usual.
-- severity: error
-- checks: nurture_list
select
    nurture_list.account_id,
    nurture_list.stage
from nurture_list
cross join cfg_list_rule
left join journey_stage
    on nurture_list.account_id = journey_stage.account_id
    and nurture_list.stage = journey_stage.stage
    and cfg_list_rule.nurture_journey = journey_stage.journey
    and journey_stage.left_on is null
where journey_stage.account_id is null
    or coalesce(nurture_list.days_in_stage <= nurture_list.usual_days_p90, true)
