-- Figures of the backtest that cannot be: parts larger than their whole, an AUC outside
-- its interval, month-ends or tenths that do not sum to all rows.
-- severity: error
-- checks: health_backtest
with

part as (
    select
        score_name,
        sum(cases) filter (where cutoff <> 'all') as cutoff_cases,
        sum(losses) filter (where cutoff <> 'all') as cutoff_losses,
        sum(cases) filter (where cutoff = 'all') as all_cases,
        sum(losses) filter (where cutoff = 'all') as all_losses
    from health_backtest
    group by score_name
),

tenth as (
    select
        score_name,
        sum(cases) as decile_cases,
        sum(losses) as decile_losses
    from health_backtest_decile
    group by score_name
)

select
    score_name,
    cutoff,
    'a part is larger than its whole' as problem
from health_backtest
where losses > cases
    or alarms > cases
    or cleared > cases
    or alarmed_losses > losses
    or alarmed_losses > alarms
    or cleared_losses > cleared
    or unscored < 0
    or auc < auc_low
    or auc > auc_high
union all
select
    part.score_name,
    'all' as cutoff,
    'month-ends or tenths do not sum to all rows' as problem
from part
left join tenth on part.score_name = tenth.score_name
where part.cutoff_cases <> part.all_cases
    or part.cutoff_losses <> part.all_losses
    or coalesce(tenth.decile_cases, -1) <> part.all_cases
    or coalesce(tenth.decile_losses, -1) <> part.all_losses
