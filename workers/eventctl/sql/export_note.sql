-- Notes an export, once. What is in a folder is known by the hash of its manifest.
-- in: first_seq int8, last_seq int8, manifest_sha256 bytea, place text, client text
INSERT INTO ev.outbox_export (first_seq, last_seq, manifest_sha256, place, client)
SELECT $1, $2, $3, $4, $5
WHERE NOT EXISTS (SELECT FROM ev.outbox_export e
                  WHERE e.first_seq = $1 AND e.last_seq = $2 AND e.manifest_sha256 = $3 AND e.place = $4)
