-- confirmed: the manifest is a draft, submitted, or rejected and can be mended; processing: approved, or
-- one of those after a recall; shipped or in transit: shipped; delivered: delivered; cancelled: rejected
-- for good. And the other way round. Asked bucket by bucket, with the rows of
-- intl_shipping_db (sql_shipping/law_manifests.sql).
-- in: shown int4, buckets int4, bucket int4, manifests json
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT o.order_number, o.status, m.status AS manifest, m.retryable, m.rejection_code
    FROM json_to_recordset($4) AS m (order_number text, status text, retryable boolean, rejection_code text)
    JOIN public.orders o ON o.order_number = m.order_number
    WHERE $2 > $3  -- (parts of one whole; the rows are those of the bucket already)
      AND NOT CASE o.status
        WHEN 'confirmed' THEN m.status IN ('draft', 'submitted') OR (m.status = 'rejected' AND m.retryable)
        WHEN 'processing' THEN m.status IN ('approved', 'draft', 'submitted')
            OR (m.status = 'rejected' AND m.retryable)
        WHEN 'shipped' THEN m.status = 'shipped'
        WHEN 'in_transit' THEN m.status = 'shipped'
        WHEN 'delivered' THEN m.status = 'delivered'
        WHEN 'cancelled' THEN m.status = 'rejected' AND NOT m.retryable
        ELSE false END
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
