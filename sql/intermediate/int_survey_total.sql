-- The counts of int_survey_cell in every roll-up that survey_metric shows, and beside
-- them, for the recommendation question and all roles together, the weights of
-- int_survey_weight.
-- grain: metric, kind, stage, role, dimension, dimension_value
-- columns:
--   metric | text | - | nps, csat or ces
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey, all for the roll-up
--   role | text | - | role in the purchase, all for the roll-up
--   dimension | text | - | attribute broken down by, all for the total
--   dimension_value | text | - | value of the attribute, all for the total
--   invited | integer | invitations | as int_survey_cell
--   delivered | integer | invitations | as int_survey_cell
--   answered | integer | invitations | as int_survey_cell
--   n | integer | answers | as int_survey_cell
--   good | integer | answers | as int_survey_cell
--   bad | integer | answers | as int_survey_cell
--   score_sum | integer | scale of the metric | as int_survey_cell
--   recent_n | integer | answers | as int_survey_cell
--   recent_good | integer | answers | as int_survey_cell
--   recent_bad | integer | answers | as int_survey_cell
--   before_n | integer | answers | as int_survey_cell
--   before_good | integer | answers | as int_survey_cell
--   before_bad | integer | answers | as int_survey_cell
--   weighted_n | integer | answers | answers with a weight; null where roles are apart
--   weighted_deciders | integer | answers | of these, of roles that decide
--   weight | decimal(38,9) | - | sum of the weights
--   weight_good | decimal(38,9) | - | of promoters
--   weight_bad | decimal(38,9) | - | of detractors
--   weight_squares | decimal(38,18) | - | sum of the squares of the weights
with

summed as (
    select
        cell.metric,
        cell.kind,
        case when is_all_stages then 'all' else cell.stage end as stage,
        case when is_all_roles then 'all' else cell.role end as role,
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value,
        sum(cell.invited) as invited,
        sum(cell.delivered) as delivered,
        sum(cell.answered) as answered,
        sum(cell.n) as n,
        sum(cell.good) as good,
        sum(cell.bad) as bad,
        sum(cell.score_sum) as score_sum,
        sum(cell.recent_n) as recent_n,
        sum(cell.recent_good) as recent_good,
        sum(cell.recent_bad) as recent_bad,
        sum(cell.before_n) as before_n,
        sum(cell.before_good) as before_good,
        sum(cell.before_bad) as before_bad
    from int_survey_cell as cell
    inner join int_voice_dimension on cell.account_id = int_voice_dimension.account_id
    cross join (
        values (true, true), (true, false), (false, true), (false, false)
    ) as roll_up (is_all_stages, is_all_roles)
    group by
        cell.metric,
        cell.kind,
        case when is_all_stages then 'all' else cell.stage end,
        case when is_all_roles then 'all' else cell.role end,
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value
),

weighted as (
    select
        own.kind,
        case when is_all_stages then 'all' else own.stage end as stage,
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value,
        sum(own.answers) as weighted_n,
        sum(own.deciders) as weighted_deciders,
        sum(own.weight) as weight,
        sum(own.weight_good) as weight_good,
        sum(own.weight_bad) as weight_bad,
        sum(own.weight_squares) as weight_squares
    from int_survey_weight as own
    inner join int_voice_dimension on own.account_id = int_voice_dimension.account_id
    cross join (values (true), (false)) as roll_up (is_all_stages)
    group by
        own.kind,
        case when is_all_stages then 'all' else own.stage end,
        int_voice_dimension.dimension,
        int_voice_dimension.dimension_value
)

select
    summed.metric,
    summed.kind,
    summed.stage,
    summed.role,
    summed.dimension,
    summed.dimension_value,
    summed.invited,
    summed.delivered,
    summed.answered,
    summed.n,
    summed.good,
    summed.bad,
    summed.score_sum,
    summed.recent_n,
    summed.recent_good,
    summed.recent_bad,
    summed.before_n,
    summed.before_good,
    summed.before_bad,
    weighted.weighted_n,
    weighted.weighted_deciders,
    weighted.weight,
    weighted.weight_good,
    weighted.weight_bad,
    weighted.weight_squares
from summed
left join weighted
    on summed.metric = 'nps'
    and summed.role = 'all'
    and summed.kind = weighted.kind
    and summed.stage = weighted.stage
    and summed.dimension = weighted.dimension
    and summed.dimension_value = weighted.dimension_value
