-- One feature of paying accounts: what it means, where it comes from, what it means when
-- it is missing, and whether a model may learn from it. A value is dated when the
-- extracts say from which day on it was known; it is a row's when it stands in a row that
-- is kept as it was (a paid period of subscription is a row); otherwise only today's
-- state exists, which would tell the past what came later: the scorecard uses it on its
-- own day, and no model learns from it.
-- grain: feature
-- columns:
--   feature | text | key | name, a column of int_account_feature
--   feature_number | integer | - | its place in that table
--   unit | text | - | unit of the value
--   meaning | text | - | what it says of an account on a day
--   source | text | - | the extracts it is made of
--   missing_means | text | - | why it may be missing; - where it never is
--   history | text | - | dated, row or today
--   is_for_training | boolean | - | false where only today's state exists
--   is_in_scorecard | boolean | - | the pipeline's scorecard has a factor for it
--   accounts | integer | accounts | paying accounts on the day
--   known_accounts | integer | accounts | of these, those whose value is known
with

listed as (
    select *
    from (values
        (
            1, 'days_since_active', 'days',
            'days since the last event; of an account never active, days as a '
            || 'customer',
            'event',
            'no events are declared, or their feed is empty',
            'dated'
        ),
        (
            2, 'active_days_28d', 'days',
            'days with events, of the last 28',
            'event',
            'no events are declared, or their feed is empty',
            'dated'
        ),
        (
            3, 'usage_change_28d', 'ratio',
            'events in the last 28 days divided by those of the 28 before',
            'event',
            'fewer events before than minimum_n: a ratio of a handful says nothing',
            'dated'
        ),
        (
            4, 'events_per_workday', 'events/day',
            'events on a working day, over the last four weeks',
            'event',
            'no events are declared, or no week with working days is known',
            'dated'
        ),
        (
            5, 'usage_trend', 'spreads',
            'use now less what is usual for the account, in robust standard '
            || 'deviations of its weeks',
            'event',
            'fewer than eight weeks to compare with',
            'dated'
        ),
        (
            6, 'usage_of_usual', 'ratio',
            'use now divided by what is usual for the account',
            'event',
            'nothing is usual: fewer than eight weeks, or a median of 0',
            'dated'
        ),
        (
            7, 'quiet_weeks', 'weeks',
            'weeks without an event on a working day, of the last 13',
            'event',
            'the account never had an event',
            'dated'
        ),
        (
            8, 'features_28d', 'features',
            'different features used in the last 28 days',
            'event',
            'no event names a feature',
            'dated'
        ),
        (
            9, 'contacts_28d', 'people',
            'known persons active in the last 28 days',
            'event',
            'no event names a person',
            'dated'
        ),
        (
            10, 'seat_use_28d', 'ratio',
            'known persons active in the last 28 days, divided by seats bought',
            'event, subscription',
            'no event names a person, or no seats are known',
            'row'
        ),
        (
            11, 'active_deciders_90d', 'people',
            'deciders of the account''s deals active in the last 90 days',
            'event, opportunity_contact_role',
            'no events are declared, or no deal of the account has dated roles',
            'dated'
        ),
        (
            12, 'active_champions_90d', 'people',
            'champions of the account''s deals active in the last 90 days',
            'event, opportunity_contact_role',
            'no events are declared, or no deal of the account has dated roles',
            'dated'
        ),
        (
            13, 'active_roles_90d', 'roles',
            'different roles in the account''s deals active in the last 90 days',
            'event, opportunity_contact_role',
            'no events are declared, or no deal of the account has dated roles',
            'dated'
        ),
        (
            14, 'champions_left', 'people',
            'champions and deciders of the account''s deals who left lately '
            || '(relationship.champion_left_days)',
            'contact, opportunity_contact_role',
            'no deal of the account has dated roles',
            'dated'
        ),
        (
            15, 'key_contact_left_90d', 'people',
            'deciders and champions, by the role of the contact, who left in the '
            || 'last 90 days',
            'contact',
            'no contacts are declared',
            'today'
        ),
        (
            16, 'engagement_points', 'points',
            'what the activities of the last weeks count (buying_group.engagement)',
            'event',
            'no events are declared, or their feed is empty',
            'dated'
        ),
        (
            17, 'tickets_90d', 'tickets',
            'tickets opened in the last 90 days',
            'ticket',
            'no tickets are declared',
            'dated'
        ),
        (
            18, 'open_tickets', 'tickets',
            'tickets open at the end of the day',
            'ticket',
            'no tickets are declared',
            'dated'
        ),
        (
            19, 'bad_tickets_90d', 'tickets',
            'bad tickets of the last 90 days, or still open',
            'ticket',
            'no tickets are declared',
            'dated'
        ),
        (
            20, 'resolution_hours_90d', 'hours',
            'mean time from opening to resolution, of tickets resolved in the '
            || 'last 90 days',
            'ticket',
            'no ticket was resolved',
            'dated'
        ),
        (
            21, 'csat_mean_180d', '1-5',
            'mean satisfaction answer of the last 180 days',
            'ticket, survey_response',
            'nobody answered',
            'dated'
        ),
        (
            22, 'csat_answers_180d', 'answers',
            'satisfaction answers of the last 180 days: their absence is a sign '
            || 'of its own',
            'ticket, survey_response',
            'neither tickets nor answers are declared',
            'dated'
        ),
        (
            23, 'nps_score_mean', '0-10',
            'mean of each person''s newest answer to the recommendation question, '
            || 'within 365 days',
            'survey_response',
            'nobody answered',
            'dated'
        ),
        (
            24, 'nps_respondents_365d', 'people',
            'people who answered it: their absence is a sign of its own',
            'survey_response',
            'no answers are declared',
            'dated'
        ),
        (
            25, 'nps_detractors_365d', 'people',
            'people whose newest answer is a detractor''s',
            'survey_response',
            'no answers are declared',
            'dated'
        ),
        (
            26, 'silent_contacts', 'people',
            'people who were asked and did not answer',
            'survey_invitation, survey_response',
            'no invitations or no answers are declared',
            'dated'
        ),
        (
            27, 'overdue_days', 'days',
            'age of the oldest open debt; 0 where nothing is overdue',
            'invoice',
            'no invoices are declared',
            'dated'
        ),
        (
            28, 'late_payment_share_365d', 'ratio',
            'bills paid more than two weeks late, or open so long, of those due '
            || 'in 365 days',
            'invoice',
            'no bill was due',
            'dated'
        ),
        (
            29, 'mrr_change_90d', 'ratio',
            'recurring revenue divided by that of 90 days before',
            'subscription',
            'no recurring revenue then',
            'row'
        ),
        (
            30, 'seats', 'seats',
            'seats bought',
            'subscription',
            'no contract says how many',
            'row'
        ),
        (
            31, 'days_to_renewal', 'days',
            'days to the next renewal',
            'subscription',
            'no renewal is known',
            'row'
        ),
        (
            32, 'term_days', 'days',
            'days from the start of a paid period to its renewal: about 30 or 365',
            'subscription',
            'no renewal is known',
            'row'
        ),
        (
            33, 'tenure_days', 'days',
            'days since the first paid contract began',
            'subscription',
            '-',
            'row'
        ),
        (
            34, 'notice_given', '0 or 1',
            'notice was given for a paid contract',
            'subscription',
            '-',
            'dated'
        ),
        (
            35, 'notice_share', 'ratio',
            'part of the recurring revenue with notice given',
            'subscription',
            '-',
            'dated'
        ),
        (
            36, 'auto_renew_off', '0 or 1',
            'a paid contract does not renew by itself',
            'subscription',
            'no contract says',
            'today'
        ),
        (
            37, 'owner_changes_365d', 'changes',
            'changes of the owner on our side in 365 days',
            'owner_history',
            'no owner is known by day',
            'dated'
        ),
        (
            38, 'owner_days', 'days',
            'days with the present owner',
            'owner_history',
            'no owner is known by day',
            'dated'
        ),
        (
            39, 'journey_stage', '-',
            'place of the stage in the journey `relationship`, 0 outside every stage',
            'stages',
            'the pipeline has no such journey',
            'dated'
        ),
        (
            40, 'days_in_stage', 'days',
            'days in that stage',
            'stages',
            'the pipeline has no such journey',
            'dated'
        )
    ) as listed (
        feature_number, feature, unit, meaning, source, missing_means, history
    )
),

payer as (
    select count(*) as accounts
    from int_account_feature
),

known as (
    select
        feature,
        count(*) as accounts
    from int_risk_feature
    group by feature
),

in_scorecard as (
    select distinct feature
    from cfg_risk_factor
)

select
    listed.feature,
    listed.feature_number,
    listed.unit,
    listed.meaning,
    listed.source,
    listed.missing_means,
    listed.history,
    listed.history <> 'today' as is_for_training,
    in_scorecard.feature is not null as is_in_scorecard,
    payer.accounts,
    coalesce(known.accounts, 0) as known_accounts
from payer
cross join listed
left join known on listed.feature = known.feature
left join in_scorecard on listed.feature = in_scorecard.feature
