-- Which aggregates are held: a record of theirs is parked for a person, that is, without a deadline.
-- in: group_name text, topics text[], partitions int4[], aggregates text[]
-- out: position int8
SELECT w.position
FROM unnest($2, $3, $4) WITH ORDINALITY AS w (topic, partition, aggregate, position)
WHERE EXISTS (
    SELECT FROM ev.parked p
    WHERE p.aggregate = w.aggregate AND p.group_name = $1 AND p.topic = w.topic
      AND p.partition = w.partition AND p.deadline IS NULL)
