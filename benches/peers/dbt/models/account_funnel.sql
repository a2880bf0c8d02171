{{ funnel("account_id", table_of("account")) }}
