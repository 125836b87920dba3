-- Every lane goes on.
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    SELECT group_name, topic, partition, next_offset, halted_reason
    FROM ev.consumer_offset
    WHERE halted_reason IS NOT NULL
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
