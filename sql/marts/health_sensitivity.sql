-- A customer whose tier would be another if one weight of its profile were a tenth higher
-- or lower, everything else equal: where the score decides little by itself. Weights of
-- dimensions and of measures within their dimension are moved one at a time; emergencies
-- and hysteresis hold as they do, and a person's word is left aside.
-- grain: account_id, weight_of, name, direction
-- columns:
--   account_id | text | key | the account
--   weight_of | text | - | dimension or measure
--   name | text | - | whose weight is moved
--   direction | text | - | higher or lower, by a tenth
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   profile | text | - | health profile that applies
--   score | float | 0-100 | computed score
--   score_moved | float | 0-100 | score with the weight moved
--   tier | text | - | computed tier
--   tier_moved | text | - | tier with the weight moved
--   arr | decimal(38,4) | currency/year | annual recurring revenue
--   currency | text | ISO 4217 | currency of arr
with

capped as (
    select
        int_health_moved.account_id,
        int_health_moved.weight_of,
        int_health_moved.name,
        int_health_moved.direction,
        int_health_moved.profile,
        coalesce(int_health_cap.at_most < int_health_moved.score, false) as is_capped,
        cast(least(
            int_health_moved.score,
            coalesce(
                cast(int_health_cap.at_most as decimal(12,6)), int_health_moved.score
            )
        ) as double) as score
    from int_health_moved
    left join int_health_cap
        on int_health_moved.account_id = int_health_cap.account_id
        and int_health_cap.cap_rank = 1
),

tiered as (
    select
        capped.*,
        case when kept_tier.tier is not null and not capped.is_capped then kept_tier.tier
            else plain_tier.tier
        end as tier
    from capped
    inner join cfg_health on capped.profile = cfg_health.profile
    left join cfg_health_tier as plain_tier
        on capped.profile = plain_tier.profile
        and capped.score >= plain_tier.from_score
        and capped.score < plain_tier.to_score
    left join prior_account_health
        on capped.account_id = prior_account_health.account_id
    left join cfg_health_tier as kept_tier
        on capped.profile = kept_tier.profile
        and prior_account_health.profile = kept_tier.profile
        and coalesce(prior_account_health.tier_computed, prior_account_health.tier)
            = kept_tier.tier
        and capped.score >= kept_tier.from_score - cfg_health.hysteresis_points
        and capped.score <= kept_tier.to_score + cfg_health.hysteresis_points
)

select
    tiered.account_id,
    tiered.weight_of,
    tiered.name,
    tiered.direction,
    account_health.account_name,
    account_health.owner_id,
    tiered.profile,
    account_health.score_computed as score,
    tiered.score as score_moved,
    account_health.tier_computed as tier,
    tiered.tier as tier_moved,
    account_health.arr,
    account_health.currency
from tiered
inner join account_health on tiered.account_id = account_health.account_id
where account_health.score_computed is not null
    and tiered.tier <> account_health.tier_computed
