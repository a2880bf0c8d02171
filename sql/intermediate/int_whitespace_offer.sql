-- One product that many peers of an account have and the account does not. Peers are the
-- other paying accounts of its segment; where there are too few, nothing is offered.
-- grain: account_id, product_id
-- columns:
--   account_id | text | key | account without the product
--   product_id | text | key | product to offer
--   amount | decimal(38,4) | currency/year | revenue if bought; null where unknown
--   peers | integer | accounts | the other paying accounts of the segment
--   peers_with | integer | accounts | of these, with the product
with

-- the seats of an account are those of its largest product: the same people use several
account_seats as (
    select
        account_id,
        max(seats) as seats
    from int_product_held
    group by account_id
),

segment_size as (
    select
        segment,
        count(*) as accounts
    from int_list_account
    where is_paying
    group by segment
),

held as (
    select
        int_list_account.segment,
        int_product_held.product_id,
        int_product_held.account_id,
        int_product_held.currency,
        int_product_held.seats,
        int_product_held.mrr
    from int_product_held
    inner join int_list_account
        on int_product_held.account_id = int_list_account.account_id
    where int_list_account.is_paying
),

held_in_segment as (
    select
        segment,
        product_id,
        count(distinct account_id) as accounts
    from held
    group by segment, product_id
),

seat_price as (
    select
        segment,
        product_id,
        currency,
        sum(cast(mrr as decimal(38,4))) as mrr,
        sum(seats) as seats
    from held
    where seats > 0
    group by segment, product_id, currency
)

select
    int_expansion_account.account_id,
    held_in_segment.product_id,
    -- what peers pay for a seat, for as many seats as the account has
    cast(round(
        cast(seat_price.mrr as decimal(26,4))
        * cast(12 * account_seats.seats as decimal(11,0))
        / cast(seat_price.seats as decimal(11,0))
    ) as decimal(38,4)) as amount,
    segment_size.accounts - 1 as peers,
    held_in_segment.accounts as peers_with
from cfg_pipeline
cross join cfg_list_rule
cross join int_expansion_account
inner join segment_size on int_expansion_account.segment = segment_size.segment
inner join held_in_segment on int_expansion_account.segment = held_in_segment.segment
left anti join held
    on int_expansion_account.account_id = held.account_id
    and held_in_segment.product_id = held.product_id
left join account_seats on int_expansion_account.account_id = account_seats.account_id
left join seat_price
    on int_expansion_account.segment = seat_price.segment
    and held_in_segment.product_id = seat_price.product_id
    and int_expansion_account.currency = seat_price.currency
where segment_size.accounts - 1 >= greatest(cfg_pipeline.minimum_n, 1)
    and cast(held_in_segment.accounts as decimal(20,4))
        >= cast(segment_size.accounts - 1 as decimal(20,0))
            * cfg_list_rule.peer_share_from
