-- One account above another, at any distance, and the account itself at distance 0, by
-- the newest extract of the as-of day. Accounts that own each other in a circle have
-- nobody above them.
-- grain: account_id, ancestor_id
-- columns:
--   account_id | text | key | account
--   ancestor_id | text | key | the account itself, or one that owns it
--   distance | integer | levels | steps up
with recursive

-- ten levels are more than any group has
climb as (
    select
        account_id,
        account_id as ancestor_id,
        parent_account_id as next_id,
        cast(0 as bigint) as distance
    from int_account_hierarchy
    union all
    select
        climb.account_id,
        climb.next_id as ancestor_id,
        int_account_hierarchy.parent_account_id as next_id,
        climb.distance + 1 as distance
    from climb
    inner join int_account_hierarchy
        on climb.next_id = int_account_hierarchy.account_id
    where climb.distance < 10
        and not int_account_hierarchy.is_circular
)

select
    climb.account_id,
    climb.ancestor_id,
    climb.distance
from climb
inner join int_account_hierarchy
    on climb.account_id = int_account_hierarchy.account_id
where climb.distance = 0
    or not int_account_hierarchy.is_circular
