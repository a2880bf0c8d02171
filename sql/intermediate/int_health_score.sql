-- The score of one customer on its whole way: what the measures make, what an emergency
-- rule leaves of it, and what a person of ours says instead.
-- grain: account_id
-- columns:
--   account_id | text | key | customer
--   profile | text | - | health profile that applies
--   coverage | float | 0-1 | share of the weight that applies here and has a number
--   part_points | decimal(12,6) | points | what the measures add up to
--   start_points | decimal(12,6) | points | where the profile begins
--   limit_points | decimal(12,6) | points | what keeps the score within 0 and 100
--   score_uncapped | decimal(12,6) | 0-100 | score of the measures alone
--   cap | text | - | rule that holds the score down, null where none does
--   cap_points | decimal(12,6) | points | what it takes away, never above zero
--   score_computed | decimal(12,6) | 0-100 | score before any person's word
--   override_points | decimal(12,6) | points | what a person's word adds to it
--   score | decimal(12,6) | 0-100 | the score that counts; null where too little is known
with

capped as (
    select
        int_health_total.account_id,
        int_health_total.profile,
        int_health_total.coverage,
        int_health_total.part_points,
        int_health_total.start_points,
        int_health_total.limit_points,
        int_health_total.score as score_uncapped,
        case when int_health_cap.at_most < int_health_total.score
            then int_health_cap.cap
        end as cap,
        cast(
            case when int_health_cap.at_most < int_health_total.score
                then int_health_cap.at_most - int_health_total.score else 0 end
            as decimal(12,6)
        ) as cap_points
    from int_health_total
    left join int_health_cap
        on int_health_total.account_id = int_health_cap.account_id
        and int_health_cap.cap_rank = 1
    where int_health_total.scenario = 'now'
)

select
    capped.account_id,
    capped.profile,
    capped.coverage,
    capped.part_points,
    capped.start_points,
    capped.limit_points,
    capped.score_uncapped,
    capped.cap,
    capped.cap_points,
    cast(capped.score_uncapped + capped.cap_points as decimal(12,6)) as score_computed,
    -- counted from the sum of all that was said before it, score or not
    cast(
        int_health_override.score - (
            capped.part_points + capped.start_points + capped.limit_points
            + capped.cap_points
        ) as decimal(12,6)
    ) as override_points,
    coalesce(
        int_health_override.score,
        cast(capped.score_uncapped + capped.cap_points as decimal(12,6))
    ) as score
from capped
left join int_health_override on capped.account_id = int_health_override.account_id
