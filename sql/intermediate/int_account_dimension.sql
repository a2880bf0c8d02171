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
)

select
    account.account_id,
    asked.dimension,
    coalesce(
        case asked.dimension
            when 'all' then 'all'
            when 'segment' then account.segment
            when 'region' then account.region
            when 'industry' then account.industry
            when 'country' then account.country
            when 'owner' then account.owner_id
            when 'size' then account.size
        end,
        'unknown'
    ) as dimension_value
from (
    values
    ('all'),
    ('segment'),
    ('region'),
    ('industry'),
    ('country'),
    ('owner'),
    ('size')
) as asked (dimension)
cross join account
