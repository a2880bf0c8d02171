-- An account is new once; coming back is reactivation.
-- severity: error
-- checks: revenue_movement
select
    account_id,
    count(distinct month) as months_new
from revenue_movement
where movement = 'new'
group by account_id
having count(distinct month) > 1
