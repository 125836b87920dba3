-- Every manifest has its row beside it, and so has every item.
SELECT m.unique_id, NULL AS item
FROM manifests m
WHERE NOT EXISTS (SELECT FROM manifest_orders o WHERE o.manifest_id = m.id)
UNION ALL
SELECT m.unique_id, i.id
FROM manifest_items i
JOIN manifests m ON m.id = i.manifest_id
WHERE NOT EXISTS (SELECT FROM manifest_item_extras x WHERE x.manifest_item_id = i.id)
