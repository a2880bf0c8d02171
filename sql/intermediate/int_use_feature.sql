-- The features of one paying account at a cutoff that speak of its people and their use
-- of the product; feature_definition says what each means. All are floats.
-- grain: as_of, account_id
with

engagement as (
    select
        account_id,
        sum(points) as points
    from int_contact_engagement
    group by account_id
),

payer as (
    select
        int_account_commercial.*,
        int_account_commercial.as_of - int_account_commercial.first_paid_on
            as tenure_days,
        cfg_pipeline.history_days,
        cfg_pipeline.minimum_n
    from cfg_pipeline
    cross join int_account_commercial
    where int_account_commercial.mrr > 0
)

select
    payer.as_of,
    payer.account_id,
    cast(
        case when int_account_usage.account_id is not null then coalesce(
            int_account_usage.days_since_active,
            least(payer.tenure_days, payer.history_days)
        ) end
        as double
    ) as days_since_active,
    cast(int_account_usage.active_days_28d as double) as active_days_28d,
    cast(
        case
            when int_account_usage.events_28d_before >= payer.minimum_n
                and int_account_usage.events_28d_before > 0
                then cast(int_account_usage.events_28d as double)
                    / int_account_usage.events_28d_before
        end
        as double
    ) as usage_change_28d,
    cast(
        case when int_account_usage.account_id is not null then coalesce(
            int_usage_trend.events_per_workday,
            case when int_usage_trend.account_id is null then 0 end
        ) end
        as double
    ) as events_per_workday,
    cast(int_usage_trend.usage_trend as double) as usage_trend,
    cast(
        case
            when int_usage_trend.usual_weeks >= 8
                and int_usage_trend.usual_events_per_workday > 0
                then int_usage_trend.events_per_workday
                    / int_usage_trend.usual_events_per_workday
        end
        as double
    ) as usage_of_usual,
    cast(int_usage_trend.quiet_weeks as double) as quiet_weeks,
    cast(int_account_usage.features_28d as double) as features_28d,
    cast(int_account_usage.contacts_28d as double) as contacts_28d,
    cast(
        case
            when payer.seats > 0
                then cast(int_account_usage.contacts_28d as double) / payer.seats
        end
        as double
    ) as seat_use_28d,
    cast(
        case
            when int_account_usage.account_id is not null
                then int_deal_role_use.active_deciders_90d
        end
        as double
    ) as active_deciders_90d,
    cast(
        case
            when int_account_usage.account_id is not null
                then int_deal_role_use.active_champions_90d
        end
        as double
    ) as active_champions_90d,
    cast(
        case
            when int_account_usage.account_id is not null
                then int_deal_role_use.active_roles_90d
        end
        as double
    ) as active_roles_90d,
    cast(int_deal_role_use.champions_left as double) as champions_left,
    cast(
        case
            when int_account_usage.account_id is not null
                then coalesce(engagement.points, 0)
        end
        as double
    ) as engagement_points
from payer
left join int_account_usage
    on payer.as_of = int_account_usage.as_of
    and payer.account_id = int_account_usage.account_id
left join int_usage_trend
    on payer.as_of = int_usage_trend.as_of
    and payer.account_id = int_usage_trend.account_id
left join int_deal_role_use
    on payer.as_of = int_deal_role_use.as_of
    and payer.account_id = int_deal_role_use.account_id
left join engagement on payer.account_id = engagement.account_id
