-- Groups of factors whose parts do not sum to the whole, breakdowns that lose or double
-- answers, and shares outside their interval.
-- severity: error
-- checks: experience_factor
with

summed as (
    select
        dimension,
        factor_group,
        sum(n) filter (where factor = 'all') as whole,
        sum(n) filter (where factor <> 'all') as parts
    from experience_factor
    group by dimension, factor_group
),

expected as (
    select
        factor_group,
        sum(n) as n
    from experience_factor
    where dimension = 'all' and factor = 'all'
    group by factor_group
)

select
    summed.dimension,
    summed.factor_group,
    summed.whole,
    summed.parts,
    expected.n
from summed
left join expected on summed.factor_group = expected.factor_group
where (summed.whole is distinct from summed.parts)
    or (summed.whole is distinct from expected.n)
union all
select
    dimension,
    factor_group,
    n as whole,
    good as parts,
    respondents as n
from experience_factor
where good > n
    or respondents > n
    or value < low - 1e-9
    or value > high + 1e-9
    or is_too_few <> (value is null)
