-- On every partition the first occurrences of a source's facts stand in the order of their sequence.
WITH first AS (
    SELECT DISTINCT ON (id) * FROM fact_record ORDER BY id, topic, partition, "offset"
),
pair AS (
    SELECT *, max(sequence) OVER (PARTITION BY source, topic, partition ORDER BY "offset"
                                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM first
)
SELECT topic, partition, "offset", id, sequence, before FROM pair WHERE sequence <= before
