-- Orders by their numbers. Who changes an order, or anything that belongs to it, locks it first.
-- in: order_numbers text[]
-- out: id int4, order_number varchar, status varchar, total_amount numeric, currency varchar
-- out: customer_id varchar, company_id varchar, created_at timestamptz, updated_at timestamptz
SELECT id, order_number, status, total_amount, currency, customer_id, company_id, created_at,
       updated_at
FROM public.orders
WHERE order_number = ANY ($1)
ORDER BY id
FOR NO KEY UPDATE
