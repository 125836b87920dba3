-- What is under way with some manifests; under their locks, in a statement behind the one that takes them.
-- in: manifests text[], orders text[]
-- out: manifest_id int4, order_number varchar?, selected_rate_id int4?, rejection_code text?
-- out: retryable bool?, held_reasons text?, retry_until timestamptz?, documents text
-- out: submitted_at timestamptz?, approved_at timestamptz?, shipped_at timestamptz?, duty_flag bool
SELECT o.manifest_id, o.order_number, o.selected_rate_id, o.rejection_code, o.retryable,
       o.held_reasons::text AS held_reasons, o.retry_until, o.documents::text AS documents,
       o.submitted_at, o.approved_at, o.shipped_at, o.duty_flag
FROM public.manifests m
JOIN public.manifest_orders o ON o.manifest_id = m.id
WHERE m.unique_id = ANY ($1 || ARRAY(SELECT 'MAN-' || n.order_number FROM unnest($2) AS n (order_number)))
