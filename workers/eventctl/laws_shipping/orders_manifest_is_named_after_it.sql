-- The manifest of an order is MAN- and the order's number; only those begin like that.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT m.unique_id, o.order_number, m.created_by
    FROM public.manifests m
    JOIN public.manifest_orders o ON o.manifest_id = m.id
    WHERE CASE WHEN o.order_number IS NULL THEN m.unique_id LIKE 'MAN-%'
          ELSE m.unique_id <> 'MAN-' || o.order_number OR m.created_by <> 'quenty-shipping' END
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
