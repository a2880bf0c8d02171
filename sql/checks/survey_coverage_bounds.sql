-- Cells of the coverage that cannot be: more answers than requests, or a state that its
-- own numbers deny.
-- severity: error
-- checks: survey_coverage
select
    kind,
    stage,
    role,
    is_wanted,
    invited,
    delivered,
    answered,
    state
from survey_coverage
where answered > delivered
    or delivered > invited
    or people_answered > people_asked
    or accounts_answered > accounts_asked
    or people_asked > delivered
    or response_rate not between 0 and 1
    or (state = 'not_asked') <> (delivered = 0)
    or (state = 'unplanned' and is_wanted)
    or (state in ('heard', 'silent') and not is_wanted)
    or (state = 'heard' and answered = 0)
    or (state = 'silent' and answered > 0)
    or state not in ('heard', 'silent', 'not_asked', 'unplanned')
