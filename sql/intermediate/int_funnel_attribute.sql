-- One attribute, as it was then, of the touch by which one unit reached one step of one
-- funnel: the attributes by which funnels break down. Where nobody knows how it was then,
-- the earliest value known is taken and is marked: today's, where nothing keeps an older
-- one.
-- grain: funnel, unit_id, step_number, attribute
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | unit of the funnel
--   step_number | integer | - | step, from 1; in any order the how-manieth
--   attribute | text | - | owner, segment, region, …, channel, mode or role
--   value | text | - | value of the attribute; unknown where there is none
--   is_undated | boolean | - | nobody knows whether the value held then
select
    int_funnel_reached.funnel,
    int_funnel_reached.unit_id,
    int_funnel_reached.step_number,
    asked.attribute,
    coalesce(
        case asked.attribute
            when 'owner' then int_funnel_reached.owner_id
            when 'segment' then int_funnel_reached.segment
            when 'region' then int_funnel_reached.region
            when 'industry' then int_funnel_reached.industry
            when 'country' then int_funnel_reached.country
            when 'size' then int_funnel_reached.size
            when 'channel' then int_funnel_reached.channel
            when 'mode' then int_funnel_reached.mode
            when 'role' then int_funnel_reached.role
        end,
        'unknown'
    ) as value,
    case asked.attribute
        when 'owner' then int_funnel_reached.is_owner_undated
        when 'role' then int_funnel_reached.is_role_undated
        when 'channel' then false
        when 'mode' then false
        else int_funnel_reached.is_account_undated
    end as is_undated
from (
    values
    ('owner'),
    ('segment'),
    ('region'),
    ('industry'),
    ('country'),
    ('size'),
    ('channel'),
    ('mode'),
    ('role')
) as asked (attribute)
cross join int_funnel_reached
