-- What customers answered to one metric, per kind of survey, stage, role and attribute of
-- the account, over the history of the pipeline. Relationship and transactional surveys
-- are never mixed; stage and role have a roll-up `all` beside their own values. Only
-- finished answers within the scale count. Role and attributes are those of today (of a
-- former customer: of its last day), because extracts hold one state. NPS is promoters
-- minus detractors in points, with an adjusted Wald interval; CSAT and CES are the share
-- of good answers, with a Wilson interval, and the mean. Fewer answers than the
-- pipeline's minimum give no figure, and is_too_few says so; they still count in the
-- roll-ups. Beside the plain NPS stands the one weighted by the influence of each role
-- in the purchase at hand; without an answer of a role that decides it is insufficient.
-- grain: metric, kind, stage, role, dimension, dimension_value
-- columns:
--   metric | text | - | nps, csat or ces
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey asked about, all for the roll-up
--   role | text | - | role in the purchase of the person asked, all for the roll-up
--   dimension | text | - | attribute broken down by, all for the total
--   dimension_value | text | - | value of the attribute, all for the total
--   invited | integer | invitations | sent; null where none are extracted
--   delivered | integer | invitations | of these, not bounced
--   answered | integer | invitations | of those, with an answer that counts
--   response_rate | float | 0-1 | answered / delivered; null where nothing arrived
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
--   recent_n | integer | answers | answers of the last period
--   before_n | integer | answers | answers of the period before
--   recent_value | float | as value | the metric of the last period
--   before_value | float | as value | that of the period before
--   change | float | as value | recent_value - before_value; null when either is too few
--   change_low | float | as value | low end of its 95 % interval
--   change_high | float | as value | high end of its 95 % interval
--   is_changed | boolean | - | the interval leaves out zero; null without a change
--   weighted_state | text | - | value, insufficient, too_few or not_applicable
--   weighted_n | integer | answers | answers of roles that have an influence
--   weighted_deciders | integer | answers | of these, of roles that decide
--   weighted_value | float | points -100-100 | NPS weighted by influence
--   weighted_low | float | points -100-100 | low end of its 95 % interval
--   weighted_high | float | points -100-100 | high end of its 95 % interval
with

-- a zero is measured only where invitations are extracted
invitation as (
    select coalesce(bool_or(is_declared), false) as is_declared
    from cfg_source
    where source_table = 'survey_invitation'
),

judged as (
    select
        total.*,
        invitation.is_declared as is_invited_known,
        total.metric = 'nps' as is_nps,
        -- no answer is too few, whatever the minimum
        total.n < greatest(cfg_pipeline.minimum_n, 1) as is_too_few,
        case
            when total.metric <> 'nps' or total.role <> 'all' then 'not_applicable'
            when coalesce(total.weighted_deciders, 0) = 0 then 'insufficient'
            when total.weighted_n < greatest(cfg_pipeline.minimum_n, 1) then 'too_few'
            else 'value'
        end as weighted_state,
        cast(total.weight_good as double) / nullif(cast(total.weight as double), 0)
            as share_good,
        cast(total.weight_bad as double) / nullif(cast(total.weight as double), 0)
            as share_bad,
        -- so many answers of equal weight tell as much (Kish), and the three of the
        -- adjusted Wald interval
        cast(total.weight as double) * cast(total.weight as double)
            / nullif(cast(total.weight_squares as double), 0) + 3 as size
    from cfg_pipeline
    cross join invitation
    cross join int_survey_total as total
),

weighted as (
    select
        *,
        (share_good - share_bad) * (size - 3) / size as centre,
        ((share_good + share_bad) * (size - 3) + 1.5) / size as spread
    from judged
)

select
    weighted.metric,
    weighted.kind,
    weighted.stage,
    weighted.role,
    weighted.dimension,
    weighted.dimension_value,
    case when is_invited_known then invited end as invited,
    case when is_invited_known then delivered end as delivered,
    case when is_invited_known then answered end as answered,
    cast(answered as double) / nullif(delivered, 0) as response_rate,
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
    is_too_few,
    recent_n,
    before_n,
    changed.recent_value,
    changed.before_value,
    changed.change,
    changed.change_low,
    changed.change_high,
    changed.change_low > 0 or changed.change_high < 0 as is_changed,
    weighted_state,
    weighted_n,
    weighted_deciders,
    case when weighted_state = 'value' then 100 * (share_good - share_bad) end
        as weighted_value,
    case
        when weighted_state = 'value' then greatest(
            100 * (centre - 1.959964 * sqrt((spread - centre * centre) / size)), -100.0
        )
    end as weighted_low,
    case
        when weighted_state = 'value' then least(
            100 * (centre + 1.959964 * sqrt((spread - centre * centre) / size)), 100.0
        )
    end as weighted_high
from weighted
left join int_survey_change as changed
    on weighted.metric = changed.metric
    and weighted.kind = changed.kind
    and weighted.stage = changed.stage
    and weighted.role = changed.role
    and weighted.dimension = changed.dimension
    and weighted.dimension_value = changed.dimension_value
