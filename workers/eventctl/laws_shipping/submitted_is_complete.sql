-- What was submitted has a quote of its own selected, a time, a delivery day, and every item's code and
-- origin.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT m.unique_id, m.status, o.selected_rate_id, o.submitted_at, m.estimated_delivery
    FROM public.manifests m
    JOIN public.manifest_orders o ON o.manifest_id = m.id
    WHERE m.status IN ('submitted', 'approved', 'shipped', 'delivered')
      AND (o.submitted_at IS NULL OR m.estimated_delivery IS NULL
           OR NOT EXISTS (SELECT FROM public.shipping_rates r WHERE r.id = o.selected_rate_id AND r.manifest_id = m.id)
           OR EXISTS (SELECT FROM public.manifest_items i WHERE i.manifest_id = m.id
                      AND (i.hs_code IS NULL OR i.country_of_origin IS NULL)))
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
