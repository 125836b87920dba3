DROP VIEW ev.outbox_events, ev.inbox;
DROP TABLE ev.request, ev.attempt, ev.dead_letter, ev.parked, ev.inbox_mark, ev.inbox_generation,
    ev.inbox_b, ev.inbox_a, ev.consumer_offset, ev.outbox_gap, ev.relay_position, ev.outbox,
    ev.source, ev.dictionary;
DROP SCHEMA ev;
