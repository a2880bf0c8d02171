-- Groups whose opening and movements do not give their closing to the last cent, or
-- whose revenue is not that of their accounts in revenue_movement.
-- severity: error
-- checks: revenue_movement_group
with

accounts as (
    select
        parent_account_id,
        month,
        currency,
        sum(opening) as opening,
        sum(closing) as closing
    from revenue_movement
    group by parent_account_id, month, currency
)

select
    coalesce(groups.parent_account_id, accounts.parent_account_id) as parent_account_id,
    coalesce(groups.month, accounts.month) as month,
    coalesce(groups.currency, accounts.currency) as currency,
    groups.opening,
    groups.closing
from revenue_movement_group as groups
full outer join accounts
    on
        groups.parent_account_id = accounts.parent_account_id
        and groups.month = accounts.month
        and groups.currency = accounts.currency
where groups.opening + groups.new + groups.expansion + groups.reactivation
    - groups.contraction - groups.churn <> groups.closing
    or least(
        groups.new,
        groups.expansion,
        groups.contraction,
        groups.churn,
        groups.reactivation
    ) < 0
    or coalesce(groups.opening, 0) <> coalesce(accounts.opening, 0)
    or coalesce(groups.closing, 0) <> coalesce(accounts.closing, 0)
