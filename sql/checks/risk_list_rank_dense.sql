-- Rows of the risk list whose rank leaves a gap or is taken twice.
-- severity: error
-- checks: risk_list
with

numbered as (
    select
        account_id,
        rank,
        row_number() over (order by rank, account_id) as expected_rank
    from risk_list
)

select
    account_id,
    rank,
    expected_rank
from numbered
where coalesce(rank <> expected_rank, true)
