-- Whether there are rows that facts make.
-- out: has_rows bool
SELECT EXISTS (SELECT FROM public.products) OR
       EXISTS (SELECT FROM public.orders) OR
       EXISTS (SELECT FROM public.inventory_items) OR
       EXISTS (SELECT FROM public.stock_movements) OR
       EXISTS (SELECT FROM public.party_projection) AS has_rows
