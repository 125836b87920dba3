-- Takes one attempt at each of the records back: whoever made it lives. What others have made stays.
-- in: group_name text, topics text[], partitions int4[], offsets int8[]
WITH mine AS MATERIALIZED (
    SELECT a.topic, a.partition, a."offset", a.tries
    FROM unnest($2, $3, $4) AS w (topic, partition, "offset")
    JOIN ev.attempt a
      ON a.group_name = $1 AND a.topic = w.topic AND a.partition = w.partition AND a."offset" = w."offset"
    ORDER BY a.topic, a.partition, a."offset"
    FOR UPDATE OF a
), gone AS (
    DELETE FROM ev.attempt a USING mine m
    WHERE a.group_name = $1 AND a.topic = m.topic AND a.partition = m.partition AND a."offset" = m."offset"
      AND m.tries <= 1
)
UPDATE ev.attempt a SET tries = m.tries - 1
FROM mine m
WHERE a.group_name = $1 AND a.topic = m.topic AND a.partition = m.partition AND a."offset" = m."offset"
  AND m.tries > 1
