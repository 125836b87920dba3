-- An order that was confirmed and goes abroad has exactly one manifest; no other order has one.
-- (Whether a cancelled one was confirmed its fact tells: one that is older than the oldest facts that are
-- still there is left out, once partitions of the outbox were dropped.) Asked bucket by bucket, with the rows of
-- intl_shipping_db (sql_shipping/law_manifests.sql).
-- in: shown int4, buckets int4, bucket int4, manifests json
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    WITH kept AS (
        SELECT CASE WHEN (SELECT min(p.lower_seq) FROM ev.outbox_partition p) > 1
            THEN coalesce((SELECT f.recorded_at + interval '1 hour' FROM ev.outbox f ORDER BY f.seq LIMIT 1), 'infinity')
            ELSE '-infinity' END AS since
    ),
    abroad AS (
        SELECT o.order_number, o.status, o.created_at,
            o.status NOT IN ('pending', 'cancelled') OR (o.status = 'cancelled' AND o.order_number IN (
                SELECT f.subject FROM ev.outbox_events f WHERE f.type = 'quenty.order.OrderConfirmed')) AS was_confirmed
        FROM public.orders o
        JOIN public.order_extras x ON x.order_id = o.id
        WHERE x.origin_country <> x.destination_country
          AND ('x' || left(md5(o.order_number), 7))::bit(28)::int4 % $2 = $3
    )
    SELECT coalesce(o.order_number, m.order_number) AS order_number, o.status, o.was_confirmed, m.manifests
    FROM abroad o
    FULL JOIN (SELECT m.order_number, count(*) AS manifests
               FROM json_to_recordset($4) AS m (order_number text) GROUP BY m.order_number) m
        ON m.order_number = o.order_number
    CROSS JOIN kept k
    WHERE o.was_confirmed::integer IS DISTINCT FROM coalesce(m.manifests, 0)
      AND (o.status IS DISTINCT FROM 'cancelled' OR o.created_at >= k.since)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
