-- A person's role in a deal, as the deal names it. Of a repeated pair the newest entry is
-- kept, then the first role of the alphabet.
-- grain: opportunity_id, contact_id
-- columns:
--   opportunity_id | text | key | deal
--   contact_id | text | key | person
--   role | text | - | role in the deal, lower case; null where none is given
--   created_on | date | day | day the role was recorded
select
    opportunity_id,
    contact_id,
    nullif(lower(trim(role)), '') as role,
    created_on
from raw_opportunity_contact_role
qualify row_number() over (
    partition by opportunity_id, contact_id
    order by created_on desc nulls last, nullif(lower(trim(role)), '') nulls last
) = 1
