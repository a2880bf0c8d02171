{% set last = modules.datetime.date.fromisoformat(var("as_of")) %}
{% set ends = [] %}
{% for back in range(400) %}
    {% set day = last - modules.datetime.timedelta(back) %}
    {% if (day + modules.datetime.timedelta(1)).day == 1 and ends | length < 12 %}
        {% do ends.append("date '" ~ day ~ "'") %}
    {% endif %}
{% endfor %}
{% for end in ends %}
select {{ end }} as as_of, * from ({{ feature_as_of(end) }})
{% if not loop.last %} union all {% endif %}
{% endfor %}
