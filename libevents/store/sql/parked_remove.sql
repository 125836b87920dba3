-- Ends the wait of records that were decided. One that is gone already was decided by somebody else:
-- the division fails then, before the COMMIT behind it could make the record's effect twice. Where one
-- was parked for a person, the next of its aggregate was held behind it and by nothing else: it is asked
-- for now, and so the others behind it, one after the other.
-- in: group_name text, topics text[], partitions int4[], offsets int8[]
-- out: removed int8
WITH removed AS (
    DELETE FROM ev.parked p
    USING unnest($2, $3, $4) AS w (topic, partition, "offset")
    WHERE p.group_name = $1 AND p.topic = w.topic AND p.partition = w.partition
      AND p."offset" = w."offset"
    RETURNING p.topic, p.partition, p."offset", p.aggregate, p.deadline
), released AS (
    UPDATE ev.parked n SET redrive = true
    FROM removed r
    CROSS JOIN LATERAL (
        SELECT b."offset" FROM ev.parked b
        WHERE b.aggregate = r.aggregate AND b.group_name = $1 AND b.topic = r.topic
          AND b.partition = r.partition AND b."offset" > r."offset" AND b.deadline IS NULL
        ORDER BY b."offset"
        LIMIT 1) next
    WHERE r.deadline IS NULL AND n.group_name = $1 AND n.topic = r.topic
      AND n.partition = r.partition AND n."offset" = next."offset" AND n.reason = 'held'
)
SELECT count(*) / (count(*) = cardinality($4))::int4 AS removed FROM removed
