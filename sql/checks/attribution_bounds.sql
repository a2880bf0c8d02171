-- Credits outside what they can be: negative conversions, more credit for a conversion
-- than the deals that met the value (markov apart, which divides all of them), removal
-- effects outside 0 to 1.
-- severity: error
-- checks: touchpoint_attribution
select
    model,
    dimension,
    dimension_value,
    currency,
    credited_conversions,
    conversions,
    touches,
    removal_effect
from touchpoint_attribution
where credited_conversions < 0
    or (model <> 'markov' and credited_conversions > conversions)
    or touches < conversions and dimension_value <> 'no_touch'
    or conversions_without_value > conversions
    or removal_effect < -1e-9
    or removal_effect > 1 + 1e-9
