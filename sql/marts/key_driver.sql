-- What makes people recommend us, and how well we do it: importance beside performance,
-- per driver question and attribute of the account. Importance is the driver's share of
-- what all drivers together tell about the recommendation (Johnson's relative weights),
-- with an interval from a bootstrap over accounts. It is an association, no cause.
-- Without enough complete answers, or where two drivers say the same, there is no
-- importance, and the row says why in words; performance stays.
-- grain: dimension, dimension_value, driver
-- columns:
--   dimension | text | - | attribute of the account broken down by, all for the total
--   dimension_value | text | - | value of the attribute today, all for the total
--   driver | text | - | driver question
--   factor | text | - | factor of the experience that the question asks for
--   factor_group | text | - | power or sense
--   label | text | - | what people call the factor
--   answers | integer | answers | complete responses behind the importance
--   accounts | integer | accounts | accounts that they come from
--   state | text | - | value, too_few, constant or collinear
--   reason | text | - | why there is no importance, in words; null for value
--   r_squared | float | 0-1 | what all drivers together tell
--   importance | float | 0-1 | the driver's share of it; the drivers sum to 1
--   importance_low | float | 0-1 | low end of its 95 % interval
--   importance_high | float | 0-1 | high end of its 95 % interval
--   inflation | float | - | variance inflation: 1 where no other driver tells of it
--   n | integer | answers | answers to the question
--   performance | float | 0-1 | share of good answers; null below the minimum
--   performance_low | float | 0-1 | low end of its 95 % Wilson interval
--   performance_high | float | 0-1 | high end of its 95 % Wilson interval
--   mean | float | scale of drivers | mean answer; null below the minimum
--   quadrant | text | - | improve, keep, watch or relax; null without both figures
with

performance as (
    select
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value,
        answer.question,
        count(*) as n,
        count(*) filter (where answer.is_good) as good,
        sum(answer.score) as score_sum
    from int_driver_answer as answer
    inner join int_voice_dimension on answer.account_id = int_voice_dimension.account_id
    group by
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value,
        answer.question
),

judged as (
    select
        performance.*,
        performance.n >= greatest(cfg_pipeline.minimum_n, 1) as is_enough,
        coalesce(found.answers, 0) as answers,
        coalesce(found.accounts, 0) as accounts,
        coalesce(found.refusal, case when found.question is null then 'too_few' end)
            as refusal,
        found.r_squared,
        -- where nothing at all is told, no driver has a share of it
        found.weight / nullif(found.r_squared, 0) as importance,
        found.share_low,
        found.share_high,
        found.inflation,
        questioned.drivers,
        questioned.drivers * cfg_voice.answers_per_driver as needed,
        cfg_voice.largest_inflation,
        cfg_pipeline.language = 'ja' as is_japanese
    from cfg_pipeline
    cross join cfg_voice
    cross join (
        select count(distinct question) as drivers from int_driver_answer
    ) as questioned
    cross join performance
    left join int_driver_weight as found
        on performance.dimension = found.dimension
        and performance.dimension_value = found.dimension_value
        and performance.question = found.question
),

-- how well the drivers do on average in the group, in whole millionths so that no order
-- of rows matters
compared as (
    select
        *,
        cast(good as double) / n as share,
        cast(sum(cast(round(1000000.0 * good / n) as bigint)) over (
            partition by dimension, dimension_value
        ) as double) / 1000000 / drivers as share_usual
    from judged
)

select
    compared.dimension,
    compared.dimension_value,
    compared.question as driver,
    cfg_experience_factor.factor,
    cfg_experience_factor.factor_group,
    cfg_experience_factor.label,
    compared.answers,
    compared.accounts,
    coalesce(refusal, 'value') as state,
    case
        when refusal = 'too_few' and is_japanese then
            '完全な回答が' || needed || '件必要ですが、' || answers || '件しかありません'
        when refusal = 'too_few' then
            answers || ' complete answers, and ' || drivers || ' drivers need ' || needed
        when refusal = 'constant' and is_japanese then '回答がすべて同じ設問があります'
        when refusal = 'constant' then 'everybody gave the same answer to a question'
        when refusal = 'collinear' and is_japanese then
            '設問の回答が互いに似すぎています（分散拡大係数の上限は' || largest_inflation || '）'
        when refusal = 'collinear' then
            'drivers say the same as others (variance inflation above '
            || largest_inflation || ')'
    end as reason,
    compared.r_squared,
    compared.importance,
    compared.share_low as importance_low,
    compared.share_high as importance_high,
    compared.inflation,
    compared.n,
    case when is_enough then share end as performance,
    case when is_enough then wilson_low(good, n) end as performance_low,
    case when is_enough then wilson_high(good, n) end as performance_high,
    case when is_enough then cast(score_sum as double) / n end as mean,
    case
        when importance is null or not is_enough then null
        when importance * drivers >= 1 and share < share_usual then 'improve'
        when importance * drivers >= 1 then 'keep'
        when share < share_usual then 'watch'
        else 'relax'
    end as quadrant
from compared
inner join cfg_experience_factor on compared.question = cfg_experience_factor.question
