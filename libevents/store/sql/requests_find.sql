-- What was accepted before with the same natural key, type and content.
-- in: natural_keys text[], types text[], content_hashes bytea[]
-- out: position int8, event_id text, outcome_event_id uuid, outcome_type text
SELECT w.position, r.event_id, r.outcome_event_id, r.outcome_type
FROM unnest($1, $2, $3) WITH ORDINALITY AS w (natural_key, type, content_hash, position)
JOIN ev.request r
  ON r.natural_key = w.natural_key AND r.type = w.type AND r.content_hash = w.content_hash
