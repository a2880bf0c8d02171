-- The features of one paying account at a cutoff: what risk is judged by and what a model
-- learns from. There is one SQL for both: a past cutoff is a run of this model with every
-- extract cut there. What is not known is null and never zero; feature_definition says of
-- each feature what it means, what null means, and whether a model may learn from it.
-- All features are floats.
-- grain: as_of, account_id
select
    int_use_feature.as_of,
    int_use_feature.account_id,
    int_use_feature.days_since_active,
    int_use_feature.active_days_28d,
    int_use_feature.usage_change_28d,
    int_use_feature.events_per_workday,
    int_use_feature.usage_trend,
    int_use_feature.usage_of_usual,
    int_use_feature.quiet_weeks,
    int_use_feature.features_28d,
    int_use_feature.contacts_28d,
    int_use_feature.seat_use_28d,
    int_use_feature.active_deciders_90d,
    int_use_feature.active_champions_90d,
    int_use_feature.active_roles_90d,
    int_use_feature.champions_left,
    int_use_feature.engagement_points,
    int_contract_feature.key_contact_left_90d,
    int_contract_feature.tickets_90d,
    int_contract_feature.open_tickets,
    int_contract_feature.bad_tickets_90d,
    int_contract_feature.resolution_hours_90d,
    int_contract_feature.csat_mean_180d,
    int_contract_feature.csat_answers_180d,
    int_contract_feature.nps_score_mean,
    int_contract_feature.nps_respondents_365d,
    int_contract_feature.nps_detractors_365d,
    int_contract_feature.silent_share,
    int_contract_feature.overdue_days,
    int_contract_feature.late_payment_share_365d,
    int_contract_feature.mrr_change_90d,
    int_contract_feature.seats,
    int_contract_feature.days_to_renewal,
    int_contract_feature.term_days,
    int_contract_feature.tenure_days,
    int_contract_feature.notice_given,
    int_contract_feature.notice_share,
    int_contract_feature.auto_renew_off,
    int_contract_feature.owner_changes_365d,
    int_contract_feature.owner_days,
    int_contract_feature.journey_stage,
    int_contract_feature.days_in_stage
from int_use_feature
inner join int_contract_feature
    on int_use_feature.as_of = int_contract_feature.as_of
    and int_use_feature.account_id = int_contract_feature.account_id
