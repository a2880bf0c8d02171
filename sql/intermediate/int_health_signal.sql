-- One number about one customer that caps and disagreements are judged by. What is not
-- known has no row, so that no rule can hold because of it.
-- grain: account_id, signal
-- columns:
--   account_id | text | key | account
--   signal | text | - | name of the signal
--   value | float | - | its value: days, counts, ratios, means
with

named_signal as (
    select signal from (values
        ('active_days_28d'), ('bad_tickets_90d'), ('champion_nps_mean'),
        ('champions_left'), ('days_since_active'), ('days_to_renewal'),
        ('decider_nps_mean'), ('delivery_nps'), ('detractors'), ('features_28d'),
        ('mrr_change_90d'), ('notice_share'), ('nps_score_mean'), ('open_tickets'),
        ('overdue_days'), ('people_per_seat'), ('relationship_signs'),
        ('reported_on_time'), ('silent_contacts'), ('silent_share'),
        ('usage_change_28d'), ('user_nps_mean')
    ) as listed (signal)
),

measured as (
    select
        account_id,
        max(raw_value) filter (where measure = 'adoption') as people_per_seat,
        max(raw_value) filter (where measure = 'commercial') as mrr_change_90d,
        max(raw_value) filter (where measure = 'relationship') as relationship_signs
    from int_account_measure
    where as_of = $as_of and state in ('value', 'zero')
    group by account_id
),

role_voice as (
    select
        account_id,
        max(nps_score_mean) filter (where role = 'champion') as champion_mean,
        max(nps_score_mean) filter (where role = 'decider') as decider_mean,
        max(nps_score_mean) filter (where role = 'user') as user_mean
    from int_account_role_voice
    group by account_id
),

signal_value as (
    select
        int_account_commercial.account_id,
        named_signal.signal,
        case named_signal.signal
            when 'active_days_28d' then cast(int_account_usage.active_days_28d as double)
            when 'bad_tickets_90d' then
                cast(int_account_support.bad_tickets_90d as double)
            when 'champion_nps_mean' then role_voice.champion_mean
            when 'champions_left' then
                case when contact_source.is_declared
                    then cast(int_relationship.champions_left as double)
                end
            when 'days_since_active' then
                cast(int_account_usage.days_since_active as double)
            when 'days_to_renewal' then
                cast(int_account_commercial.days_to_renewal as double)
            when 'decider_nps_mean' then role_voice.decider_mean
            when 'delivery_nps' then
                case when delivery.answered >= greatest(cfg_pipeline.minimum_n, 1)
                    then cast(100 * (delivery.good - delivery.bad) as double)
                        / delivery.answered
                end
            when 'detractors' then
                case when int_account_voice.respondents > 0
                    then cast(int_account_voice.detractors as double)
                end
            when 'features_28d' then cast(int_account_usage.features_28d as double)
            when 'mrr_change_90d' then measured.mrr_change_90d
            when 'notice_share' then
                case when int_account_commercial.mrr > 0
                    then cast(int_account_commercial.mrr_under_notice as double)
                        / cast(int_account_commercial.mrr as double)
                end
            when 'nps_score_mean' then int_account_voice.nps_score_mean
            when 'open_tickets' then cast(int_account_support.open_tickets as double)
            when 'overdue_days' then cast(int_account_commercial.overdue_days as double)
            when 'people_per_seat' then measured.people_per_seat
            when 'relationship_signs' then measured.relationship_signs
            when 'reported_on_time' then
                case when delivery.reported >= greatest(cfg_pipeline.minimum_n, 1)
                    then cast(delivery.reported_on_time as double) / delivery.reported
                end
            when 'silent_contacts' then cast(int_account_voice.silent_contacts as double)
            when 'silent_share' then int_account_voice.silent_share
            -- a ratio of a handful of events says nothing
            when 'usage_change_28d' then
                case when int_account_usage.events_28d_before >= cfg_pipeline.minimum_n
                    and int_account_usage.events_28d_before > 0
                    then cast(int_account_usage.events_28d as double)
                        / int_account_usage.events_28d_before
                end
            when 'user_nps_mean' then role_voice.user_mean
        end as value
    from named_signal
    cross join cfg_pipeline
    inner join cfg_source as contact_source on contact_source.source_table = 'contact'
    cross join int_account_commercial
    left join int_account_usage
        on int_account_commercial.account_id = int_account_usage.account_id
        and int_account_commercial.as_of = int_account_usage.as_of
    left join int_account_support
        on int_account_commercial.account_id = int_account_support.account_id
        and int_account_commercial.as_of = int_account_support.as_of
    left join int_account_voice
        on int_account_commercial.account_id = int_account_voice.account_id
        and int_account_commercial.as_of = int_account_voice.as_of
    left join int_relationship
        on int_account_commercial.account_id = int_relationship.account_id
    left join int_account_delivery as delivery
        on int_account_commercial.account_id = delivery.account_id
    left join measured on int_account_commercial.account_id = measured.account_id
    left join role_voice on int_account_commercial.account_id = role_voice.account_id
    where int_account_commercial.as_of = $as_of
)

select
    account_id,
    signal,
    value
from signal_value
where value is not null
