-- Buying groups that contradict themselves: completeness outside 0 to 1, more filled than
-- required roles, a role that is filled by nobody, influence outside 0 to 1.
-- severity: error
-- checks: buying_group
select
    unit,
    unit_id,
    role,
    status,
    contacts,
    active_contacts,
    influence,
    engagement,
    required_roles,
    filled_roles,
    completeness
from buying_group
where completeness not between 0 and 1
    or (completeness is null) <> (required_roles = 0)
    or filled_roles > required_roles
    or active_contacts > contacts
    or is_filled <> (active_contacts > 0)
    or is_filled <> (status = 'filled')
    or coalesce(cardinality(filled_by), 0) <> active_contacts
    or influence not between 0 and 1
    or engagement < 0
