-- Relationships that contradict themselves: shares outside their interval or given for
-- nobody, more people than touches, signs without words.
-- severity: error
-- checks: relationship_risk
select
    account_id,
    signs,
    their_share,
    their_touches,
    their_people,
    our_share,
    our_touches,
    our_people
from relationship_risk
where their_share not between their_share_low - 1e-9 and their_share_high + 1e-9
    or our_share not between our_share_low - 1e-9 and our_share_high + 1e-9
    or their_share <= 0
    or our_share <= 0
    or their_people > their_touches
    or our_people > our_touches
    or coalesce(cardinality(sign_names), 0) <> signs
    or coalesce(cardinality(reasons), 0) <> signs
