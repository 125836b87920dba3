-- What was accepted before with the same natural key, type and content. LATERAL and LIMIT keep it a
-- look-up by the key for each row: a join that was planned while the table was empty would read it
-- through, and go on doing so when it is large.
-- in: natural_keys text[], types text[], content_hashes bytea[]
-- out: position int8, event_id text, outcome_event_id uuid, outcome_type text
SELECT w.position, found.event_id, found.outcome_event_id, found.outcome_type
FROM unnest($1, $2, $3) WITH ORDINALITY AS w (natural_key, type, content_hash, position)
CROSS JOIN LATERAL (
    SELECT r.event_id, r.outcome_event_id, r.outcome_type
    FROM ev.request r
    WHERE r.natural_key = w.natural_key AND r.type = w.type AND r.content_hash = w.content_hash
    LIMIT 1) found
