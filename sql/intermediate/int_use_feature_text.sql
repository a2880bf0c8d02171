-- What a feature of people and use means, for feature_definition.
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
        1, 'days_since_active', 'days', 'dated', 'event',
        'days since the last event; of an account never active, days as a customer',
        'no events are declared, or their feed is empty'
    ), (
        2, 'active_days_28d', 'days', 'dated', 'event',
        'days with events, of the last 28',
        'no events are declared, or their feed is empty'
    ), (
        3, 'usage_change_28d', 'ratio', 'dated', 'event',
        'events in the last 28 days divided by those of the 28 before',
        'fewer events before than minimum_n: a ratio of a handful says nothing'
    ), (
        4, 'events_per_workday', 'events/day', 'dated', 'event',
        'events on a working day, over the last four weeks',
        'no events are declared, or no week with working days is known'
    ), (
        5, 'usage_trend', 'spreads', 'dated', 'event',
        'use now less what is usual for the account, in robust standard deviations '
        || 'of its weeks',
        'fewer than eight weeks to compare with'
    ), (
        6, 'usage_of_usual', 'ratio', 'dated', 'event',
        'use now divided by what is usual for the account',
        'nothing is usual: fewer than eight weeks, or a median of 0'
    ), (
        7, 'quiet_weeks', 'weeks', 'dated', 'event',
        'weeks without an event on a working day, of the last 13',
        'the account never had an event'
    ), (
        8, 'features_28d', 'features', 'dated', 'event',
        'different features used in the last 28 days',
        'no event names a feature'
    ), (
        9, 'contacts_28d', 'people', 'dated', 'event',
        'known persons active in the last 28 days',
        'no event names a person'
    ), (
        10, 'seat_use_28d', 'ratio', 'row', 'event, subscription',
        'known persons active in the last 28 days, divided by seats bought',
        'no event names a person, or no seats are known'
    ), (
        11, 'active_deciders_90d', 'people', 'dated', 'event, opportunity_contact_role',
        'deciders of the account''s deals active in the last 90 days',
        'no events are declared, or no deal of the account has dated roles'
    ), (
        12, 'active_champions_90d', 'people', 'dated', 'event, opportunity_contact_role',
        'champions of the account''s deals active in the last 90 days',
        'no events are declared, or no deal of the account has dated roles'
    ), (
        13, 'active_roles_90d', 'roles', 'dated', 'event, opportunity_contact_role',
        'different roles in the account''s deals active in the last 90 days',
        'no events are declared, or no deal of the account has dated roles'
    ), (
        14, 'champions_left', 'people', 'dated', 'contact, opportunity_contact_role',
        'champions and deciders of the account''s deals who left lately '
        || '(relationship.champion_left_days)',
        'no deal of the account has dated roles'
    ), (
        15, 'engagement_points', 'points', 'dated', 'event',
        'what the activities of the last weeks count (buying_group.engagement)',
        'no events are declared, or their feed is empty'
    )
) as listed (
    feature_number, feature, unit, history, source, meaning, missing_means
)
