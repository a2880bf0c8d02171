-- What one health measure says of a customer at a cutoff, before any weight or curve.
-- Four ways of having no number are kept apart: zero (the source recorded nothing of this
-- account, and that is a finding), missing (not measured: no source, or no answer),
-- stale (measured too long ago), not_applicable (the question makes no sense here).
-- Relationship, engagement, fulfilment and the factors of the experience are known on the
-- as-of day only, so other cutoffs have no row of them.
-- grain: as_of, account_id, measure
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   measure | text | - | name of the measure, as profiles name it
--   state | text | - | value, zero, missing, stale, not_applicable
--   raw_value | float | - | the measure's own unit, null unless state is value or zero
--   observed_on | date | day | how far the number reaches
with

customer as (
    select
        int_account_commercial.as_of,
        int_account_commercial.account_id,
        int_account_commercial.mrr,
        int_account_commercial.mrr_90d_before,
        int_account_support.tickets_90d,
        int_account_support.bad_tickets_90d,
        int_account_voice.nps_score_mean,
        int_account_voice.last_answer_on
    from int_account_commercial
    left join int_account_support
        on int_account_commercial.as_of = int_account_support.as_of
        and int_account_commercial.account_id = int_account_support.account_id
    left join int_account_voice
        on int_account_commercial.as_of = int_account_voice.as_of
        and int_account_commercial.account_id = int_account_voice.account_id
)

select
    as_of,
    account_id,
    'support' as measure,
    case
        when bad_tickets_90d is null then 'missing'
        when tickets_90d = 0 and bad_tickets_90d = 0 then 'zero'
        else 'value'
    end as state,
    cast(bad_tickets_90d as double) as raw_value,
    as_of as observed_on
from customer
union all
select
    as_of,
    account_id,
    'voice' as measure,
    case
        when nps_score_mean is not null then 'value'
        when last_answer_on is not null then 'stale'
        else 'missing'
    end as state,
    nps_score_mean as raw_value,
    last_answer_on as observed_on
from customer
union all
select
    as_of,
    account_id,
    'commercial' as measure,
    case when mrr_90d_before > 0 then 'value' else 'not_applicable' end as state,
    case when mrr_90d_before > 0 then cast(mrr as double) / cast(mrr_90d_before as double)
    end as raw_value,
    as_of as observed_on
from customer
union all
select as_of, account_id, measure, state, raw_value, observed_on
from int_use_measure
union all
select as_of, account_id, measure, state, raw_value, observed_on
from int_relation_measure
union all
select as_of, account_id, measure, state, raw_value, observed_on
from int_experience_measure
