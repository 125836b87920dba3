-- An order as it is now, and what of its pieces is reserved.
-- in: order_number text
-- out: company_id text, customer_id text, status text, total_amount text, currency text, lines int8
-- out: open_pieces int8, consumed_pieces int8
SELECT o.company_id::text AS company_id, o.customer_id::text AS customer_id, o.status::text AS status,
       o.total_amount::text AS total_amount, o.currency::text AS currency,
       (SELECT count(*) FROM public.order_items l WHERE l.order_id = o.id) AS lines,
       (SELECT coalesce(sum(r.quantity), 0)::bigint FROM public.stock_reservations r
        WHERE r.order_id = o.id AND r.status = 'open') AS open_pieces,
       (SELECT coalesce(sum(r.quantity), 0)::bigint FROM public.stock_reservations r
        WHERE r.order_id = o.id AND r.status = 'consumed') AS consumed_pieces
FROM public.orders o
WHERE o.order_number = $1
