-- Alerts of things that have not happened, or too long ago.
-- severity: error
-- checks: alert
select
    alert.account_id,
    alert.alert,
    alert.subject
from alert
cross join cfg_list_rule
where alert.happened_on > $as_of
    or $as_of - alert.happened_on >= cfg_list_rule.alert_days
