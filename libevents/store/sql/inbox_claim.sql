-- Claims events of foreign producers: inserts those that neither generation knows into the current
-- one. The first row (position 0) says how many were claimed; a row for each known event brings the
-- hash it was seen with. Both tables are locked before the snapshot is taken, because both are written
-- to in the plan; so a rotation is either wholly before this statement or after its transaction. The
-- look-ups are subqueries and not joins: a plan that was made while a generation was empty would join
-- by reading it through, and go on doing so when it is full.
-- in: sources text[], event_ids text[], content_hashes bytea[]
-- out: position int8, claimed int8, content_hash bytea?
WITH wanted AS MATERIALIZED (
    SELECT w.source, w.event_id, w.content_hash, w.position,
           coalesce(
               (SELECT a.content_hash FROM ev.inbox_a a
                WHERE a.event_id = w.event_id AND a.source = w.source),
               (SELECT b.content_hash FROM ev.inbox_b b
                WHERE b.event_id = w.event_id AND b.source = w.source)) AS seen_hash,
           (SELECT g.current FROM ev.inbox_generation g) AS generation
    FROM unnest($1, $2, $3) WITH ORDINALITY AS w (source, event_id, content_hash, position)
), claimed_a AS (
    INSERT INTO ev.inbox_a (source, event_id, content_hash)
    SELECT w.source, w.event_id, w.content_hash FROM wanted w
    WHERE w.seen_hash IS NULL AND w.generation = 'a'
    ORDER BY w.position
    ON CONFLICT DO NOTHING
    RETURNING 1
), claimed_b AS (
    INSERT INTO ev.inbox_b (source, event_id, content_hash)
    SELECT w.source, w.event_id, w.content_hash FROM wanted w
    WHERE w.seen_hash IS NULL AND w.generation = 'b'
    ORDER BY w.position
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT 0::int8 AS position,
       (SELECT count(*) FROM claimed_a) + (SELECT count(*) FROM claimed_b) AS claimed,
       NULL::bytea AS content_hash
UNION ALL
SELECT w.position, 0, w.seen_hash FROM wanted w WHERE w.seen_hash IS NOT NULL
