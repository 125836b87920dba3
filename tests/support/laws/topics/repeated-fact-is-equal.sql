-- A fact that was published twice has the same key, headers and bytes.
SELECT id, array_agg(topic || ' ' || partition || ':' || "offset" ORDER BY "offset") AS places
FROM fact_record
GROUP BY id
HAVING count(DISTINCT (topic, key, headers, payload)) > 1
