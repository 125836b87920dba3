-- Manifests of orders whose number's hash falls into a bucket, of some companies or (NULL) all, as one JSON
-- list, with their items by product: what order_db has to agree with (laws_manifests/).
-- in: buckets int4, bucket int4, companies text[]
-- out: manifests json
SELECT coalesce(json_agg(c), '[]') AS manifests
FROM (SELECT b.order_number, m.unique_id, m.status, b.retryable, b.rejection_code, m.total_value, m.currency,
          m.company_id, m.origin_country, m.destination_country,
          (SELECT json_agg(i) FROM (SELECT i.product_id, sum(i.quantity) AS quantity, sum(i.value) AS value
                                    FROM public.manifest_items i WHERE i.manifest_id = m.id
                                    GROUP BY i.product_id) i) AS items
      FROM public.manifests m
      JOIN public.manifest_orders b ON b.manifest_id = m.id
      WHERE b.order_number IS NOT NULL
        AND ('x' || left(md5(b.order_number), 7))::bit(28)::int4 % $1 = $2
        AND ($3 IS NULL OR m.company_id = ANY ($3))) c
