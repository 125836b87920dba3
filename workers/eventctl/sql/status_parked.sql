-- Aggregates that wait for a person, the longest waiting first: the first record of each, and how many
-- are held with it.
-- in: rows_max int4
-- out: group_name text, topic text, partition int4, aggregate text, first_offset int8, records int8
-- out: reason text, detail text, parked_at timestamptz, redrive bool
SELECT p.group_name, p.topic, p.partition, p.aggregate, p."offset" AS first_offset, p.records,
       p.reason, p.detail, p.parked_at, p.redrive
FROM (
    SELECT w.*, count(*) OVER lane AS records, row_number() OVER (lane ORDER BY w."offset") AS place
    FROM ev.parked w
    WHERE w.deadline IS NULL
    WINDOW lane AS (PARTITION BY w.group_name, w.topic, w.partition, w.aggregate)
) p
WHERE p.place = 1
ORDER BY p.parked_at, p.group_name, p.topic, p.partition, p."offset"
LIMIT $1
