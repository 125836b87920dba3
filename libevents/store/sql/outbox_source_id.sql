-- The id of the source that facts are recorded under now: database, cluster and timeline.
-- out: id int2
SELECT ev.source_id(ev.current_source_uri()) AS id
