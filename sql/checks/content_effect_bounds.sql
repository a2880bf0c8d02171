-- Effects of content that contradict themselves: more accounts than touches, more moved
-- than stayed, rates outside their interval, figures for too few, or a cell that is both
-- missing and seen.
-- severity: error
-- checks: content_effect
select
    content_id,
    journey,
    stage,
    role,
    is_missing,
    touches,
    accounts,
    contacts,
    stays_seen,
    moved_seen,
    stays_unseen,
    moved_unseen,
    difference
from content_effect
where accounts > touches
    or contacts > touches
    or is_missing <> (touches = 0)
    or moved_seen not between 0 and stays_seen
    or moved_unseen not between 0 and stays_unseen
    or rate_seen not between rate_seen_low - 1e-9 and rate_seen_high + 1e-9
    or rate_unseen not between rate_unseen_low - 1e-9 and rate_unseen_high + 1e-9
    or difference not between difference_low - 1e-9 and difference_high + 1e-9
    or is_too_few <> (rate_seen is null)
    or is_too_few <> (difference_low is null)
