-- One key, one partition: all that one company does on one topic stands in order.
SELECT topic, key, array_agg(DISTINCT partition) AS partitions
FROM fact_record
GROUP BY topic, key
HAVING count(DISTINCT partition) > 1
