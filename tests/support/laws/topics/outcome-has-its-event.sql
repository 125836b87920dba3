-- Every outcome answers an event that stands on an ingress topic.
SELECT o.seq, o.type, o.causation_source, o.causation_id
FROM ev.outbox_events o
WHERE o.outcome IS NOT NULL
  AND NOT EXISTS (SELECT FROM ingress_record r
                  WHERE r.id = o.causation_id AND r.source = o.causation_source)
