-- Models whose credits of a dimension and a currency do not sum, to the last unit, to the
-- counted conversions and to their value.
-- severity: error
-- checks: touchpoint_attribution
with

won as (
    select
        currency,
        cast(count(*) as decimal(38,6)) as conversions,
        cast(coalesce(sum(amount), 0) as decimal(38,4)) as amount
    from int_won_deal
    where is_counted
    group by currency
),

expected as (
    select
        way.model,
        axis.dimension,
        won.currency,
        won.conversions,
        won.amount
    from (
        values
            ('first'), ('last'), ('linear'), ('position'), ('time_decay'), ('markov'),
            ('shapley')
    ) as way (model)
    cross join (
        values ('channel'), ('mode'), ('touchpoint'), ('content')
    ) as axis (dimension)
    cross join won
),

credited as (
    select
        model,
        dimension,
        currency,
        sum(credited_conversions) as conversions,
        sum(credited_value) as amount
    from touchpoint_attribution
    group by model, dimension, currency
)

select
    coalesce(expected.model, credited.model) as model,
    coalesce(expected.dimension, credited.dimension) as dimension,
    coalesce(expected.currency, credited.currency) as currency,
    expected.conversions,
    credited.conversions as credited_conversions,
    expected.amount,
    credited.amount as credited_value
from expected
full join credited
    on expected.model = credited.model
    and expected.dimension = credited.dimension
    and expected.currency = credited.currency
where (expected.conversions is distinct from credited.conversions)
    or (expected.amount is distinct from credited.amount)
