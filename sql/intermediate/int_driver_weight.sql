-- How much one driver tells about recommendation, in one group of accounts: Johnson's
-- relative weights over the responses that answered every driver that anybody answered.
-- Where they are refused, the row says why.
-- grain: dimension, dimension_value, question
-- columns:
--   dimension | text | - | attribute broken down by, all for the total
--   dimension_value | text | - | value of the attribute
--   question | text | - | driver
--   answers | integer | answers | complete responses
--   accounts | integer | accounts | accounts that they come from
--   drivers | integer | drivers | how many drivers there are
--   refusal | text | - | too_few, constant or collinear; null where there is a weight
--   r_squared | float | 0-1 | what all drivers together tell
--   weight | float | 0-1 | part of r_squared that is this driver's
--   inflation | float | - | variance inflation of the driver
--   share_low | float | 0-1 | low end of the 95 % interval of weight / r_squared
--   share_high | float | 0-1 | high end of the same
with

questioned as (
    select
        array_agg(question order by question) as questions,
        count(*) as drivers
    from (select distinct question from int_driver_answer) as asked
),

response as (
    select
        response_id,
        account_id,
        cast(max(outcome) as double) as outcome,
        count(*) as answered,
        array_agg(cast(score as double) order by question) as scores
    from int_driver_answer
    group by response_id, account_id
),

weighed as (
    select
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value,
        relative_weights(
            response.account_id,
            response.outcome,
            response.scores,
            cfg_voice.answers_per_driver,
            cast(cfg_voice.largest_inflation as double),
            cfg_voice.bootstrap_draws
        ) as found
    from cfg_voice
    cross join questioned
    cross join response
    inner join int_voice_dimension on response.account_id = int_voice_dimension.account_id
    where response.answered = questioned.drivers
    group by int_voice_dimension.dimension, int_voice_dimension.dimension_value
)

select
    weighed.dimension,
    weighed.dimension_value,
    unnest(questioned.questions) as question,
    weighed.found['answers'] as answers,
    weighed.found['accounts'] as accounts,
    questioned.drivers,
    weighed.found['refusal'] as refusal,
    weighed.found['r_squared'] as r_squared,
    unnest(weighed.found['weights']) as weight,
    unnest(weighed.found['inflation']) as inflation,
    unnest(weighed.found['share_low']) as share_low,
    unnest(weighed.found['share_high']) as share_high
from questioned
cross join weighed
