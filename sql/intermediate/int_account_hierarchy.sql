-- Where one account stands among the accounts that own it, by the newest extract of the
-- as-of day. A parent that the extract does not list is no parent. Accounts that own each
-- other in a circle have no top: each is its own.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   parent_account_id | text | key | the listed account that owns it
--   root_account_id | text | key | the account at the top, itself where nobody owns it
--   depth | integer | levels | steps to the top
--   children | integer | accounts | accounts that it owns directly
--   is_circular | boolean | - | following the owners never comes to an end
with recursive

owned as (
    select
        child.account_id,
        child.parent_account_id
    from stg_account as child
    inner join stg_account as parent
        on child.parent_account_id = parent.account_id
    where child.parent_account_id <> child.account_id
),

-- ten levels are more than any group has, and the end of every circle
ancestry as (
    select
        account_id,
        account_id as ancestor_id,
        cast(0 as bigint) as depth
    from stg_account
    union all
    select
        ancestry.account_id,
        owned.parent_account_id as ancestor_id,
        ancestry.depth + 1 as depth
    from ancestry
    inner join owned on ancestry.ancestor_id = owned.account_id
    where ancestry.depth < 10
),

highest as (
    select
        account_id,
        ancestor_id,
        depth
    from ancestry
    qualify row_number() over (partition by account_id order by depth desc) = 1
),

child_count as (
    select
        parent_account_id,
        count(*) as children
    from owned
    group by parent_account_id
)

select
    stg_account.account_id,
    owned.parent_account_id,
    case when highest.depth < 10 then highest.ancestor_id else stg_account.account_id end
        as root_account_id,
    case when highest.depth < 10 then highest.depth else 0 end as depth,
    coalesce(child_count.children, 0) as children,
    highest.depth >= 10 as is_circular
from stg_account
inner join highest on stg_account.account_id = highest.account_id
left join owned on stg_account.account_id = owned.account_id
left join child_count on stg_account.account_id = child_count.parent_account_id
