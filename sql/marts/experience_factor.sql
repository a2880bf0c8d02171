-- How customers find us in what makes business: three powers that are the ticket to
-- compete (product, price, fulfilment) and three senses that make it last (ease and
-- transparency, being valued, trust in the account manager), per attribute of the
-- account. Which questions ask for which factor stands in the pipeline; beside the
-- factors there is a row for all powers and one for all senses.
-- grain: dimension, dimension_value, factor_group, factor
-- columns:
--   dimension | text | - | attribute of the account broken down by, all for the total
--   dimension_value | text | - | value of the attribute today, all for the total
--   factor_group | text | - | power or sense
--   factor | text | - | factor, all for the whole group
--   label | text | - | what people call the factor; null for the whole group
--   questions | integer | questions | driver questions that were answered
--   respondents | integer | responses | responses with an answer to any of them
--   n | integer | answers | answers
--   good | integer | answers | of these, good ones
--   value | float | 0-1 | share of good answers; null below the pipeline's minimum
--   low | float | 0-1 | low end of its 95 % Wilson interval
--   high | float | 0-1 | high end of its 95 % Wilson interval
--   mean | float | scale of drivers | mean answer; null below the minimum
--   importance | float | 0-1 | share in what drivers tell (key_driver); null if refused
--   is_too_few | boolean | - | fewer respondents than the pipeline asks for
with

asked as (
    select
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value,
        answered.factor_group,
        answered.factor,
        count(distinct answered.question) as questions
    from (
        select
            account_id,
            factor_group,
            factor,
            unnest(questions) as question
        from int_factor_answer
    ) as answered
    inner join int_voice_dimension
        on answered.account_id = int_voice_dimension.account_id
    group by
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value,
        answered.factor_group,
        answered.factor
),

summed as (
    select
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value,
        int_factor_answer.factor_group,
        int_factor_answer.factor,
        int_factor_answer.label,
        cast(sum(int_factor_answer.respondents) as bigint) as respondents,
        cast(sum(int_factor_answer.n) as bigint) as n,
        cast(sum(int_factor_answer.good) as bigint) as good,
        sum(int_factor_answer.score_sum) as score_sum
    from int_factor_answer
    inner join int_voice_dimension
        on int_factor_answer.account_id = int_voice_dimension.account_id
    group by
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value,
        int_factor_answer.factor_group,
        int_factor_answer.factor,
        int_factor_answer.label
),

counted as (
    select
        summed.*,
        asked.questions
    from summed
    inner join asked
        on summed.dimension = asked.dimension
        and summed.dimension_value = asked.dimension_value
        and summed.factor_group = asked.factor_group
        and summed.factor = asked.factor
),

-- a decimal, so that no order of the drivers matters
weighed as (
    select
        dimension,
        dimension_value,
        factor_group,
        case when is_whole then 'all' else factor end as factor,
        sum(cast(importance as decimal(38,9))) as importance,
        count(importance) = count(*) as is_complete
    from key_driver
    cross join (values (true), (false)) as roll_up (is_whole)
    group by
        dimension,
        dimension_value,
        factor_group,
        case when is_whole then 'all' else factor end
)

select
    counted.dimension,
    counted.dimension_value,
    counted.factor_group,
    counted.factor,
    counted.label,
    counted.questions,
    counted.respondents,
    counted.n,
    counted.good,
    case when respondents >= cfg_pipeline.minimum_n then cast(good as double) / n end
        as value,
    -- as wide as if every respondent had answered once
    case
        when respondents >= cfg_pipeline.minimum_n
            then wilson_low(good * respondents / n, respondents)
    end as low,
    case
        when respondents >= cfg_pipeline.minimum_n
            then wilson_high(
                least((good * respondents + n - 1) / n, respondents), respondents
            )
    end as high,
    case
        when respondents >= cfg_pipeline.minimum_n then cast(score_sum as double) / n
    end as mean,
    case when weighed.is_complete then cast(weighed.importance as double) end
        as importance,
    respondents < cfg_pipeline.minimum_n as is_too_few
from cfg_pipeline
cross join counted
left join weighed
    on counted.dimension = weighed.dimension
    and counted.dimension_value = weighed.dimension_value
    and counted.factor_group = weighed.factor_group
    and counted.factor = weighed.factor
