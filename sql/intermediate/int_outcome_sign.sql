-- One sign of how an account does, with the days on which it counts: an answer for the
-- year that begins with it, a day of use for 28 days, a contract that pays while it runs.
-- grain: outcome, account_id, sign_id
-- materialise: view
-- columns:
--   outcome | text | - | answer, use or renewal
--   account_id | text | key | account
--   sign_id | text | key | answer, day or contract
--   question | text | - | metric and kind of the answer, '' for the others
--   value | integer | 0-10000 | the answer on its common scale, null for the others
--   begins_on | date | day | first day on which it counts
--   ends_on | date | day | first day on which it no longer does, null while not known
select
    'answer' as outcome,
    account_id,
    response_id as sign_id,
    concat(metric, '/', kind) as question,
    value,
    responded_on as begins_on,
    responded_on + 365 as ends_on
from int_answer_value
where account_id is not null and responded_on <= $as_of
union all
select
    'use' as outcome,
    account_id,
    cast(day as text) as sign_id,
    '' as question,
    cast(null as bigint) as value,
    day as begins_on,
    day + 28 as ends_on
from int_account_day
union all
select
    'renewal' as outcome,
    account_id,
    subscription_id as sign_id,
    '' as question,
    cast(null as bigint) as value,
    started_on as begins_on,
    ended_on as ends_on
from stg_subscription
where account_id is not null and mrr > 0 and not is_trial
