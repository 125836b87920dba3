-- Leaves a first lane of a shard in its database, unless there are lanes of another binding of the same
-- worker: of all companies, of another shard or of another number of shards. These are told then. What
-- a group has of topics that each shard reads whole says nothing. Asked once, when a worker begins.
-- in: worker text, group_name text, topic text, shared text[], index int4, count int4
-- out: group_name text, topic text, partition int4, lanes int8
WITH other AS MATERIALIZED (
    SELECT o.group_name, o.topic, o.partition, count(*) OVER () AS lanes
    FROM ev.consumer_offset o
    WHERE CASE WHEN o.group_name = $2 THEN o.topic <> ALL ($4) AND o.partition % $6 <> $5
               ELSE pg_catalog.regexp_replace(o.group_name, '-[0-9]+-of-[0-9]+$', '') = $1 END
    ORDER BY o.group_name, o.topic, o.partition
    LIMIT 1
), left_here AS (
    INSERT INTO ev.consumer_offset (group_name, topic, partition)
    SELECT $2, $3, $5 WHERE NOT EXISTS (SELECT FROM other)
    ON CONFLICT DO NOTHING
)
SELECT other.group_name, other.topic, other.partition, other.lanes FROM other
