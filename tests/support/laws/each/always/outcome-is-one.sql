-- No event has two outcomes, and no outcome is without the event that it answers.
SELECT causation_source, causation_id, count(*) AS outcomes, array_agg(type ORDER BY seq) AS types
FROM ev.outbox_events
WHERE outcome IS NOT NULL
GROUP BY causation_source, causation_id
HAVING count(*) > 1 OR causation_id IS NULL
