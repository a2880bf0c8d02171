-- Offers to accounts that must not be sold to, or whose figures cannot be right: an
-- account that does not pay, is unwell or waits for a severe ticket, a share beyond its
-- bounds, a product that the account has already, an amount below zero.
-- severity: error
-- checks: expansion_list
select
    expansion_list.account_id,
    expansion_list.reason,
    expansion_list.product_id
from expansion_list
inner join int_list_account on expansion_list.account_id = int_list_account.account_id
left join account_health on expansion_list.account_id = account_health.account_id
left join cfg_list_value
    on cfg_list_value.setting = 'expansion_tier'
    and account_health.tier = cfg_list_value.value
left join int_product_held
    on expansion_list.account_id = int_product_held.account_id
    and expansion_list.product_id = int_product_held.product_id
    and expansion_list.reason = 'whitespace'
where cfg_list_value.value is null
    or not int_list_account.is_paying
    or int_list_account.severe_tickets > 0
    or int_list_account.is_declining
    or int_product_held.product_id is not null
    or coalesce(expansion_list.peers_with > expansion_list.peers, false)
    or coalesce(expansion_list.amount < 0, false)
