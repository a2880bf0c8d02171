-- The curve by which customers of one segment and one length of contract come through
-- their renewals, fitted to what was known at the end of a cutoff. As many customers of
-- the whole company as the pipeline says are added to each segment, so that a small one
-- is drawn to the rest and a large one is itself (a power prior: Ibrahim and Chen
-- 2000). Below the pipeline's number of losses in the whole company there is no curve.
-- `draws`, fits with random weights for the intervals, are made for the as-of day only.
-- grain: cutoff_on, segment, term_months
with

-- customers of one kind: the fit needs their number, not each of them
kind as (
    select
        cutoff_on,
        segment,
        term_months,
        renewals,
        is_lost,
        count(*) as customers
    from int_renewal_experience
    group by cutoff_on, segment, term_months, renewals, is_lost
),

pool as (
    select
        cutoff_on,
        term_months,
        sum(customers) as customers,
        coalesce(sum(customers) filter (where is_lost), 0) as lost
    from kind
    group by cutoff_on, term_months
),

segment as (
    select
        cutoff_on,
        segment,
        term_months,
        sum(customers) as customers,
        coalesce(sum(customers) filter (where is_lost), 0) as lost
    from kind
    group by cutoff_on, segment, term_months
),

weighed as (
    select
        cutoff_on,
        segment,
        term_months,
        renewals,
        is_lost,
        cast(customers as double) as weight
    from kind
    union all
    select
        segment.cutoff_on,
        segment.segment,
        segment.term_months,
        kind.renewals,
        kind.is_lost,
        kind.customers * least(
            cast(1 as double),
            cast(cfg_lifetime.pooled_customers as double) / pool.customers
        ) as weight
    from cfg_lifetime
    cross join segment
    inner join pool
        on segment.cutoff_on = pool.cutoff_on and segment.term_months = pool.term_months
    inner join kind
        on segment.cutoff_on = kind.cutoff_on and segment.term_months = kind.term_months
    where cfg_lifetime.pooled_customers > 0
),

fitted as (
    select
        weighed.cutoff_on,
        weighed.segment,
        weighed.term_months,
        renewal_fit(
            weighed.renewals,
            weighed.is_lost,
            weighed.weight,
            case when weighed.cutoff_on = $as_of then cfg_lifetime.draws else 0 end
        ) as fit
    from cfg_lifetime
    cross join weighed
    inner join pool
        on
            weighed.cutoff_on = pool.cutoff_on
            and weighed.term_months = pool.term_months
            and pool.lost >= cfg_lifetime.minimum_lost
    group by weighed.cutoff_on, weighed.segment, weighed.term_months
)

select
    segment.cutoff_on,
    segment.segment,
    segment.term_months,
    segment.customers,
    segment.lost,
    pool.customers as pooled_customers,
    pool.lost as pooled_lost,
    fitted.fit['alpha'] is null as is_too_little_history,
    fitted.fit['family'] as family,
    fitted.fit['alpha'] as alpha,
    fitted.fit['beta'] as beta,
    fitted.fit['shape'] as shape,
    fitted.fit['draws'] as draws
from segment
inner join pool
    on segment.cutoff_on = pool.cutoff_on and segment.term_months = pool.term_months
left join fitted
    on
        segment.cutoff_on = fitted.cutoff_on
        and segment.segment = fitted.segment
        and segment.term_months = fitted.term_months
