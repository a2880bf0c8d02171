-- By how much the revenue of customers that stay grows in a year, per segment: what the
-- accounts that paid at both ends of the last twelve complete months paid at the end,
-- over the start, drawn to the whole company by as many customers as the pipeline says,
-- and kept within its bound. The pipeline may fix it instead. Zero where nobody has
-- stayed for a year yet: no growth is claimed that nobody saw.
-- grain: segment
-- columns:
--   segment | text | key | segment of the account today; unknown where there is none
--   customers | integer | accounts | accounts it was observed on
--   observed_growth | float | per year | of the segment alone
--   yearly_growth | float | per year | shrunk and bounded; what is used
with

newest as (
    select max(period_end) as period_end
    from int_account_retention_converted
    where months = 12
),

stayed as (
    select
        coalesce(stg_account.segment, 'unknown') as segment,
        retention.mrr_at_start,
        retention.mrr_at_end
    from newest
    inner join int_account_retention_converted as retention
        on newest.period_end = retention.period_end and retention.months = 12
    left join stg_account on retention.account_id = stg_account.account_id
    where retention.mrr_at_start > 0 and retention.mrr_at_end > 0
),

total as (
    select
        cast(sum(mrr_at_end) as double) / nullif(cast(sum(mrr_at_start) as double), 0) - 1
            as growth
    from stayed
),

observed as (
    select
        segment,
        count(*) as customers,
        cast(sum(mrr_at_end) as double) / cast(sum(mrr_at_start) as double) - 1 as growth
    from stayed
    group by segment
),

segment as (
    select distinct coalesce(segment, 'unknown') as segment from stg_account
    union
    select 'unknown' as segment
),

shrunk as (
    select
        segment.segment,
        coalesce(observed.customers, 0) as customers,
        observed.growth as observed_growth,
        cfg_lifetime.yearly_growth as fixed_growth,
        cfg_lifetime.yearly_growth_most as most,
        case
            when observed.customers is null then coalesce(total.growth, 0)
            else (
                observed.customers * observed.growth
                + cfg_lifetime.pooled_customers * total.growth
            ) / (observed.customers + cfg_lifetime.pooled_customers)
        end as growth
    from cfg_lifetime
    cross join total
    cross join segment
    left join observed on segment.segment = observed.segment
)

select
    segment,
    customers,
    observed_growth,
    coalesce(fixed_growth, least(greatest(growth, -most), most)) as yearly_growth
from shrunk
