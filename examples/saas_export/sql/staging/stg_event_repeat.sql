-- One usage key that stands on more than one row of the export. The rows differ in
-- everything else: the keys collided, and one of the uses is left out.
-- grain: event_id
select
    usage_id as event_id,
    count(*) as copies
from raw_ravenstack_feature_usage
group by usage_id
having count(*) > 1
