with tickets as (
    select account_id,
        count(*) filter (where opened_at >= {{ since(90) }} and severity <= 2) as severe_tickets,
        count(*) filter (where closed_at is null or closed_at >= {{ since(0) }}) as open_tickets,
        sum(epoch_us(closed_at) - epoch_us(opened_at)) filter (where is_closed_new)::double
            / (3.6e9 * count(*) filter (where is_closed_new)) as hours_to_close,
        sum(csat) filter (where has_csat)::double / count(*) filter (where has_csat) as csat
    from (
        select *,
            opened_at >= {{ since(90) }} and closed_at < {{ since(0) }} as is_closed_new,
            csat is not null and opened_at >= {{ since(180) }} and closed_at < {{ since(0) }}
                as has_csat
        from {{ table_of("ticket") }} where opened_at < {{ since(0) }}
    )
    group by account_id
),
voice as (
    select account_id, count(*) as responses,
        sum(score) filter (where metric = 'nps')::double
            / count(*) filter (where metric = 'nps') as nps
    from {{ table_of("survey") }}
    where responded_at >= {{ since(180) }} and responded_at < {{ since(0) }}
    group by account_id
),
revenue as (
    select account_id,
        max(mrr_cents) filter (where month = date_trunc('month', {{ as_of() }})) as mrr_cents,
        max(mrr_cents) filter (
            where month = date_trunc('month', {{ as_of() }}) - interval 3 month) as mrr_before,
        max(ends_on) as ends_on
    from {{ table_of("subscription") }} where month <= {{ as_of() }} group by account_id
),
deals as (
    select account_id,
        sum(amount_cents) filter (where stage not in ('won', 'lost'))::bigint as pipeline_cents,
        count(*) filter (where stage = 'won') as won
    from {{ table_of("opportunity") }} where created_on <= {{ as_of() }} group by account_id
),
people as (
    select account_id, count(*) as people from {{ table_of("contact") }} group by account_id
),
measure as (
    select account_id, segment, industry, region, mrr_cents, ends_on,
        coalesce(events_30, 0) as events_30,
        case when coalesce(events_31_60, 0) = 0 then 1.0::double
            else events_30::double / events_31_60 end as trend,
        coalesce(contacts_30, 0)::double / people as coverage,
        coalesce(features_30, 0) as features_30,
        coalesce(days_since, 91) as days_since,
        coalesce(severe_tickets, 0) as severe_tickets,
        coalesce(open_tickets, 0) as open_tickets,
        coalesce(hours_to_close, 24.0::double) as hours_to_close,
        coalesce(csat, 3.0::double) as csat,
        coalesce(nps, 7.0::double) as nps,
        coalesce(responses, 0) as responses,
        case when mrr_before > 0 and mrr_cents is not null
            then mrr_cents::double / mrr_before else 1.0::double end as growth,
        coalesce(pipeline_cents, 0) as pipeline_cents,
        coalesce(won, 0) as won
    from {{ table_of("account") }} join people using (account_id)
    left join {{ ref("feature") }} using (account_id)
    left join tickets using (account_id)
    left join voice using (account_id)
    left join revenue using (account_id)
    left join deals using (account_id)
),
scored as (
    select *,
        (
            15 * (rank() over (partition by segment order by events_30) - 1)
            + 15 * (rank() over (partition by segment order by trend) - 1)
            + 10 * (rank() over (partition by segment order by coverage) - 1)
            + 10 * (rank() over (partition by segment order by features_30) - 1)
            + 10 * (rank() over (partition by segment order by -days_since) - 1)
            + 10 * (rank() over (partition by segment order by -severe_tickets) - 1)
            + 5 * (rank() over (partition by segment order by -hours_to_close) - 1)
            + 10 * (rank() over (partition by segment order by csat) - 1)
            + 10 * (rank() over (partition by segment order by nps) - 1)
            + 5 * (rank() over (partition by segment order by growth) - 1)
        )::double / (count(*) over (partition by segment) - 1) as score
    from measure
)
select *,
    case when score >= 60 then 'green' when score >= 40 then 'yellow' else 'red' end as tier,
    score < 40 and coalesce(ends_on < {{ as_of() }} + 91, false) as is_at_risk
from scored
