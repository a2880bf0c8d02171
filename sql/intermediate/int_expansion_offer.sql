-- One thing more that an account could use, of either reason, and why in words.
-- grain: account_id, reason, product_id
-- columns:
--   account_id | text | key | account
--   reason | text | - | whitespace or seats
--   product_id | text | key | product to offer, or with too few seats
--   product_name | text | - | its name on the price list
--   amount | decimal(38,4) | currency/year | revenue if it is bought; null where unknown
--   peers | integer | accounts | peers; null for seats
--   peers_with | integer | accounts | of these, with the product; null for seats
--   users | integer | people | known people active in 28 days; null for whitespace
--   seats | integer | seats | seats bought of the product; null for whitespace
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
with

offer as (
    select
        account_id,
        'whitespace' as reason,
        product_id,
        amount,
        peers,
        peers_with,
        cast(null as bigint) as users,
        cast(null as bigint) as seats
    from int_whitespace_offer
    union all
    select
        account_id,
        'seats' as reason,
        product_id,
        amount,
        cast(null as bigint) as peers,
        cast(null as bigint) as peers_with,
        users,
        seats
    from int_seat_offer
),

named as (
    select
        offer.*,
        coalesce(stg_product.product_name, offer.product_id) as product_name
    from offer
    left join stg_product on offer.product_id = stg_product.product_id
),

said as (
    select
        *,
        make_array(
            'product', product_name, 'n', cast(peers as text),
            'percent', cast(cast(round(
                100 * cast(peers_with as double) / peers
            ) as bigint) as text),
            'users', cast(users as text), 'seats', cast(seats as text)
        ) as evidence
    from named
)

select
    said.account_id,
    said.reason,
    said.product_id,
    said.product_name,
    said.amount,
    said.peers,
    said.peers_with,
    said.users,
    said.seats,
    phrased(cfg_list_reason.why, said.evidence, cfg_list_reason.words) as why,
    phrased(cfg_list_reason.why_en, said.evidence, cfg_list_reason.words_en) as why_en,
    phrased(cfg_list_reason.why_ja, said.evidence, cfg_list_reason.words_ja) as why_ja,
    phrased(cfg_list_reason.next_step, said.evidence, cfg_list_reason.words) as next_step,
    phrased(cfg_list_reason.next_step_en, said.evidence, cfg_list_reason.words_en)
        as next_step_en,
    phrased(cfg_list_reason.next_step_ja, said.evidence, cfg_list_reason.words_ja)
        as next_step_ja
from said
inner join cfg_list_reason
    on cfg_list_reason.list = 'expansion' and said.reason = cfg_list_reason.reason
