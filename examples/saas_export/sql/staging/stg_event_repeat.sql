-- One usage key that stands on more than one row of the export. The rows differ in
-- everything else: the keys collided, and one of the uses is left out. The day is the
-- first of them.
-- grain: event_id
select
    usage_id as event_id,
    min(usage_date) as day,
    count(*) as copies
from raw_ravenstack_feature_usage
group by usage_id
having count(*) > 1
