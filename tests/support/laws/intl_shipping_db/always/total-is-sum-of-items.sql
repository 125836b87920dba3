-- A manifest's totals are the sums of its items.
SELECT m.unique_id, m.total_weight, sum(i.weight) AS weight, m.total_volume, sum(i.volume) AS volume,
    m.total_value, sum(i.value) AS value
FROM manifests m
LEFT JOIN manifest_items i ON i.manifest_id = m.id
GROUP BY m.id
HAVING (m.total_weight, m.total_volume, m.total_value)
       IS DISTINCT FROM (sum(i.weight), sum(coalesce(i.volume, 0)), sum(i.value))
