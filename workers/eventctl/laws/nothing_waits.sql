-- At rest no record waits for something not yet known: it was decided, or its time has passed. (What is
-- parked for a person may lie.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT group_name, topic, partition, "offset", aggregate, detail, deadline
    FROM ev.parked
    WHERE deadline IS NOT NULL
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
