-- Who has these tracking numbers. The manifests are not locked: if a number is given to another one at this
-- moment, the table's UNIQUE says so, and the batch is run again.
-- in: tracking_numbers text[]
-- out: tracking_number varchar, unique_id varchar
SELECT tracking_number, unique_id
FROM public.manifests
WHERE tracking_number = ANY ($1)
