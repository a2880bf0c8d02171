-- Signals of one customer that cannot both be the whole story, by the pipeline's rules: a
-- finding of its own beside any score, because a mean hides it.
-- grain: account_id, rule
-- columns:
--   account_id | text | key | the account
--   rule | text | - | name of the rule
--   rule_rank | integer | - | its place in the pipeline
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the company's own segment
--   reason | text | - | what contradicts what, in words of the pipeline's language
--   reason_en | text | - | the same in English
--   reason_ja | text | - | the same in Japanese
--   signals | list<text> | - | the signals, in the rule's order
--   since | date | day | first as-of day of the contradiction without a break
--   score | float | 0-100 | health score, null where too little is known
--   tier | text | - | tier of the score
--   arr | decimal(38,4) | currency/year | annual recurring revenue
--   currency | text | ISO 4217 | currency of arr
with

late_signal as (
    select account_id, 'score' as signal, score as value
    from account_health
    where score is not null
    union all
    select
        account_id,
        'is_green' as signal,
        cast(cast(tier = 'green' as bigint) as double) as value
    from account_health
    union all
    select
        account_id,
        'is_red' as signal,
        cast(cast(tier = 'red' as bigint) as double) as value
    from account_health
    union all
    select account_id, 'churn_probability' as signal, churn_probability as value
    from churn_risk
    union all
    select account_id, 'risk_rank' as signal, cast(rank as double) as value
    from risk_list
),

signal as (
    select account_id, signal, value from int_health_signal
    union all
    select account_id, signal, value from late_signal
),

held as (
    select
        signal.account_id,
        cfg_disagreement_signal.rule,
        count(*) as held_signals,
        array_agg(signal.signal order by cfg_disagreement_signal.position) as signals,
        max(signal.value) filter (where cfg_disagreement_signal.position = 1) as value_1,
        max(signal.value) filter (where cfg_disagreement_signal.position = 2) as value_2,
        max(signal.value) filter (where cfg_disagreement_signal.position = 3) as value_3,
        max(signal.value) filter (where cfg_disagreement_signal.position = 4) as value_4
    from signal
    inner join cfg_disagreement_signal
        on signal.signal = cfg_disagreement_signal.signal
        and signal.value >= cfg_disagreement_signal.from_value
        and signal.value < cfg_disagreement_signal.to_value
    group by signal.account_id, cfg_disagreement_signal.rule
)

select
    held.account_id,
    held.rule,
    cfg_disagreement.rule_rank,
    account_health.account_name,
    account_health.owner_id,
    account_health.segment,
    in_words(cfg_disagreement.reason, value_1, value_2, value_3, value_4) as reason,
    in_words(cfg_disagreement.reason_en, value_1, value_2, value_3, value_4) as reason_en,
    in_words(cfg_disagreement.reason_ja, value_1, value_2, value_3, value_4) as reason_ja,
    held.signals,
    coalesce(prior_disagreement.since, $as_of) as since,
    account_health.score,
    account_health.tier,
    account_health.arr,
    account_health.currency
from held
inner join cfg_disagreement
    on held.rule = cfg_disagreement.rule
    and held.held_signals = cfg_disagreement.signals
inner join account_health on held.account_id = account_health.account_id
left join prior_disagreement
    on held.account_id = prior_disagreement.account_id
    and held.rule = prior_disagreement.rule
