-- Of all that had left by a cutoff, how many had given notice so many days, or more,
-- before their end. Who is near the renewal and has given no notice is likelier to stay
-- than the curve says of everybody.
-- grain: cutoff_on, term_months, lead_days
-- columns:
--   cutoff_on | date | day | the day at whose end it is known
--   term_months | integer | months | months between two renewals
--   lead_days | integer | days | 0, 30, 60, ... 360
--   lost | integer | runs | runs that had ended
--   noticed | integer | runs | of these, with notice so long before the end
with

lead as (
    select unnest(range(0, 361, 30)) as lead_days
)

select
    int_renewal_experience.cutoff_on,
    int_renewal_experience.term_months,
    lead.lead_days,
    count(*) as lost,
    count(*) filter (where int_renewal_experience.notice_days >= lead.lead_days)
        as noticed
from lead
cross join int_renewal_experience
where int_renewal_experience.is_lost
group by
    int_renewal_experience.cutoff_on,
    int_renewal_experience.term_months,
    lead.lead_days
