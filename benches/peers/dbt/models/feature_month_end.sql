select cutoff as month_end, * exclude (cutoff) from {{ ref("features") }}
where cutoff in ({{ month_ends() | join(", ") }})
