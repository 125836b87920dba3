-- At rest no record waits for something not yet known: it was decided, or its time has passed. (What is
-- parked for a person may lie.)
SELECT group_name, topic, partition, "offset", aggregate, detail, deadline
FROM ev.parked
WHERE deadline IS NOT NULL
