-- One attribute of an account by which what customers say, ask and get is broken down:
-- those of int_account_dimension, and the main product, the band of tenure, the band of
-- monthly revenue and our department. Revenue tables do not use the latter: whoever has
-- left would all stand in one band, and a band would explain what it is made of.
-- grain: account_id, dimension
-- columns:
--   account_id | text | key | account; '' for every account that is not listed
--   dimension | text | - | as int_account_dimension; product, tenure, revenue, department
--   dimension_value | text | - | value; unknown, or none for who never was a customer
with

account as (
    select
        account_id,
        owner_id
    from stg_account
    where account_id <> ''
),

trait as (
    select
        account.account_id,
        stg_owner.department,
        int_customer_trait.account_id is not null as is_customer,
        int_customer_trait.product,
        tenure.label as tenure,
        revenue.label as revenue
    from account
    left join stg_owner on account.owner_id = stg_owner.owner_id
    left join int_customer_trait on account.account_id = int_customer_trait.account_id
    left join cfg_band as tenure
        on tenure.dimension = 'tenure_days'
        and int_customer_trait.tenure_days >= tenure.from_value
        and int_customer_trait.tenure_days < tenure.to_value
    left join cfg_band as revenue
        on revenue.dimension = 'monthly_revenue'
        and int_customer_trait.monthly_revenue >= revenue.from_value
        and int_customer_trait.monthly_revenue < revenue.to_value
    union all
    select
        '' as account_id,
        cast(null as text) as department,
        true as is_customer,
        cast(null as text) as product,
        cast(null as text) as tenure,
        cast(null as text) as revenue
),

attribute as (
    select
        account_id,
        'product' as dimension,
        case when is_customer then product else 'none' end as dimension_value
    from trait
    union all
    select
        account_id,
        'tenure' as dimension,
        case when is_customer then tenure else 'none' end as dimension_value
    from trait
    union all
    select
        account_id,
        'revenue' as dimension,
        case when is_customer then revenue else 'none' end as dimension_value
    from trait
    union all
    select account_id, 'department' as dimension, department as dimension_value from trait
)

select
    account_id,
    dimension,
    dimension_value
from int_account_dimension
union all
select
    account_id,
    dimension,
    coalesce(dimension_value, 'unknown') as dimension_value
from attribute
