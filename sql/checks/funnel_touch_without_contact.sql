-- Touches that a funnel of persons cannot count because nobody knows whose they are, one
-- row per funnel and touchpoint with their number and share.
-- severity: warn
-- checks: funnel_account
with

touch as (
    select
        touchpoint,
        count(*) as touches,
        count(*) filter (where contact_id is null) as touches_without_contact
    from int_touchpoint
    group by touchpoint
),

funnel_touchpoint as (
    select distinct
        cfg_funnel_match.funnel,
        cfg_funnel_match.touchpoint
    from cfg_funnel_match
    inner join int_measured_funnel on cfg_funnel_match.funnel = int_measured_funnel.funnel
    where int_measured_funnel.unit = 'contact'
)

select
    funnel_touchpoint.funnel,
    funnel_touchpoint.touchpoint,
    touch.touches,
    touch.touches_without_contact,
    cast(touch.touches_without_contact as double) / touch.touches as share
from funnel_touchpoint
inner join touch on funnel_touchpoint.touchpoint = touch.touchpoint
where touch.touches_without_contact > 0
