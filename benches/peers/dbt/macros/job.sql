{# What several models share. #}

{% macro table_of(name) -%}
    '{{ var("data") }}/{{ name }}.parquet'
{%- endmacro %}

{% macro event() -%}
    read_parquet('{{ var("data") }}/event/*/*.parquet', hive_partitioning = true,
        hive_types = {'day': DATE})
{%- endmacro %}

{% macro as_of() -%} date '{{ var("as_of") }}' {%- endmacro %}

{# The instant at which the day that lies `days` before the day after as_of begins. #}
{% macro since(days) -%}
    {%- set day = modules.datetime.date.fromisoformat(var("as_of")) -%}
    timestamptz '{{ day + modules.datetime.timedelta(1 - days) }} 00:00:00+00'
{%- endmacro %}

{% macro feature_bit() -%}
    case when name like 'feature%' then 1::bigint << right(name, 2)::int else 0::bigint end
{%- endmacro %}

{# The twelve month-ends up to as_of, and as_of, oldest first. #}
{% macro month_ends() %}
    {%- set last = modules.datetime.date.fromisoformat(var("as_of")) -%}
    {%- set ends = [] -%}
    {%- for back in range(400) -%}
        {%- set day = last - modules.datetime.timedelta(back) -%}
        {%- if (day + modules.datetime.timedelta(1)).day == 1 and ends | length < 12 -%}
            {%- do ends.append("date '" ~ day ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(ends | sort) }}
{% endmacro %}

{% macro cutoffs() %}
    {{ return((month_ends() + ["date '" ~ var("as_of") ~ "'"]) | unique | sort) }}
{% endmacro %}

{% macro funnel(unit, people) %}
    {%- set window = 90 * 86400 * 1000000 -%}
    {%- set steps = ["page_view", "content_download", "demo_request", "quote_request", "purchase"] -%}
    with entry as (
        select {{ unit }} as unit, epoch_us(occurred_at) as us from {{ event() }}
        where name = '{{ steps[0] }}' and day <= {{ as_of() }}
    ),
    later as (
        select {{ unit }} as unit, epoch_us(occurred_at) as us,
            case name {% for name in steps[1:] %} when '{{ name }}' then {{ loop.index + 1 }}
            {% endfor %} end as step
        from {{ event() }}
        where name in ('{{ steps[1:] | join("', '") }}') and day <= {{ as_of() }}
    ),
    second as (
        select later.unit, later.us, entry.us as start from later
        asof join entry on later.unit = entry.unit and later.us > entry.us
        where later.step = 2 and later.us - entry.us <= {{ window }}
    ),
    touch_2 as (
        select unit, us, 2 as step, start as start_2 from second
        union all select unit, us, step, null from later where step > 2
    ),
    {% for number in range(3, 6) %}
    carried_{{ number - 1 }} as (
        select unit, us, step, max(start_{{ number - 1 }}) over (
            partition by unit order by us rows unbounded preceding) as start
        from touch_{{ number - 1 }}
    ),
    touch_{{ number }} as (
        select unit, us, step,
            case when step = {{ number }} and us - start <= {{ window }} then start end
                as start_{{ number }}
        from carried_{{ number - 1 }} where step >= {{ number }}
    ),
    {% endfor %}
    reached_1 as (select distinct unit from entry),
    {% for number in range(2, 5) %}
    reached_{{ number }} as (
        select distinct unit from touch_{{ number }} where start_{{ number }} is not null
    ),
    {% endfor %}
    converted as (
        select unit, min(us) as us from touch_5 where start_5 is not null group by unit
    ),
    reached_5 as (
        select converted.unit, any_value(converted.us) - min(entry.us) as took
        from converted join entry on converted.unit = entry.unit
            and entry.us between converted.us - {{ window }} and converted.us
        group by converted.unit
    )
    select segment, count(*) as units,
        {% for number in range(1, 6) %}
        count(reached_{{ number }}.unit) as step_{{ number }},
        {% endfor %}
        median(took / 1e6) as median_seconds
    from {{ people }} as who
    {% for number in range(1, 6) %}
    left join reached_{{ number }} on who.{{ unit }} = reached_{{ number }}.unit
    {% endfor %}
    group by segment
{% endmacro %}
