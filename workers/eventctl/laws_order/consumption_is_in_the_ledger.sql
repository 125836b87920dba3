-- What an order consumed of a lot is one OUT movement of that lot with the order's number.
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
    SELECT coalesce(r.order_number, m.reference_number) AS order_number,
        coalesce(r.lot, m.inventory_item_id) AS lot, r.consumed, m.quantity AS out, m.movements
    FROM (SELECT o.order_number, r.inventory_item_id AS lot, sum(r.quantity) AS consumed
          FROM public.stock_reservations r JOIN public.orders o ON o.id = r.order_id
          WHERE r.status = 'consumed' GROUP BY o.order_number, r.inventory_item_id) r
    FULL JOIN (SELECT m.reference_number, m.inventory_item_id, sum(m.quantity) AS quantity, count(*) AS movements
               FROM public.stock_movements m
               CROSS JOIN kept k
               LEFT JOIN ev.outbox_events f ON f.event_id = m.event_id
               WHERE f.type = 'quenty.stock.StockConsumed'
                  OR (f.type IS NULL AND m.created_at < k.since AND m.movement_type = 'OUT'
                      AND EXISTS (SELECT FROM public.orders x WHERE x.order_number = m.reference_number))
               GROUP BY m.reference_number, m.inventory_item_id) m
        ON m.reference_number = r.order_number AND m.inventory_item_id = r.lot
    WHERE r.consumed IS DISTINCT FROM m.quantity OR m.movements <> 1
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
