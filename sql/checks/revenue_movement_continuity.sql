-- What an account closes a month with, it opens the next one with; a month without a row
-- stands for zero.
-- severity: error
-- checks: revenue_movement
with

closings as (
    select
        revenue_movement.account_id,
        revenue_movement.currency,
        next_month.month,
        revenue_movement.closing as expected
    from revenue_movement
    inner join cfg_month as next_month
        on next_month.month - 1 = revenue_movement.ends_on
    where revenue_movement.closing <> 0
),

openings as (
    select
        account_id,
        currency,
        month,
        opening
    from revenue_movement
    where
        opening <> 0
        and month > (select min(month) from cfg_month)
)

select
    coalesce(closings.account_id, openings.account_id) as account_id,
    coalesce(closings.currency, openings.currency) as currency,
    coalesce(closings.month, openings.month) as month,
    closings.expected,
    openings.opening
from closings
full outer join openings
    on
        closings.account_id = openings.account_id
        and closings.currency = openings.currency
        and closings.month = openings.month
where closings.expected is distinct from openings.opening
