-- One thing on the price list. Of a repeated key the first name of the alphabet is kept.
-- grain: product_id
-- columns:
--   product_id | text | key | product
--   product_name | text | - | its name
--   category | text | - | its category
select
    trim(product_id) as product_id,
    nullif(trim(name), '') as product_name,
    nullif(trim(category), '') as category
from raw_product
where nullif(trim(product_id), '') is not null
qualify row_number() over (
    partition by trim(product_id)
    order by nullif(trim(name), '') nulls last, nullif(trim(category), '') nulls last
) = 1
