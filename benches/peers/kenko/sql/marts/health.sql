-- How healthy an account is among those of its segment, from 0 to 100.
-- grain: account_id
-- columns:
--   account_id | integer | key | account
--   segment | text | - | segment
--   industry | text | - | industry
--   region | text | - | region
--   mrr_cents | integer | cents | paid for this month
--   ends_on | date | day | end of the contract
--   events_30 | integer | events | events in 30 days
--   trend | float | - | those of 30 days to those of the 30 before
--   coverage | float | - | share of the people active in 30 days
--   features_30 | integer | features | features used in 30 days
--   days_since | integer | days | days since the last event; 91 if longer ago than 90
--   severe_tickets | integer | tickets | severe tickets of 90 days
--   open_tickets | integer | tickets | tickets not closed
--   hours_to_close | float | hours | mean time to close those of 90 days; 24 if none
--   csat | float | - | mean answer after tickets of 180 days; 3 if none
--   nps | float | - | mean answer to the NPS question in 180 days; 7 if none
--   responses | integer | answers | answers to surveys in 180 days
--   growth | float | - | paid for this month to that three months before; 1 if unknown
--   pipeline_cents | integer | cents | worth of open deals
--   won | integer | deals | deals won
--   score | float | points | mean of the weighted ranks in the segment
--   tier | text | - | green from 60, yellow from 40, else red
--   is_at_risk | boolean | - | red, and the contract ends within 90 days
with

ticket as (
    select
        *,
        local_day(opened_at) > cast($as_of as date) - 90 as is_new,
        local_day(opened_at) > cast($as_of as date) - 180 as is_recent,
        arrow_cast(closed_at, 'Int64') - arrow_cast(opened_at, 'Int64') as took
    from stg_request
),

tickets as (
    select
        account_id,
        count(*) filter (where is_new and severity <= 2) as severe_tickets,
        count(*) filter (where closed_at is null) as open_tickets,
        cast(sum(took) filter (where is_new) as double)
            / (3.6e9 * cast(count(took) filter (where is_new) as double)) as hours_to_close,
        cast(sum(csat) filter (where is_recent) as double)
            / cast(count(csat) filter (where is_recent) as double) as csat
    from ticket
    group by account_id
),

voice as (
    select
        account_id,
        count(*) as responses,
        cast(sum(score) filter (where metric = 'nps') as double)
            / cast(count(*) filter (where metric = 'nps') as double) as nps
    from stg_answer
    where local_day(responded_at) > cast($as_of as date) - 180
    group by account_id
),

this_month as (
    select date_trunc('month', cast($as_of as date)) as month
),

revenue as (
    select
        paid.account_id,
        max(paid.mrr_cents) filter (where paid.month = this_month.month) as mrr_cents,
        max(paid.mrr_cents)
            filter (where paid.month = this_month.month - interval '3 months')
            as mrr_before,
        max(paid.ends_on) as ends_on
    from stg_payment as paid
    cross join this_month
    group by paid.account_id
),

deals as (
    select
        account_id,
        sum(amount_cents) filter (where stage not in ('won', 'lost')) as pipeline_cents,
        count(*) filter (where stage = 'won') as won
    from stg_deal
    group by account_id
),

people as (
    select account_id, count(*) as people
    from stg_person
    group by account_id
),

measure as (
    select
        stg_customer.account_id,
        stg_customer.segment,
        stg_customer.industry,
        stg_customer.region,
        revenue.mrr_cents,
        revenue.ends_on,
        coalesce(feature.events_30, 0) as events_30,
        case
            when coalesce(feature.events_31_60, 0) = 0 then 1.0
            else cast(feature.events_30 as double) / cast(feature.events_31_60 as double)
        end as trend,
        cast(coalesce(feature.contacts_30, 0) as double) / cast(people.people as double)
            as coverage,
        coalesce(feature.features_30, 0) as features_30,
        coalesce(feature.days_since, 91) as days_since,
        coalesce(tickets.severe_tickets, 0) as severe_tickets,
        coalesce(tickets.open_tickets, 0) as open_tickets,
        coalesce(tickets.hours_to_close, 24.0) as hours_to_close,
        coalesce(tickets.csat, 3.0) as csat,
        coalesce(voice.nps, 7.0) as nps,
        coalesce(voice.responses, 0) as responses,
        case
            when revenue.mrr_before > 0 and revenue.mrr_cents is not null
                then cast(revenue.mrr_cents as double) / cast(revenue.mrr_before as double)
            else 1.0
        end as growth,
        coalesce(deals.pipeline_cents, 0) as pipeline_cents,
        coalesce(deals.won, 0) as won
    from stg_customer
    inner join people on stg_customer.account_id = people.account_id
    left join feature on stg_customer.account_id = feature.account_id
    left join tickets on stg_customer.account_id = tickets.account_id
    left join voice on stg_customer.account_id = voice.account_id
    left join revenue on stg_customer.account_id = revenue.account_id
    left join deals on stg_customer.account_id = deals.account_id
),

ranked as (
    select
        *,
        15 * (rank() over (partition by segment order by events_30) - 1)
            + 15 * (rank() over (partition by segment order by trend) - 1)
            + 10 * (rank() over (partition by segment order by coverage) - 1)
            + 10 * (rank() over (partition by segment order by features_30) - 1)
            + 10 * (rank() over (partition by segment order by days_since desc) - 1)
            + 10 * (rank() over (partition by segment order by severe_tickets desc) - 1)
            + 5 * (rank() over (partition by segment order by hours_to_close desc) - 1)
            + 10 * (rank() over (partition by segment order by csat) - 1)
            + 10 * (rank() over (partition by segment order by nps) - 1)
            + 5 * (rank() over (partition by segment order by growth) - 1) as points,
        count(*) over (partition by segment) - 1 as others
    from measure
),

scored as (
    select
        * exclude (points, others),
        cast(points as double) / cast(others as double) as score
    from ranked
)

select
    account_id,
    segment,
    industry,
    region,
    mrr_cents,
    ends_on,
    events_30,
    trend,
    coverage,
    features_30,
    days_since,
    severe_tickets,
    open_tickets,
    hours_to_close,
    csat,
    nps,
    responses,
    growth,
    pipeline_cents,
    won,
    score,
    case when score >= 60 then 'green' when score >= 40 then 'yellow' else 'red' end as tier,
    score < 40 and coalesce(ends_on < cast($as_of as date) + 91, false) as is_at_risk
from scored
