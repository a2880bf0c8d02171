-- What customers answered to one metric, per kind of survey, stage, role and attribute of
-- the account, over the history of the pipeline. Relationship and transactional surveys
-- are never mixed; stage and role have a roll-up `all` beside their own values. Only
-- finished answers within the scale count. Role and attributes are those of today,
-- because extracts hold one state. NPS is promoters minus detractors in points, with an
-- adjusted Wald interval; CSAT and CES are the share of good answers, with a Wilson
-- interval, and the mean. Fewer answers than the pipeline's minimum give no figure, and
-- is_too_few says so; they still count in the roll-ups.
-- grain: metric, kind, stage, role, dimension, dimension_value
-- columns:
--   metric | text | - | nps, csat or ces
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey asked about, all for the roll-up
--   role | text | - | role in the purchase of the person asked, all for the roll-up
--   dimension | text | - | attribute broken down by, all for the total
--   dimension_value | text | - | value of the attribute today, all for the total
--   invited | integer | invitations | delivered; null where none are extracted
--   answered | integer | invitations | of these, with an answer that counts
--   response_rate | float | 0-1 | answered / invited; null where nobody was invited
--   n | integer | answers | answers that count, invited or not
--   promoters | integer | answers | nps: 9 or 10 on the shipped scale; else null
--   passives | integer | answers | nps: neither promoter nor detractor; else null
--   detractors | integer | answers | nps: 0 to 6 on the shipped scale; else null
--   good | integer | answers | csat, ces: good answers; null for nps
--   mean | float | scale of the metric | csat, ces: mean score; null for nps or too few
--   value | float | nps: points -100-100, else 0-1 | the metric; null when too few
--   low | float | as value | low end of its 95 % interval
--   high | float | as value | high end of its 95 % interval
--   is_too_few | boolean | - | n is below the pipeline's minimum
with

-- a sum of plain counts: each account's cell enters every roll-up it belongs to
summed as (
    select
        int_survey_cell.metric,
        int_survey_cell.kind,
        case when is_all_stages then 'all' else int_survey_cell.stage end as stage,
        case when is_all_roles then 'all' else int_survey_cell.role end as role,
        int_account_dimension.dimension,
        int_account_dimension.dimension_value,
        sum(int_survey_cell.invited) as invited,
        sum(int_survey_cell.answered) as answered,
        sum(int_survey_cell.n) as n,
        sum(int_survey_cell.good) as good,
        sum(int_survey_cell.bad) as bad,
        sum(int_survey_cell.score_sum) as score_sum
    from int_survey_cell
    inner join int_account_dimension
        on int_survey_cell.account_id = int_account_dimension.account_id
    cross join (
        values (true, true), (true, false), (false, true), (false, false)
    ) as roll_up (is_all_stages, is_all_roles)
    group by
        int_survey_cell.metric,
        int_survey_cell.kind,
        case when is_all_stages then 'all' else int_survey_cell.stage end,
        case when is_all_roles then 'all' else int_survey_cell.role end,
        int_account_dimension.dimension,
        int_account_dimension.dimension_value
),

-- a zero is measured only where invitations are extracted
invitation as (
    select coalesce(bool_or(is_declared), false) as is_declared
    from cfg_source
    where source_table = 'survey_invitation'
),

judged as (
    select
        summed.*,
        invitation.is_declared as is_invited_known,
        summed.metric = 'nps' as is_nps,
        -- no answer is too few, whatever the minimum
        summed.n < greatest(cfg_pipeline.minimum_n, 1) as is_too_few
    from summed
    cross join cfg_pipeline
    cross join invitation
)

select
    metric,
    kind,
    stage,
    role,
    dimension,
    dimension_value,
    case when is_invited_known then invited end as invited,
    case when is_invited_known then answered end as answered,
    cast(answered as double) / nullif(invited, 0) as response_rate,
    n,
    case when is_nps then good end as promoters,
    case when is_nps then n - good - bad end as passives,
    case when is_nps then bad end as detractors,
    case when not is_nps then good end as good,
    case when not is_nps and not is_too_few then cast(score_sum as double) / n end
        as mean,
    case
        when is_too_few then null
        when is_nps then cast(100 * (good - bad) as double) / n
        else cast(good as double) / n
    end as value,
    case
        when is_too_few then null
        when is_nps then nps_low(good, bad, n)
        else wilson_low(good, n)
    end as low,
    case
        when is_too_few then null
        when is_nps then nps_high(good, bad, n)
        else wilson_high(good, n)
    end as high,
    is_too_few
from judged
