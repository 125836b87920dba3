-- A movement names a lot of its product, and the fact that made it.
-- (What is older than the oldest facts that are still there is left out, once partitions of the outbox
-- were dropped.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    WITH kept AS (
        SELECT CASE WHEN (SELECT min(p.lower_seq) FROM ev.outbox_partition p) > 1
            THEN coalesce((SELECT f.recorded_at + interval '1 hour' FROM ev.outbox f ORDER BY f.seq LIMIT 1), 'infinity')
            ELSE '-infinity' END AS since
    )
    SELECT m.id, m.movement_type, m.product_id, m.inventory_item_id, i.product_id AS product_of_lot, m.event_id
    FROM public.stock_movements m
    LEFT JOIN public.inventory_items i ON i.id = m.inventory_item_id
    LEFT JOIN ev.outbox o ON o.event_id = m.event_id
    CROSS JOIN kept k
    WHERE i.product_id IS DISTINCT FROM m.product_id OR (m.created_at >= k.since AND o.event_id IS NULL)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
