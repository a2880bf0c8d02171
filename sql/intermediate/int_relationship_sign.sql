-- One sign that a relationship hangs on too few people, with its evidence in words.
-- grain: account_id, sign
-- columns:
--   account_id | text | key | account
--   sign | text | - | name of the sign
--   sign_rank | integer | - | 1 = said first
--   reason | text | - | why, in words
--   reason_en | text | - | the same in English
--   reason_ja | text | - | the same in Japanese
with

evidence as (
    select
        int_relationship.account_id,
        cfg_relationship_sign.sign,
        cfg_relationship_sign.sign_rank,
        cfg_relationship_sign.reason,
        cfg_relationship_sign.reason_en,
        cfg_relationship_sign.reason_ja,
        cfg_relationship_sign.words,
        cfg_relationship_sign.words_en,
        cfg_relationship_sign.words_ja,
        case cfg_relationship_sign.sign
            when 'champion_left' then int_relationship.champions_left > 0
            when 'owner_changed' then
                $as_of - int_relationship.owner_changed_on
                    < cfg_relationship.owner_changed_days
            when 'their_concentration' then
                int_relationship.their_touches >= cfg_relationship.minimum_touches
                and cast(int_relationship.their_top_touches as double)
                    >= cfg_relationship.share_from * int_relationship.their_touches
            when 'our_concentration' then
                int_relationship.our_touches >= cfg_relationship.minimum_touches
                and cast(int_relationship.our_top_touches as double)
                    >= cfg_relationship.share_from * int_relationship.our_touches
            -- silence is a sign only where it was listened for
            when 'no_contact' then event_source.is_declared
                and contact_source.is_declared
                and int_relationship.their_touches = 0
        end as is_seen,
        case cfg_relationship_sign.sign
            when 'champion_left' then int_relationship.champion_contact_id
            when 'owner_changed' then int_relationship.previous_owner_id
            when 'their_concentration' then int_relationship.their_contact_id
            when 'our_concentration' then int_relationship.our_person_id
        end as who,
        int_relationship.champion_role as role,
        case cfg_relationship_sign.sign
            when 'champion_left' then $as_of - int_relationship.champion_left_on
            when 'owner_changed' then $as_of - int_relationship.owner_changed_on
            else cfg_relationship.window_days
        end as days,
        case cfg_relationship_sign.sign
            when 'our_concentration' then int_relationship.our_touches
            else int_relationship.their_touches
        end as n,
        case cfg_relationship_sign.sign
            when 'our_concentration' then
                cast(int_relationship.our_top_touches as double)
                / nullif(int_relationship.our_touches, 0)
            else
                cast(int_relationship.their_top_touches as double)
                / nullif(int_relationship.their_touches, 0)
        end as share
    from cfg_relationship
    inner join cfg_source as event_source on event_source.source_table = 'event'
    inner join cfg_source as contact_source on contact_source.source_table = 'contact'
    cross join cfg_relationship_sign
    cross join int_relationship
),

said as (
    select
        *,
        make_array(
            'role', role, 'who', who, 'days', cast(days as text), 'n', cast(n as text),
            'percent', cast(cast(round(100 * share) as bigint) as text)
        ) as spoken
    from evidence
    where is_seen
)

select
    account_id,
    sign,
    sign_rank,
    phrased(reason, spoken, words) as reason,
    phrased(reason_en, spoken, words_en) as reason_en,
    phrased(reason_ja, spoken, words_ja) as reason_ja
from said
