-- What content is seen in which stage of a journey by which role, and what followed: of
-- the accounts' stays in the stage in which the role saw it early, the share that went on
-- to a later stage within the window, against the stays in which it did not. Stages and
-- roles that no content reaches have a row with the content `none`. This describes who
-- moved; those who look for content may have moved without it.
-- grain: content_id, journey, stage, role
-- columns:
--   content_id | text | key | content; none where no content reaches the stage and role
--   journey | text | key | journey
--   stage | text | - | the account's stage when it was seen
--   role | text | - | buying role of who saw it, all for anybody
--   is_missing | boolean | - | no content reaches this stage and role
--   touches | integer | touches | how often it was seen
--   accounts | integer | accounts | by how many accounts
--   contacts | integer | people | by how many known people
--   stays_seen | integer | stays | n: stays in the stage with an early view
--   moved_seen | integer | stays | of these, forward within the window
--   rate_seen | float | 0-1 | moved_seen / stays_seen; null when too few
--   rate_seen_low | float | 0-1 | low end of its 95 % interval
--   rate_seen_high | float | 0-1 | high end of its 95 % interval
--   stays_unseen | integer | stays | n: stays in the stage without
--   moved_unseen | integer | stays | of these, forward within the window
--   rate_unseen | float | 0-1 | moved_unseen / stays_unseen; null when too few
--   rate_unseen_low | float | 0-1 | low end of its 95 % interval
--   rate_unseen_high | float | 0-1 | high end of its 95 % interval
--   difference | float | -1-1 | rate_seen - rate_unseen; null when too few
--   difference_low | float | -1-1 | low end of its 95 % interval
--   difference_high | float | -1-1 | high end of its 95 % interval
--   is_too_few | boolean | - | either n is below the pipeline's minimum
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
    rate_seen,
    rate_seen_low,
    rate_seen_high,
    stays_unseen,
    moved_unseen,
    rate_unseen,
    rate_unseen_low,
    rate_unseen_high,
    difference,
    difference_low,
    difference_high,
    is_too_few
from int_content_effect
