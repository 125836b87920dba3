-- Every line of a confirmed or processing order is fully reserved, but for a shortage that was told and
-- is not served yet.
-- (What is older than the oldest facts that are still there is left out, once partitions of the outbox
-- were dropped.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    WITH kept AS (
        SELECT CASE WHEN (SELECT min(p.lower_seq) FROM ev.outbox_partition p) > 1
            THEN coalesce((SELECT f.recorded_at + interval '1 hour' FROM ev.outbox f ORDER BY f.seq LIMIT 1), 'infinity')
            ELSE '-infinity' END AS since
    ), unserved AS (
        SELECT f.subject AS order_number
        FROM ev.outbox_events f
        WHERE f.type IN ('quenty.stock.StockShort', 'quenty.stock.StockReserved')
        GROUP BY f.subject
        HAVING max(f.seq) FILTER (WHERE f.type = 'quenty.stock.StockShort')
             > coalesce(max(f.seq) FILTER (WHERE f.type = 'quenty.stock.StockReserved'), 0)
    )
    SELECT o.order_number, o.status, l.id AS line, l.quantity, coalesce(sum(r.quantity), 0) AS open
    FROM public.orders o
    JOIN public.order_items l ON l.order_id = o.id
    LEFT JOIN public.stock_reservations r ON r.order_item_id = l.id AND r.status = 'open'
    CROSS JOIN kept k
    WHERE o.status IN ('confirmed', 'processing') AND o.created_at >= k.since
      AND NOT EXISTS (SELECT FROM unserved u WHERE u.order_number = o.order_number)
    GROUP BY o.order_number, o.status, l.id, l.quantity
    HAVING l.quantity <> coalesce(sum(r.quantity), 0)
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
