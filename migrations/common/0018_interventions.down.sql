DROP TABLE ev.intervention;
REVOKE INSERT (created_at, "offset", partition, group_name, topic, reason, detail, key, headers, value)
    ON ev.dead_letter FROM quenty_operator;
REVOKE DELETE ON ev.inbox_a, ev.inbox_b FROM quenty_operator;
