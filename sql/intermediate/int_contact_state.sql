-- The role in the purchase that a person had over one span of days; the spans of a person
-- cover all days. Before the first dated extract the first role is all there is, and
-- where no dated extracts are kept that is today's: on such days valid_from says that
-- nobody knows whether it held.
-- grain: contact_id, applies_from
-- columns:
--   contact_id | text | key | person
--   buying_role | text | - | role in the purchase; unknown where none is
--   valid_from | date | day | first day on which it is known to have held; null for none
--   applies_from | date | day | first day on which it is taken for granted
--   applies_to | date | day | first day on which it no longer is; null for today's
with

state as (
    select
        stg_contact.contact_id,
        stg_contact_history.buying_role,
        stg_contact_history.valid_from,
        stg_contact_history.applies_from,
        stg_contact_history.valid_to
    from stg_contact_history
    inner join stg_contact on stg_contact_history.contact_id = stg_contact.contact_id
    union all
    -- a pipeline may bring the newest rows by a model of its own, and no history
    select
        stg_contact.contact_id,
        stg_contact.buying_role,
        cast(null as date) as valid_from,
        date '1900-01-01' as applies_from,
        cast(null as date) as valid_to
    from stg_contact
    left anti join stg_contact_history
        on stg_contact.contact_id = stg_contact_history.contact_id
)

select
    contact_id,
    buying_role,
    valid_from,
    applies_from,
    valid_to as applies_to
from state
