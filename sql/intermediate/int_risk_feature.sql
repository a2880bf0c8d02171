-- One number that risk is judged by, of one paying account at a cutoff: a row for each
-- known feature of int_account_feature. A feature that is not known has no row, so that
-- it can add nothing; cfg_risk_factor names the features.
-- grain: as_of, account_id, feature
-- materialise: view
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   feature | text | - | name of the feature
--   value | float | - | its value: days, counts, ratios, or 0 and 1
with

named_feature as (
    select feature from (values
        ('days_since_active'), ('active_days_28d'), ('usage_change_28d'),
        ('events_per_workday'), ('usage_trend'), ('usage_of_usual'), ('quiet_weeks'),
        ('features_28d'), ('contacts_28d'), ('seat_use_28d'), ('active_deciders_90d'),
        ('active_champions_90d'), ('active_roles_90d'), ('champions_left'),
        ('key_contact_left_90d'), ('engagement_points'), ('tickets_90d'),
        ('open_tickets'), ('bad_tickets_90d'), ('resolution_hours_90d'),
        ('csat_mean_180d'), ('csat_answers_180d'), ('nps_score_mean'),
        ('nps_respondents_365d'), ('nps_detractors_365d'), ('silent_share'),
        ('overdue_days'), ('late_payment_share_365d'), ('mrr_change_90d'), ('seats'),
        ('days_to_renewal'), ('term_days'), ('tenure_days'), ('notice_given'),
        ('notice_share'), ('auto_renew_off'), ('owner_changes_365d'), ('owner_days'),
        ('journey_stage'), ('days_in_stage')
    ) as listed (feature)
),

feature_value as (
    select
        int_account_feature.as_of,
        int_account_feature.account_id,
        named_feature.feature,
        case named_feature.feature
            when 'days_since_active' then int_account_feature.days_since_active
            when 'active_days_28d' then int_account_feature.active_days_28d
            when 'usage_change_28d' then int_account_feature.usage_change_28d
            when 'events_per_workday' then int_account_feature.events_per_workday
            when 'usage_trend' then int_account_feature.usage_trend
            when 'usage_of_usual' then int_account_feature.usage_of_usual
            when 'quiet_weeks' then int_account_feature.quiet_weeks
            when 'features_28d' then int_account_feature.features_28d
            when 'contacts_28d' then int_account_feature.contacts_28d
            when 'seat_use_28d' then int_account_feature.seat_use_28d
            when 'active_deciders_90d' then int_account_feature.active_deciders_90d
            when 'active_champions_90d' then int_account_feature.active_champions_90d
            when 'active_roles_90d' then int_account_feature.active_roles_90d
            when 'champions_left' then int_account_feature.champions_left
            when 'key_contact_left_90d' then int_account_feature.key_contact_left_90d
            when 'engagement_points' then int_account_feature.engagement_points
            when 'tickets_90d' then int_account_feature.tickets_90d
            when 'open_tickets' then int_account_feature.open_tickets
            when 'bad_tickets_90d' then int_account_feature.bad_tickets_90d
            when 'resolution_hours_90d' then int_account_feature.resolution_hours_90d
            when 'csat_mean_180d' then int_account_feature.csat_mean_180d
            when 'csat_answers_180d' then int_account_feature.csat_answers_180d
            when 'nps_score_mean' then int_account_feature.nps_score_mean
            when 'nps_respondents_365d' then int_account_feature.nps_respondents_365d
            when 'nps_detractors_365d' then int_account_feature.nps_detractors_365d
            when 'silent_share' then int_account_feature.silent_share
            when 'overdue_days' then int_account_feature.overdue_days
            when 'late_payment_share_365d'
                then int_account_feature.late_payment_share_365d
            when 'mrr_change_90d' then int_account_feature.mrr_change_90d
            when 'seats' then int_account_feature.seats
            when 'days_to_renewal' then int_account_feature.days_to_renewal
            when 'term_days' then int_account_feature.term_days
            when 'tenure_days' then int_account_feature.tenure_days
            when 'notice_given' then int_account_feature.notice_given
            when 'notice_share' then int_account_feature.notice_share
            when 'auto_renew_off' then int_account_feature.auto_renew_off
            when 'owner_changes_365d' then int_account_feature.owner_changes_365d
            when 'owner_days' then int_account_feature.owner_days
            when 'journey_stage' then int_account_feature.journey_stage
            when 'days_in_stage' then int_account_feature.days_in_stage
        end as value
    from named_feature
    cross join int_account_feature
)

select
    as_of,
    account_id,
    feature,
    value
from feature_value
where value is not null
