-- The features of one paying account at a cutoff that speak of its service, what it says,
-- pays and has signed, and where it stands; feature_definition says what each means. All
-- are floats.
-- grain: as_of, account_id
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

stay as (
    select
        account_id,
        stage_number,
        entered_on
    from int_stage_stay
    where journey = 'relationship' and left_on is null
),

-- a period may hold several rows: what is bought more in it renews on the same day
term as (
    select
        stg_subscription.account_id,
        max(stg_subscription.renews_on - stg_subscription.started_on) as term_days
    from stg_subscription
    inner join int_account_commercial
        on stg_subscription.account_id = int_account_commercial.account_id
        and stg_subscription.renews_on = int_account_commercial.renews_on
        and stg_subscription.started_on <= int_account_commercial.as_of
    where stg_subscription.mrr > 0
    group by stg_subscription.account_id
),

payer as (
    select
        *,
        as_of - first_paid_on as tenure_days
    from int_account_commercial
    where mrr > 0
)

select
    payer.as_of,
    payer.account_id,
    cast(
        case when contact_source.is_declared then coalesce(key_contact.left_90d, 0) end
        as double
    ) as key_contact_left_90d,
    cast(int_account_support.tickets_90d as double) as tickets_90d,
    cast(int_account_support.open_tickets as double) as open_tickets,
    cast(int_account_support.bad_tickets_90d as double) as bad_tickets_90d,
    cast(int_service_quality.resolution_hours_90d as double) as resolution_hours_90d,
    cast(int_service_quality.csat_mean_180d as double) as csat_mean_180d,
    cast(
        case
            when int_account_support.account_id is not null
                or int_account_voice.account_id is not null
                then coalesce(int_service_quality.csat_answers_180d, 0)
        end
        as double
    ) as csat_answers_180d,
    cast(int_account_voice.nps_score_mean as double) as nps_score_mean,
    cast(int_account_voice.respondents as double) as nps_respondents_365d,
    cast(int_account_voice.detractors as double) as nps_detractors_365d,
    int_account_voice.silent_share,
    cast(payer.overdue_days as double) as overdue_days,
    cast(
        cast(int_payment_habit.late_365d as double) / int_payment_habit.due_365d
        as double
    ) as late_payment_share_365d,
    cast(
        case
            when payer.mrr_90d_before > 0
                then cast(payer.mrr as double) / cast(payer.mrr_90d_before as double)
        end
        as double
    ) as mrr_change_90d,
    cast(case when payer.seats > 0 then payer.seats end as double) as seats,
    cast(payer.days_to_renewal as double) as days_to_renewal,
    cast(term.term_days as double) as term_days,
    cast(payer.tenure_days as double) as tenure_days,
    cast(cast(payer.notice_given as bigint) as double) as notice_given,
    cast(
        cast(payer.mrr_under_notice as double) / cast(payer.mrr as double)
        as double
    ) as notice_share,
    cast(cast(payer.auto_renew_off as bigint) as double) as auto_renew_off,
    cast(int_owner_habit.owner_changes_365d as double) as owner_changes_365d,
    cast(int_owner_habit.owner_days as double) as owner_days,
    cast(stay.stage_number as double) as journey_stage,
    cast(payer.as_of - stay.entered_on + 1 as double) as days_in_stage
from payer
left join int_account_support
    on payer.as_of = int_account_support.as_of
    and payer.account_id = int_account_support.account_id
left join int_service_quality
    on payer.as_of = int_service_quality.as_of
    and payer.account_id = int_service_quality.account_id
left join int_account_voice
    on payer.as_of = int_account_voice.as_of
    and payer.account_id = int_account_voice.account_id
left join int_payment_habit
    on payer.as_of = int_payment_habit.as_of
    and payer.account_id = int_payment_habit.account_id
left join int_owner_habit
    on payer.as_of = int_owner_habit.as_of
    and payer.account_id = int_owner_habit.account_id
left join key_contact
    on payer.as_of = key_contact.as_of
    and payer.account_id = key_contact.account_id
left join stay on payer.account_id = stay.account_id
left join term on payer.account_id = term.account_id
left join cfg_source as contact_source on contact_source.source_table = 'contact'
