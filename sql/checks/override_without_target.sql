-- Corrections that change nothing, because their table or column is none that can be
-- corrected, or because there is no such row.
-- severity: warn
-- checks: stg_override
select
    stg_override.table_name,
    stg_override.column_name,
    case stg_override.table_name when 'email' then null else stg_override.row_key end
        as row_key,
    stg_override.author
from stg_override
left join stg_contact
    on stg_override.table_name = 'contact'
    and stg_override.row_key = stg_contact.contact_id
left join stg_ticket
    on stg_override.table_name = 'ticket'
    and stg_override.row_key = stg_ticket.ticket_id
left join stg_survey_response
    on stg_override.table_name = 'survey_response'
    and stg_override.row_key = stg_survey_response.response_id
where not coalesce(
    case
        when stg_override.table_name = 'email'
            then stg_override.column_name in ('account_id', 'contact_id')
        -- health_override_without_effect looks after these
        when stg_override.table_name = 'account_health' then true
        when stg_override.table_name = 'domain'
            then stg_override.column_name = 'account_id'
        when stg_override.column_name <> 'account_id' then false
        else stg_contact.contact_id is not null
            or stg_ticket.ticket_id is not null
            or stg_survey_response.response_id is not null
    end, false)
