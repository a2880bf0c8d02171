-- What the relationship with one account hangs on, and what has just broken: customers,
-- and accounts with an open deal. Concentration is the share of touches that goes through
-- the busiest person of theirs, and of ours where the events say who of ours took part;
-- below the pipeline's number of touches there is no share.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the company's own segment
--   signs | integer | signs | signs of risk seen
--   sign_names | list<text> | - | which, most urgent first
--   reasons | list<text> | - | their evidence, in words
--   reasons_en | list<text> | - | the same in English
--   reasons_ja | list<text> | - | the same in Japanese
--   their_share | float | 0-1 | share of touches through their_contact_id
--   their_share_low | float | 0-1 | low end of its 95 % interval
--   their_share_high | float | 0-1 | high end of its 95 % interval
--   their_touches | integer | touches | n: touches of known people of theirs
--   their_people | integer | people | people of theirs with a touch
--   their_contact_id | text | key | busiest of theirs
--   our_share | float | 0-1 | share of assisted touches through our_person_id
--   our_share_low | float | 0-1 | low end of its 95 % interval
--   our_share_high | float | 0-1 | high end of its 95 % interval
--   our_touches | integer | touches | n: assisted touches that name somebody of ours
--   our_people | integer | people | people of ours with a touch
--   our_person_id | text | key | busiest of ours
--   owner_changed_on | date | day | newest change of owner, null where none is known
--   previous_owner_id | text | key | the owner before it
--   champions_left | integer | people | champions who left within the days that count
--   champion_left_on | date | day | the newest of these days
--   champion_contact_id | text | key | who left then
with

told as (
    select
        account_id,
        count(*) as signs,
        array_agg(sign order by sign_rank) as sign_names,
        array_agg(reason order by sign_rank) as reasons,
        array_agg(reason_en order by sign_rank) as reasons_en,
        array_agg(reason_ja order by sign_rank) as reasons_ja
    from int_relationship_sign
    group by account_id
),

measured as (
    select
        int_relationship.*,
        int_relationship.their_touches >= cfg_relationship.minimum_touches
            as is_their_share_known,
        int_relationship.our_touches >= cfg_relationship.minimum_touches
            as is_our_share_known
    from cfg_relationship
    cross join int_relationship
)

select
    measured.account_id,
    stg_account.account_name,
    stg_account.owner_id,
    stg_account.segment,
    coalesce(told.signs, 0) as signs,
    coalesce(told.sign_names, arrow_cast(make_array(), 'List(Utf8)')) as sign_names,
    coalesce(told.reasons, arrow_cast(make_array(), 'List(Utf8)')) as reasons,
    coalesce(told.reasons_en, arrow_cast(make_array(), 'List(Utf8)')) as reasons_en,
    coalesce(told.reasons_ja, arrow_cast(make_array(), 'List(Utf8)')) as reasons_ja,
    case when is_their_share_known
        then cast(their_top_touches as double) / their_touches end as their_share,
    case when is_their_share_known
        then wilson_low(their_top_touches, their_touches) end as their_share_low,
    case when is_their_share_known
        then wilson_high(their_top_touches, their_touches) end as their_share_high,
    measured.their_touches,
    measured.their_people,
    measured.their_contact_id,
    case when is_our_share_known
        then cast(our_top_touches as double) / our_touches end as our_share,
    case when is_our_share_known
        then wilson_low(our_top_touches, our_touches) end as our_share_low,
    case when is_our_share_known
        then wilson_high(our_top_touches, our_touches) end as our_share_high,
    measured.our_touches,
    measured.our_people,
    measured.our_person_id,
    measured.owner_changed_on,
    measured.previous_owner_id,
    measured.champions_left,
    measured.champion_left_on,
    measured.champion_contact_id
from measured
left join told on measured.account_id = told.account_id
left join stg_account on measured.account_id = stg_account.account_id
