-- A fact as the library records it; first in every database. Its payload is no Avro: nobody decodes it.
CREATE FUNCTION pg_temp.fact(type text, subject text, cause text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    id    CONSTANT uuid := gen_random_uuid();
    topic CONSTANT text := 'quenty.' || split_part(type, '.', 2) || '.events.v1';
BEGIN
    INSERT INTO ev.outbox (event_id, schema_id, source_id, topic, type, outcome, key, subject,
                           causation_id, causation_source, payload)
    VALUES (id, 700001,
            ev.source_id((SELECT '/quenty/' || current_database() || '/' || s.system_identifier || '/'
                                 || c.timeline_id
                          FROM pg_control_system() s, pg_control_checkpoint() c)),
            (SELECT n.id FROM ev.name_ids(ARRAY[topic]) n), (SELECT n.id FROM ev.name_ids(ARRAY[type]) n),
            CASE WHEN cause IS NOT NULL THEN 1 END, 'C-' || right(subject, 1), subject,
            cause, CASE WHEN cause IS NOT NULL THEN '/test/shop' END, convert_to(subject, 'UTF8'));
    RETURN id;
END
$$;
