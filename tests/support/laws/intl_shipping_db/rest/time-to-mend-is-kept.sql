-- Nothing that was held or rejected 7 days ago is still waiting to be mended: the timer has run.
SELECT m.unique_id, m.status, o.retry_until
FROM manifests m
JOIN manifest_orders o ON o.manifest_id = m.id
WHERE o.retry_until < CURRENT_TIMESTAMP - interval '5 seconds'
