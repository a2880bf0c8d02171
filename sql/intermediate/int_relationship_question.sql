-- One person who is due to be asked about the relationship: at an account that pays since
-- long enough, and not asked about it for long enough.
-- grain: contact_id
-- columns:
--   contact_id | text | key | the person
select int_askable_contact.contact_id
from cfg_list_rule
cross join int_askable_contact
inner join int_account_commercial
    on int_askable_contact.account_id = int_account_commercial.account_id
    and int_account_commercial.as_of = $as_of
    and int_account_commercial.mrr > 0
where $as_of - int_account_commercial.first_paid_on
        >= cfg_list_rule.relationship_from_day
    and coalesce(
        $as_of - int_askable_contact.relationship_on
            >= cfg_list_rule.relationship_every_days,
        true
    )
