-- Value, currency, company and countries of a manifest are those of its order. Asked bucket by bucket, with the rows of
-- intl_shipping_db (sql_shipping/law_manifests.sql).
-- in: shown int4, buckets int4, bucket int4, manifests json
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, o.total_amount, m.total_value, o.currency, m.currency AS manifest_currency,
        o.company_id, m.company_id AS manifest_company
    FROM json_to_recordset($4) AS m (order_number text, total_value numeric, currency text, company_id text,
                                     origin_country text, destination_country text)
    JOIN public.orders o ON o.order_number = m.order_number
    JOIN public.order_extras x ON x.order_id = o.id
    WHERE $2 > $3  -- (parts of one whole; the rows are those of the bucket already)
      AND (o.total_amount, o.currency::text, o.company_id::text, x.origin_country::text, x.destination_country::text)
          IS DISTINCT FROM (m.total_value, m.currency, m.company_id, m.origin_country, m.destination_country)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
