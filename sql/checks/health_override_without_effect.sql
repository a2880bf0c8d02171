-- Words of people of ours on an account's health that count for nothing: of no customer,
-- on another column than score or tier, no score from 0 to 100, no tier of the profile.
-- severity: warn
-- checks: stg_override
select
    stg_override.row_key as account_id,
    stg_override.column_name,
    stg_override.value,
    stg_override.author
from stg_override
left join account_health on stg_override.row_key = account_health.account_id
left join cfg_health_tier
    on account_health.profile = cfg_health_tier.profile
    and lower(trim(stg_override.value)) = cfg_health_tier.tier
where stg_override.table_name = 'account_health'
    and not coalesce(
        case stg_override.column_name
            when 'score' then account_health.account_id is not null
                and try_cast(stg_override.value as decimal(12,6)) between 0 and 100
            when 'tier' then cfg_health_tier.tier is not null
        end, false)
