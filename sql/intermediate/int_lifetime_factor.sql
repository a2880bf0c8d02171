-- How many terms a customer of one segment still pays for once it comes through its
-- next renewal, that term included, over the pipeline's horizon: each weighed with its
-- chance, growth and discount. The interval is that of this number times the chance of
-- the next renewal, over the fits with random weights, as shares of the estimate.
-- grain: segment, term_months, renewals
-- columns:
--   segment | text | key | segment of the account today
--   term_months | integer | months | months between two renewals
--   renewals | integer | renewals | renewals the customer has come through by now
--   terms | float | terms | discounted terms from the next renewal on, given it is passed
--   terms_undiscounted | float | terms | the same without growth and discount
--   low_share | float | - | low end of the 95 % interval over the estimate
--   high_share | float | - | high end over the estimate
with

needed as (
    select distinct
        int_renewal_probability.segment,
        int_renewal_probability.term_months,
        int_renewal_probability.renewals,
        greatest(cfg_lifetime.horizon_months / int_renewal_probability.term_months, 1) - 1
            as later_terms,
        power(
            (1 + coalesce(int_segment_growth.yearly_growth, 0))
            / (1 + cfg_lifetime.discount_rate),
            cast(int_renewal_probability.term_months as double) / 12
        ) as factor
    from cfg_lifetime
    cross join int_renewal_probability
    left join int_segment_growth
        on int_renewal_probability.segment = int_segment_growth.segment
    where int_renewal_probability.cutoff_on = $as_of
),

curve as (
    select
        segment,
        term_months,
        cast(0 as bigint) as draw,
        alpha,
        beta,
        shape
    from int_renewal_curve
    where cutoff_on = $as_of and alpha is not null
    union all
    select
        segment,
        term_months,
        drawn['draw'] as draw,
        drawn['alpha'] as alpha,
        drawn['beta'] as beta,
        drawn['shape'] as shape
    from (
        select
            segment,
            term_months,
            unnest(draws) as drawn
        from int_renewal_curve
        where cutoff_on = $as_of and alpha is not null
    )
),

valued as (
    select
        needed.segment,
        needed.term_months,
        needed.renewals,
        curve.draw,
        1 + needed.factor * expected_renewals(
            curve.alpha, curve.beta, curve.shape,
            needed.renewals + 1, needed.later_terms, needed.factor
        ) as terms,
        1 + expected_renewals(
            curve.alpha, curve.beta, curve.shape,
            needed.renewals + 1, needed.later_terms, 1
        ) as terms_undiscounted,
        expected_renewals(curve.alpha, curve.beta, curve.shape, needed.renewals, 1, 1)
            as retention
    from needed
    inner join curve
        on needed.segment = curve.segment and needed.term_months = curve.term_months
),

ranked as (
    select
        *,
        row_number() over (
            partition by segment, term_months, renewals, draw > 0
            order by terms * retention, draw
        ) as position,
        count(*) over (partition by segment, term_months, renewals, draw > 0) as n
    from valued
),

ends as (
    select
        segment,
        term_months,
        renewals,
        max(case when draw = 0 then terms end) as terms,
        max(case when draw = 0 then terms_undiscounted end) as terms_undiscounted,
        max(case when draw = 0 then terms * retention end) as estimate,
        -- of 200 draws the 5th from each side
        max(case when draw > 0 and position = greatest(n / 40, 1)
            then terms * retention end) as low,
        max(case when draw > 0 and position = n + 1 - greatest(n / 40, 1)
            then terms * retention end) as high
    from ranked
    group by segment, term_months, renewals
)

select
    segment,
    term_months,
    renewals,
    terms,
    terms_undiscounted,
    least(low / estimate, 1) as low_share,
    greatest(high / estimate, 1) as high_share
from ends
