-- Records that may be tried again. One that waits: when its deadline has passed, or 0.1 s after it was
-- parked, then after 0.2 s more, 0.4, 0.8, 1.6, and then every 2 s (3.1 is the sum of the first five).
-- One that a person asked for: at once, but of those that are parked for a person only the first of its
-- aggregate, so that their order is kept. A record that somebody else holds is left for later. `tries`: how
-- often a process has died with it in hand.
-- in: group_name text, topics text[], partitions int4[], max int8
-- out: topic text, partition int4, record_offset int8, key bytea?, headers bytea
-- out: record_value bytea?, subject text?, aggregate text, reason text, detail text, attempts int4
-- out: deadline timestamptz?, is_overdue bool, redrive bool
-- out: tries int4
WITH lane AS MATERIALIZED (
    SELECT * FROM unnest($2, $3) AS w (topic, partition)
), due AS (
    SELECT p.topic, p.partition, p."offset"
    FROM lane
    JOIN ev.parked p
      ON p.group_name = $1 AND p.topic = lane.topic AND p.partition = lane.partition
    WHERE p.redrive
      AND (p.deadline IS NOT NULL OR NOT EXISTS (
          SELECT FROM ev.parked before
          WHERE before.aggregate = p.aggregate AND before.group_name = p.group_name
            AND before.topic = p.topic AND before.partition = p.partition
            AND before."offset" < p."offset" AND before.deadline IS NULL))
    UNION
    SELECT p.topic, p.partition, p."offset"
    FROM lane
    JOIN ev.parked p
      ON p.group_name = $1 AND p.topic = lane.topic AND p.partition = lane.partition
    WHERE p.deadline IS NOT NULL
      AND (p.deadline <= CURRENT_TIMESTAMP
           OR p.parked_at + interval '1 second' * CASE
               WHEN p.attempts < 5 THEN 0.1 * (2 ^ (p.attempts + 1) - 1)
               ELSE 3.1 + 2 * (p.attempts - 4) END <= CURRENT_TIMESTAMP)
    ORDER BY 1, 2, 3
    LIMIT $4
)
SELECT p.topic, p.partition, p."offset" AS record_offset, p.key, p.headers,
       p.value AS record_value, p.subject, p.aggregate, p.reason, p.detail, p.attempts, p.deadline,
       coalesce(p.deadline <= CURRENT_TIMESTAMP, false) AS is_overdue, p.redrive,
       coalesce(a.tries, 0) AS tries
FROM due
JOIN ev.parked p
  ON p.group_name = $1 AND p.topic = due.topic AND p.partition = due.partition
 AND p."offset" = due."offset"
LEFT JOIN ev.attempt a
  ON a.group_name = $1 AND a.topic = p.topic AND a.partition = p.partition
 AND a."offset" = p."offset"
ORDER BY p.topic, p.partition, p."offset"
FOR UPDATE OF p SKIP LOCKED
