-- Reads dead letters behind a position, as relay_outbox_page.sql reads facts.
-- in: after int8, rows_max int4, bytes_max int8
-- out: seq int8, created_at timestamptz, offset int8, partition int4, group_name text, topic text
-- out: reason text, detail text, key bytea?, headers bytea, value bytea?
SELECT page.seq, page.created_at, page."offset", page.partition, page.group_name, page.topic,
       page.reason, page.detail, page.key, page.headers, page.value
FROM (SELECT d.*, sum(octet_length(d.headers) + coalesce(octet_length(d.value), 0))
                      OVER (ORDER BY d.seq ROWS UNBOUNDED PRECEDING)
                      - octet_length(d.headers) - coalesce(octet_length(d.value), 0) AS bytes_before
      FROM ev.dead_letter d
      WHERE d.seq > $1
      ORDER BY d.seq
      LIMIT $2) page
WHERE page.bytes_before < $3
ORDER BY page.seq
