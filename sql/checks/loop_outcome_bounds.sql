-- Outcomes with more successes than accounts, more done than handed over, a difference
-- outside of its interval, or a figure where there are too few.
-- severity: error
-- checks: loop_outcome
select
    task_type,
    outcome
from loop_outcome
where better_task > n_task
    or better_held_out > n_held_out
    or n_done > n_task
    or better_done > n_done
    or coalesce(difference < difference_low or difference > difference_high, false)
    or (is_too_few and difference is not null)
    or (not is_too_few and difference is null)
