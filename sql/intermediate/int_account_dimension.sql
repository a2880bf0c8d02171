-- One attribute of an account as of today by which metric tables break down; `all` for
-- the total: by today's value and not by that of the day something happened. The account
-- '' stands for all accounts that the account extract does not list: what they did
-- counts in the totals and as unknown, so that the values of a dimension always sum to
-- the total.
-- grain: account_id, dimension
-- columns:
--   account_id | text | key | account; '' for every account that is not listed
--   dimension | text | - | all, segment, region, industry, country, owner or size
--   dimension_value | text | - | value of the attribute; unknown where there is none
with

account as (
    select
        account_id,
        segment,
        region,
        industry,
        country,
        owner_id,
        size
    from int_account_state
    where applies_to is null
        and account_id <> ''
    union all
    select
        '' as account_id,
        cast(null as text) as segment,
        cast(null as text) as region,
        cast(null as text) as industry,
        cast(null as text) as country,
        cast(null as text) as owner_id,
        cast(null as text) as size
),

attribute as (
    select account_id, 'all' as dimension, 'all' as dimension_value from account
    union all
    select account_id, 'segment' as dimension, segment as dimension_value from account
    union all
    select account_id, 'region' as dimension, region as dimension_value from account
    union all
    select account_id, 'industry' as dimension, industry as dimension_value from account
    union all
    select account_id, 'country' as dimension, country as dimension_value from account
    union all
    select account_id, 'owner' as dimension, owner_id as dimension_value from account
    union all
    select account_id, 'size' as dimension, size as dimension_value from account
)

select
    account_id,
    dimension,
    coalesce(dimension_value, 'unknown') as dimension_value
from attribute
