-- What a feature of contracts and stages means, for feature_definition.
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
        30, 'seats', 'seats', 'row', 'subscription',
        'seats bought',
        'no contract says how many'
    ), (
        31, 'days_to_renewal', 'days', 'row', 'subscription',
        'days to the next renewal',
        'no renewal is known'
    ), (
        32, 'term_days', 'days', 'row', 'subscription',
        'days from the start of a paid period to its renewal: about 30 or 365',
        'no renewal is known'
    ), (
        33, 'tenure_days', 'days', 'row', 'subscription',
        'days since the first paid contract began',
        '-'
    ), (
        34, 'notice_given', '0 or 1', 'dated', 'subscription',
        'notice was given for a paid contract',
        '-'
    ), (
        35, 'notice_share', 'ratio', 'dated', 'subscription',
        'part of the recurring revenue with notice given',
        '-'
    ), (
        36, 'auto_renew_off', '0 or 1', 'today', 'subscription',
        'a paid contract does not renew by itself',
        'no contract says'
    ), (
        37, 'owner_changes_365d', 'changes', 'dated', 'owner_history',
        'changes of the owner on our side in 365 days',
        'no owner is known by day'
    ), (
        38, 'owner_days', 'days', 'dated', 'owner_history',
        'days with the present owner',
        'no owner is known by day'
    ), (
        39, 'journey_stage', '-', 'dated', 'stages',
        'place of the stage in the journey `relationship`, 0 outside every stage',
        'the pipeline has no such journey'
    ), (
        40, 'days_in_stage', 'days', 'dated', 'stages',
        'days in that stage',
        'the pipeline has no such journey'
    )
) as listed (
    feature_number, feature, unit, history, source, meaning, missing_means
)
