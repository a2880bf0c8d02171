-- What a feature of service, voice and payment means, for feature_definition.
-- grain: feature
-- materialise: view
select
    feature_number,
    feature,
    unit,
    history,
    source,
    meaning,
    missing_means
from (values
    (
        16, 'key_contact_left_90d', 'people', 'today', 'contact',
        'deciders and champions, by the role of the contact, who left in the last '
        || '90 days',
        'no contacts are declared'
    ), (
        17, 'tickets_90d', 'tickets', 'dated', 'ticket',
        'tickets opened in the last 90 days',
        'no tickets are declared'
    ), (
        18, 'open_tickets', 'tickets', 'dated', 'ticket',
        'tickets open at the end of the day',
        'no tickets are declared'
    ), (
        19, 'bad_tickets_90d', 'tickets', 'dated', 'ticket',
        'bad tickets of the last 90 days, or still open',
        'no tickets are declared'
    ), (
        20, 'resolution_hours_90d', 'hours', 'dated', 'ticket',
        'mean time from opening to resolution, of tickets resolved in the last 90 days',
        'no ticket was resolved'
    ), (
        21, 'csat_mean_180d', '1-5', 'dated', 'ticket, survey_response',
        'mean satisfaction answer of the last 180 days',
        'nobody answered'
    ), (
        22, 'csat_answers_180d', 'answers', 'dated', 'ticket, survey_response',
        'satisfaction answers of the last 180 days: their absence is a sign of its own',
        'neither tickets nor answers are declared'
    ), (
        23, 'nps_score_mean', '0-10', 'dated', 'survey_response',
        'mean of each person''s newest answer to the recommendation question, '
        || 'within 365 days',
        'nobody answered'
    ), (
        24, 'nps_respondents_365d', 'people', 'dated', 'survey_response',
        'people who answered it: their absence is a sign of its own',
        'no answers are declared'
    ), (
        25, 'nps_detractors_365d', 'people', 'dated', 'survey_response',
        'people whose newest answer is a detractor''s',
        'no answers are declared'
    ), (
        26, 'silent_share', '0-1', 'dated', 'survey_invitation, survey_response',
        'share of the people asked in half a year who were heard of in no survey since',
        'fewer than three people were asked, or no invitations or answers are declared'
    ), (
        27, 'overdue_days', 'days', 'dated', 'invoice',
        'age of the oldest open debt; 0 where nothing is overdue',
        'no invoices are declared'
    ), (
        28, 'late_payment_share_365d', 'ratio', 'dated', 'invoice',
        'bills paid more than two weeks late, or open so long, of those due in 365 days',
        'no bill was due'
    ), (
        29, 'mrr_change_90d', 'ratio', 'row', 'subscription',
        'recurring revenue divided by that of 90 days before',
        'no recurring revenue then'
    )
) as listed (
    feature_number, feature, unit, history, source, meaning, missing_means
)
