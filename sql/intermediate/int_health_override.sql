-- What a person of ours says about a customer's health and that counts on the as-of day:
-- a score, a tier, or both (the word on the score then does not change the tier). A word
-- without an end of its own holds for the pipeline's days. Words that are no score from 0
-- to 100, or no tier of the profile, are no words: a check names them.
-- grain: account_id
-- columns:
--   account_id | text | key | customer
--   score | decimal(12,6) | 0-100 | score that counts instead; null where none is given
--   tier | text | - | tier that counts instead; null where none is given
--   author | text | - | who says so, of the newest word
--   reason | text | - | and why
--   made_at | timestamp | UTC | when
--   holds_until | date | day | first day on which none of it holds any more
with

said as (
    select
        int_health_profile.account_id,
        int_health_profile.profile,
        stg_override.column_name,
        stg_override.author,
        stg_override.reason,
        stg_override.made_at,
        coalesce(
            stg_override.expires_on,
            local_day(stg_override.made_at) + cfg_health_setting.override_days
        ) as holds_until,
        try_cast(stg_override.value as decimal(12,6)) as score,
        lower(trim(stg_override.value)) as tier
    from cfg_health_setting
    cross join stg_override
    inner join int_health_profile on stg_override.row_key = int_health_profile.account_id
    where stg_override.table_name = 'account_health'
),

valid as (
    select
        said.account_id,
        said.author,
        said.reason,
        said.made_at,
        said.holds_until,
        said.column_name,
        case when said.column_name = 'score' then said.score end as score,
        case when said.column_name = 'tier' then said.tier end as tier
    from said
    left join cfg_health_tier
        on said.profile = cfg_health_tier.profile
        and said.tier = cfg_health_tier.tier
    where said.holds_until > $as_of
        and (
            (said.column_name = 'score' and said.score between 0 and 100)
            or (said.column_name = 'tier' and cfg_health_tier.tier is not null)
        )
)

select
    account_id,
    max(score) as score,
    max(tier) as tier,
    first_value(author order by made_at desc, column_name) as author,
    first_value(reason order by made_at desc, column_name) as reason,
    max(made_at) as made_at,
    max(holds_until) as holds_until
from valid
group by account_id
