-- Remembers the sources whose lost facts a person has accepted.
-- in: uris text[]
UPDATE ev.relay_position
SET chain = chain || jsonb_build_object('void', coalesce(chain -> 'void', '[]') || to_jsonb($1))
WHERE name = 'outbox'
