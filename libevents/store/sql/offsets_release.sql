-- Gives lanes back cleanly, where they are still ours.
-- in: group_name text, topics text[], partitions int4[], epochs int8[]
WITH mine AS MATERIALIZED (
    SELECT o.topic, o.partition
    FROM unnest($2, $3, $4) AS w (topic, partition, epoch)
    JOIN ev.consumer_offset o
      ON o.group_name = $1 AND o.topic = w.topic AND o.partition = w.partition
    WHERE o.owner_epoch = w.epoch
    ORDER BY o.topic, o.partition
    FOR UPDATE OF o
)
UPDATE ev.consumer_offset o
SET unclean = 0
FROM mine
WHERE o.group_name = $1 AND o.topic = mine.topic AND o.partition = mine.partition
