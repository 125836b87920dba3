"""The relay that fits on a page: a status column, SKIP LOCKED, and a flush before the commit. Several may run.

    python_relay.py BROKERS CONNINFO

Needs the column and the index that ./run adds to the outbox. SIGTERM ends it.
"""

import signal
import sys
import time

import psycopg
from confluent_kafka import Producer

ROWS = """SELECT o.seq, topic.name, o.key, o.payload, o.schema_id, o.event_id, type.name, s.uri, o.subject,
                 o.recorded_at, o.outcome, o.correlation_id, o.causation_id, o.causation_source
          FROM ev.outbox o JOIN ev.dictionary topic ON topic.id = o.topic JOIN ev.dictionary type ON type.id = o.type
          JOIN ev.source s USING (source_id)
          WHERE NOT o.published ORDER BY o.seq LIMIT 1000 FOR UPDATE OF o SKIP LOCKED"""
NAMES = ("id", "type", "source", "subject", "time", "outcome", "correlationid", "causationid", "causationsource")

signal.signal(signal.SIGTERM, lambda *_: sys.exit())
db = psycopg.connect(sys.argv[2])
producer = Producer({"bootstrap.servers": sys.argv[1], "partitioner": "murmur2_random", "enable.idempotence": True,
                     "linger.ms": 5, "queue.buffering.max.messages": 10000})
while True:
    rows = db.execute(ROWS).fetchall()
    for seq, topic, key, payload, schema, *told in rows:
        headers = [("ce_" + name, str(value)) for name, value in zip(NAMES, told) if value is not None]
        producer.produce(topic, b"\0" + schema.to_bytes(4, "big") + payload, key, headers=headers)
    assert producer.flush(60) == 0
    db.execute("UPDATE ev.outbox SET published = true WHERE seq = ANY (%s)", ([row[0] for row in rows],))
    db.commit()
    time.sleep(0 if rows else 0.01)
