-- One number that risk is judged by, of one paying account at a cutoff. A feature that is
-- not known has no row, so that it can add nothing; cfg_risk_factor names the features.
-- grain: as_of, account_id, feature
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   feature | text | - | name of the feature
--   value | float | - | its value: days, counts, ratios, or 0 and 1
with

key_contact as (
    select
        cfg_cutoff_day.as_of,
        stg_contact.account_id,
        count(*) as left_90d
    from stg_contact
    inner join cfg_cutoff_day on stg_contact.left_on = cfg_cutoff_day.day
    where cfg_cutoff_day.age_days < 90
        and stg_contact.buying_role in ('decider', 'champion')
    group by cfg_cutoff_day.as_of, stg_contact.account_id
),

payer as (
    select
        int_account_commercial.as_of,
        int_account_commercial.account_id,
        int_account_commercial.mrr,
        int_account_commercial.mrr_90d_before,
        int_account_commercial.mrr_under_notice,
        int_account_commercial.days_to_renewal,
        int_account_commercial.auto_renew_off,
        int_account_commercial.notice_given,
        int_account_commercial.overdue_days,
        int_account_commercial.as_of - int_account_commercial.first_paid_on
            as tenure_days,
        cfg_pipeline.history_days,
        cfg_pipeline.minimum_n
    from int_account_commercial
    cross join cfg_pipeline
    where int_account_commercial.mrr > 0
),

named_feature as (
    select feature from (values
        ('days_since_active'), ('active_days_28d'), ('usage_change_28d'),
        ('contacts_28d'), ('features_28d'), ('bad_tickets_90d'), ('open_tickets'),
        ('nps_score_mean'), ('silent_contacts'), ('mrr_change_90d'),
        ('days_to_renewal'), ('notice_given'), ('notice_share'), ('auto_renew_off'),
        ('overdue_days'), ('tenure_days'), ('key_contact_left_90d')
    ) as listed (feature)
),

feature_value as (
    select
        payer.as_of,
        payer.account_id,
        named_feature.feature,
        case named_feature.feature
            -- never active: silent since the contract began, as far back as we look
            when 'days_since_active' then cast(
                case when int_account_usage.account_id is not null then coalesce(
                    int_account_usage.days_since_active,
                    least(payer.tenure_days, payer.history_days)
                ) end as double
            )
            when 'active_days_28d' then cast(int_account_usage.active_days_28d as double)
            -- a ratio of a handful of events says nothing
            when 'usage_change_28d' then
                case when int_account_usage.events_28d_before >= payer.minimum_n
                    and int_account_usage.events_28d_before > 0
                    then cast(int_account_usage.events_28d as double)
                        / int_account_usage.events_28d_before
                end
            when 'contacts_28d' then cast(int_account_usage.contacts_28d as double)
            when 'features_28d' then cast(int_account_usage.features_28d as double)
            when 'bad_tickets_90d' then
                cast(int_account_support.bad_tickets_90d as double)
            when 'open_tickets' then cast(int_account_support.open_tickets as double)
            when 'nps_score_mean' then int_account_voice.nps_score_mean
            when 'silent_contacts' then cast(int_account_voice.silent_contacts as double)
            when 'mrr_change_90d' then
                case when payer.mrr_90d_before > 0
                    then cast(payer.mrr as double) / cast(payer.mrr_90d_before as double)
                end
            when 'days_to_renewal' then cast(payer.days_to_renewal as double)
            when 'notice_given' then cast(cast(payer.notice_given as bigint) as double)
            when 'notice_share' then
                cast(payer.mrr_under_notice as double) / cast(payer.mrr as double)
            when 'auto_renew_off' then
                cast(cast(payer.auto_renew_off as bigint) as double)
            when 'overdue_days' then cast(payer.overdue_days as double)
            when 'tenure_days' then cast(payer.tenure_days as double)
            when 'key_contact_left_90d' then
                case when cfg_source.is_declared
                    then cast(coalesce(key_contact.left_90d, 0) as double)
                end
        end as value
    from payer
    cross join named_feature
    left join int_account_usage
        on payer.as_of = int_account_usage.as_of
        and payer.account_id = int_account_usage.account_id
    left join int_account_support
        on payer.as_of = int_account_support.as_of
        and payer.account_id = int_account_support.account_id
    left join int_account_voice
        on payer.as_of = int_account_voice.as_of
        and payer.account_id = int_account_voice.account_id
    left join cfg_source on cfg_source.source_table = 'contact'
    left join key_contact
        on payer.as_of = key_contact.as_of
        and payer.account_id = key_contact.account_id
)

select
    as_of,
    account_id,
    feature,
    value
from feature_value
where value is not null
