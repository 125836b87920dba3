DROP VIEW ops.outbox_drop;
DROP TABLE ev.outbox_retention, ev.outbox_export;
