-- One account of the export. Its plan at the sign-up stands in for a segment: it is the
-- only grouping by size of purchase that the export has. Owners, parents and the number
-- of employees are not in it. is_churned is what the export says, on no stated day; only
-- data_quality reads it.
-- grain: account_id
with

ranked as (
    select
        *,
        row_number() over (
            partition by account_id
            order by
                signup_date desc nulls last,
                account_name asc nulls last,
                industry asc nulls last,
                country asc nulls last,
                plan_tier asc nulls last,
                churn_flag asc nulls last
        ) as position
    from raw_ravenstack_accounts
)

select
    account_id,
    account_name,
    cast(null as text) as domain,
    cast(null as text) as parent_account_id,
    industry,
    cast(null as bigint) as employees,
    cast(null as text) as region,
    country,
    coalesce(plan_tier, 'unknown') as segment,
    cast(null as text) as owner_id,
    signup_date as created_on,
    coalesce(churn_flag, false) as is_churned
from ranked
where position = 1
