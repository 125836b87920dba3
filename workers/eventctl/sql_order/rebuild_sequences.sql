-- Sets sequences above the ids that facts carry, so that a worker could go on.
-- out: products int8, lots int8
SELECT setval(pg_get_serial_sequence('public.products', 'id'),
              (SELECT coalesce(max(id), 0) + 1 FROM public.products), false) AS products,
       setval(pg_get_serial_sequence('public.inventory_items', 'id'),
              (SELECT coalesce(max(id), 0) + 1 FROM public.inventory_items), false) AS lots
