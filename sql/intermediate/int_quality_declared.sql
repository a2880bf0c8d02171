-- Every table of the contract that the pipeline declares no extract for, with what stays
-- empty because of it: an empty table must not read as "nothing happened".
-- grain: source_table, check_name
select
    source_table,
    'declared' as check_name,
    'info' as severity,
    cast(0 as bigint) as rows_checked,
    cast(0 as bigint) as rows_failed,
    concat('not declared: ', case source_table
        when 'account' then 'every table by account is empty'
        when 'subscription' then
            'revenue_movement, retention, account_health, health_measure, churn_risk '
            || 'and risk_list are empty; cohorts and stages see no contracts'
        when 'event' then
            'usage and breadth are missing from account_health; funnels and stages see '
            || 'no events; lifecycle, lifecycle_month and touchpoint_attribution '
            || 'are empty'
        when 'ticket' then
            'support_metric is empty; support is missing from account_health'
        when 'survey_response' then
            'survey_metric is empty; voice is missing from account_health'
        when 'survey_invitation' then
            'survey_metric has no invited; silence after a survey is not seen'
        when 'opportunity' then
            'the renewals_due columns of retention are null; funnels see no deals; '
            || 'touchpoint_attribution is empty'
        when 'opportunity_stage_history' then 'funnels see no stages of deals'
        when 'opportunity_contact_role' then
            'funnels of deals see nothing that people do'
        when 'owner_history' then 'funnels are broken down by today''s owner'
        when 'contact' then
            'people and buying roles are unknown; events count only by their account; '
            || 'buying_group and contact_profile are empty'
        when 'fx_rate' then
            'risk_list ranks amounts in other currencies than the pipeline''s last'
        when 'opportunity_contact_role' then
            'buying_group knows only the roles that contacts have everywhere'
        when 'owner_history' then 'relationship_risk sees no change of owner'
        when 'invoice' then 'overdue bills are not seen by churn_risk'
        else 'no published table depends on it'
    end) as message
from cfg_source
where not is_declared
