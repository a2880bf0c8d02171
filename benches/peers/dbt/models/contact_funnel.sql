{% set people %}
    (select contact_id, segment from {{ table_of("contact") }}
        join {{ table_of("account") }} using (account_id))
{% endset %}
{{ funnel("contact_id", people) }}
