-- A fact names, as ce_previoussequence, the fact of its source before it on the same partition; the
-- first one names none.
WITH first AS (
    SELECT DISTINCT ON (id) * FROM fact_record ORDER BY id, topic, partition, "offset"
),
pair AS (
    SELECT *, lag(sequence) OVER (PARTITION BY source, topic, partition ORDER BY sequence) AS before
    FROM first
)
SELECT topic, partition, "offset", id, sequence, previous, before
FROM pair
WHERE previous IS DISTINCT FROM before
