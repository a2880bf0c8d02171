-- Owners with more rows of one list than they have room for, and accounts that are listed
-- although they are kept out.
-- severity: error
-- checks: task
with

row_of_list as (
    select 'risk' as list, account_id, owner_id, status from risk_list
    union all
    select 'expansion' as list, account_id, owner_id, status from expansion_list
    union all
    select 'nurture' as list, account_id, owner_id, status from nurture_list
    union all
    select 'advocate' as list, account_id, owner_id, status from advocate_list
    union all
    select 'next_best_action' as list, account_id, owner_id, status from next_best_action
    union all
    select 'alert' as list, account_id, owner_id, status from alert
)

select
    row_of_list.list,
    row_of_list.owner_id,
    cast(null as text) as account_id,
    count(*) as rows_listed
from row_of_list
inner join cfg_list_limit on row_of_list.list = cfg_list_limit.list
where row_of_list.status = 'listed'
group by row_of_list.list, row_of_list.owner_id, cfg_list_limit.capacity
having count(*) > cfg_list_limit.capacity
union all
select
    row_of_list.list,
    row_of_list.owner_id,
    row_of_list.account_id,
    cast(1 as bigint) as rows_listed
from row_of_list
inner join cfg_list_limit
    on row_of_list.list = cfg_list_limit.list and cfg_list_limit.hold_out
inner join int_list_account on row_of_list.account_id = int_list_account.account_id
where row_of_list.status = 'listed' and int_list_account.is_in_holdout
