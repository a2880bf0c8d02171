-- The people of one account in one role, and what they said; counts only.
-- grain: account_id, role
-- columns:
--   account_id | text | key | account
--   role | text | - | role in the purchase
--   influence | decimal(9,4) | 0-1 | of the role in the account's purchase
--   decides | boolean | - | a role whose answer decides
--   people | integer | people | people with the role
--   asked | integer | people | of these, asked; null where nobody knows
--   silent | integer | people | of these, silent; null where nobody knows
--   n | integer | people | of these, with an answer that counts
--   good | integer | people | promoters
--   bad | integer | people | detractors
--   score_sum | integer | 0-10 | sum of the scores
select
    account_id,
    role,
    max(influence) as influence,
    bool_or(decides) as decides,
    count(*) as people,
    case when count(is_asked) > 0 then count(*) filter (where is_asked) end as asked,
    case when count(is_silent) > 0 then count(*) filter (where is_silent) end as silent,
    count(score) as n,
    count(*) filter (where is_good) as good,
    count(*) filter (where is_bad) as bad,
    coalesce(sum(score), 0) as score_sum
from int_voice_person
group by account_id, role
