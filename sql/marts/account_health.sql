-- Health of one customer: an account with an active subscription, trial or paid, at the
-- end of the day. The score is the exact sum of the contributions in health_measure.
-- Below the profile's coverage floor there is no score: too little is known. A customer
-- keeps its tier until the score is beyond the tier's border by more than the profile's
-- hysteresis, so that nobody is called because of a tenth of a point; an emergency that
-- caps the score is seen at once. What a person of ours says counts, with name, reason
-- and end, and what was computed stays beside it and is what the next night goes on from.
-- grain: account_id
-- columns:
--   account_id | text | key | the account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the company's own segment
--   profile | text | - | health profile that applies
--   score | float | 0-100 | higher is better; null below the coverage floor
--   tier | text | - | green, amber, red as the profile says; insufficient without a score
--   coverage | float | 0-1 | share of the weight that applies here and has a number
--   tier_since | date | day | first as-of day of this tier without a break
--   score_previous | float | 0-100 | score of the last run of an earlier day
--   mrr | decimal(38,4) | currency/month | recurring revenue of a month
--   arr | decimal(38,4) | currency/year | twelve times mrr
--   currency | text | ISO 4217 | currency of mrr and arr
--   score_uncapped | float | 0-100 | score of the measures alone
--   score_computed | float | 0-100 | score before any override
--   tier_computed | text | - | tier before any override
--   cap | text | - | emergency rule that holds the score down, null where none does
--   cap_reason | text | - | why, in words
--   cap_reason_en | text | - | the same in English
--   cap_reason_ja | text | - | the same in Japanese
--   override_score | float | 0-100 | score that a person of ours says, null where none
--   override_tier | text | - | tier that a person of ours says, null where none
--   override_author | text | - | who says so
--   override_reason | text | - | and why
--   override_until | date | day | first day on which it no longer holds
--   tier_previous | text | - | tier of the last run of an earlier day
--   profile_previous | text | - | profile of the last run of an earlier day
with

tiered as (
    select
        int_health_score.account_id,
        int_health_score.profile,
        int_health_score.coverage,
        int_health_score.score_uncapped,
        int_health_score.score_computed,
        int_health_score.cap,
        int_health_score.score,
        case
            when int_health_score.score_computed is null then 'insufficient'
            -- an emergency does not wait for the border to be passed by a margin
            when int_health_score.cap is not null then computed_tier.tier
            when kept_tier.tier is not null then kept_tier.tier
            else computed_tier.tier
        end as tier_computed,
        said_tier.tier as tier_of_override,
        prior_account_health.tier as tier_previous,
        prior_account_health.tier_since as tier_since_previous,
        prior_account_health.score as score_previous,
        prior_account_health.profile as profile_previous
    from int_health_score
    inner join cfg_health on int_health_score.profile = cfg_health.profile
    left join cfg_health_tier as computed_tier
        on int_health_score.profile = computed_tier.profile
        and cast(int_health_score.score_computed as double) >= computed_tier.from_score
        and cast(int_health_score.score_computed as double) < computed_tier.to_score
    left join cfg_health_tier as said_tier
        on int_health_score.profile = said_tier.profile
        and int_health_score.override_points is not null
        and cast(int_health_score.score as double) >= said_tier.from_score
        and cast(int_health_score.score as double) < said_tier.to_score
    left join prior_account_health
        on int_health_score.account_id = prior_account_health.account_id
    left join cfg_health_tier as kept_tier
        on int_health_score.profile = kept_tier.profile
        and prior_account_health.profile = kept_tier.profile
        and coalesce(prior_account_health.tier_computed, prior_account_health.tier)
            = kept_tier.tier
        and cast(int_health_score.score_computed as double)
            >= kept_tier.from_score - cfg_health.hysteresis_points
        and cast(int_health_score.score_computed as double)
            <= kept_tier.to_score + cfg_health.hysteresis_points
),

said as (
    select
        tiered.*,
        int_health_override.score as override_score,
        int_health_override.tier as override_tier,
        int_health_override.author as override_author,
        int_health_override.reason as override_reason,
        int_health_override.holds_until as override_until,
        coalesce(int_health_override.tier, tiered.tier_of_override, tiered.tier_computed)
            as tier
    from tiered
    left join int_health_override
        on tiered.account_id = int_health_override.account_id
)

select
    said.account_id,
    stg_account.account_name,
    stg_account.owner_id,
    coalesce(stg_account.segment, 'unknown') as segment,
    said.profile,
    cast(said.score as double) as score,
    said.tier,
    said.coverage,
    case when said.tier = said.tier_previous then said.tier_since_previous else $as_of end
        as tier_since,
    said.score_previous,
    int_account_commercial.mrr,
    int_account_commercial.arr,
    int_account_commercial.currency,
    cast(said.score_uncapped as double) as score_uncapped,
    cast(said.score_computed as double) as score_computed,
    said.tier_computed,
    said.cap,
    int_health_cap.reason as cap_reason,
    int_health_cap.reason_en as cap_reason_en,
    int_health_cap.reason_ja as cap_reason_ja,
    cast(said.override_score as double) as override_score,
    said.override_tier,
    said.override_author,
    said.override_reason,
    said.override_until,
    said.tier_previous,
    said.profile_previous
from said
inner join int_account_commercial
    on said.account_id = int_account_commercial.account_id
    and int_account_commercial.as_of = $as_of
left join int_health_cap
    on said.account_id = int_health_cap.account_id
    and said.cap = int_health_cap.cap
left join stg_account on said.account_id = stg_account.account_id
