-- Saves accepted requests. Those that were known before are overwritten; the others are inserted, and
-- a row that has come meanwhile is a unique_violation: it must fail before the COMMIT behind it.
-- in: natural_keys text[], types text[], content_hashes bytea[], event_ids text[]
-- in: outcome_event_ids uuid[], outcome_types text[], are_known bool[]
-- out: saved int8
WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
        AS w (natural_key, type, content_hash, event_id, outcome_event_id, outcome_type, is_known)
), inserted AS (
    INSERT INTO ev.request
        (natural_key, type, content_hash, event_id, outcome_event_id, outcome_type)
    SELECT w.natural_key, w.type, w.content_hash, w.event_id, w.outcome_event_id, w.outcome_type
    FROM wanted w
    WHERE NOT w.is_known
    ORDER BY w.natural_key COLLATE "C", w.type COLLATE "C", w.content_hash
    RETURNING 1
), overwritten AS (
    INSERT INTO ev.request
        (natural_key, type, content_hash, event_id, outcome_event_id, outcome_type)
    SELECT w.natural_key, w.type, w.content_hash, w.event_id, w.outcome_event_id, w.outcome_type
    FROM wanted w
    WHERE w.is_known
    ORDER BY w.natural_key COLLATE "C", w.type COLLATE "C", w.content_hash
    ON CONFLICT (natural_key, type, content_hash) DO UPDATE
    SET event_id = EXCLUDED.event_id, outcome_event_id = EXCLUDED.outcome_event_id,
        outcome_type = EXCLUDED.outcome_type
    RETURNING 1
)
SELECT (SELECT count(*) FROM inserted) + (SELECT count(*) FROM overwritten) AS saved
