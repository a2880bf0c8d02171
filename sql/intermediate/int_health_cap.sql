-- An emergency rule of a customer's profile that holds today, with its evidence in words.
-- Rules stand in the pipeline with the strictest first, so that cap_rank 1 of those that
-- hold is the one that counts.
-- grain: account_id, cap
-- columns:
--   account_id | text | key | customer
--   cap | text | - | name of the rule
--   cap_rank | integer | - | 1 = strictest of those that hold
--   at_most | decimal(9,4) | 0-100 | the most that the score may be
--   reason | text | - | why, in words of the pipeline's language
--   reason_en | text | - | the same in English
--   reason_ja | text | - | the same in Japanese
with

held as (
    select
        int_health_profile.account_id,
        cfg_health_cap_signal.profile,
        cfg_health_cap_signal.cap,
        count(*) as signals,
        max(int_health_signal.value) filter (where cfg_health_cap_signal.position = 1)
            as value_1,
        max(int_health_signal.value) filter (where cfg_health_cap_signal.position = 2)
            as value_2,
        max(int_health_signal.value) filter (where cfg_health_cap_signal.position = 3)
            as value_3,
        max(int_health_signal.value) filter (where cfg_health_cap_signal.position = 4)
            as value_4
    from int_health_profile
    inner join cfg_health_cap_signal
        on int_health_profile.profile = cfg_health_cap_signal.profile
    inner join int_health_signal
        on int_health_profile.account_id = int_health_signal.account_id
        and cfg_health_cap_signal.signal = int_health_signal.signal
        and int_health_signal.value >= cfg_health_cap_signal.from_value
        and int_health_signal.value < cfg_health_cap_signal.to_value
    group by
        int_health_profile.account_id,
        cfg_health_cap_signal.profile,
        cfg_health_cap_signal.cap
)

select
    held.account_id,
    held.cap,
    cast(row_number() over (
        partition by held.account_id order by cfg_health_cap.cap_rank
    ) as bigint) as cap_rank,
    cfg_health_cap.at_most,
    in_words(cfg_health_cap.reason, value_1, value_2, value_3, value_4) as reason,
    in_words(cfg_health_cap.reason_en, value_1, value_2, value_3, value_4) as reason_en,
    in_words(cfg_health_cap.reason_ja, value_1, value_2, value_3, value_4) as reason_ja
from held
inner join cfg_health_cap
    on held.profile = cfg_health_cap.profile
    and held.cap = cfg_health_cap.cap
    and held.signals = cfg_health_cap.signals
