-- Names the sources whose lost facts a person has accepted.
-- out: uri text
SELECT void.uri
FROM ev.relay_position position
CROSS JOIN LATERAL jsonb_array_elements_text(position.chain -> 'void') void (uri)
WHERE position.name = 'outbox'
