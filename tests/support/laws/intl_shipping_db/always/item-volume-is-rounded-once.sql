-- An item's volume in cubic metres is its exact one in cubic centimetres, rounded once.
SELECT m.unique_id, i.id AS item, i.volume, x.volume_cm3
FROM manifest_items i
JOIN manifest_item_extras x ON x.manifest_item_id = i.id
JOIN manifests m ON m.id = i.manifest_id
WHERE i.volume <> round(x.volume_cm3 / 1000000.0, 3)
