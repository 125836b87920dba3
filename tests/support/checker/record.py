"""Records a history: what the tables and the topics of an environment hold, into a folder of NDJSON.

    meta.json                what was recorded, where each partition begins and ends
    sent.ndjson              what a generator has sent and seen acknowledged (written by it, not here)
    topics/TOPIC.ndjson      a record a line
    tables/DATABASE/NAME.ndjson   a row a line

Tables come first, each database in one snapshot, then the topics: so whatever the tables say has been
published is on the recorded topics, also while everything runs.
"""

import base64
import datetime
import json
import pathlib
import subprocess

from topics import records

HERE = pathlib.Path(__file__).resolve().parent
CONTEXTS = {"customer_db": ("customer",), "order_db": ("stock", "order"), "intl_shipping_db": ("shipping",)}

OUTBOX = """SELECT o.seq, o.xmin::text AS xid, e.event_id, e.source, e.topic, e.type, e.key, e.subject, e.schema_id,
    encode(o.payload, 'hex') AS payload, e.correlation_id, e.causation_id, e.causation_source, e.outcome,
    e.traceparent, e.tracestate,
    to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS recorded_at
    FROM ev.outbox o JOIN ev.outbox_events e USING (seq) ORDER BY o.seq"""
PLACE = 'group_name, topic, partition, "offset"'
KEPT = ", ".join(f"encode(sha256({column}), 'hex') AS {column}" for column in ("key", "headers", "value"))

# In every database; then what one has. A table that is not there is left out: offset_history is the harness's.
COMMON = {
    "outbox": OUTBOX,
    "outbox_gap": "SELECT name, from_seq, to_seq FROM ev.outbox_gap",
    "relay_position": "SELECT name, seq, epoch, chain -> 'void' AS void FROM ev.relay_position",
    "consumer_offset": "SELECT group_name, topic, partition, next_offset, owner_epoch, halted_reason "
                       "FROM ev.consumer_offset",
    "inbox": "SELECT source, event_id FROM ev.inbox",
    "request": "SELECT natural_key, type, encode(content_hash, 'hex') AS content, event_id, outcome_event_id, "
               "outcome_type FROM ev.request",
    "parked": f"SELECT {PLACE}, aggregate, reason, deadline, {KEPT} FROM ev.parked",
    "dead_letter": f"SELECT seq, {PLACE}, reason, {KEPT} FROM ev.dead_letter",
}
HISTORY = {"offset_history": "SELECT * FROM test.offset_history ORDER BY id",
           "history_begin": "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at "
                            "FROM test.history_begin"}
DOMAIN = {
    "customer_db": {},
    "order_db": {
        "orders": "SELECT o.id, o.order_number, o.status, x.origin_country, x.destination_country, x.backorder "
                  "FROM orders o LEFT JOIN order_extras x ON x.order_id = o.id",
        "order_items": "SELECT id, order_id, product_id, quantity FROM order_items",
        "stock_reservations": "SELECT order_id, order_item_id, product_id, quantity, status FROM stock_reservations",
        "stock_movements": "SELECT movement_type, quantity, inventory_item_id, event_id, reference_number "
                           "FROM stock_movements",
    },
    "intl_shipping_db": {
        "manifests": "SELECT m.id, m.unique_id, m.status, b.order_number FROM manifests m "
                     "LEFT JOIN manifest_orders b ON b.manifest_id = m.id",
        "manifest_items": "SELECT manifest_id, product_id, quantity FROM manifest_items",
    },
}


def psql(conninfo, text):
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", conninfo],
                          input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{conninfo}: {done.stderr.strip()}")
    return done.stdout.strip()


def keep_history(conninfo):
    """From now on each move of a lane is kept."""
    psql(conninfo, (HERE / "audit.sql").read_text(encoding="utf-8"))


def has_history(conninfo):
    return psql(conninfo, "SELECT to_regclass('test.history_begin') IS NOT NULL") == "t"


def dump_tables(database, conninfo, folder):
    """One snapshot; rows are fetched in portions, so that none of it has to fit into memory."""
    folder.mkdir(parents=True)
    wanted = {**COMMON, **DOMAIN[database], **(HISTORY if has_history(conninfo) else {})}
    text = ["SET client_min_messages = warning;\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
            "\\set FETCH_COUNT 2000\n"]
    for name, query in wanted.items():
        text.append(f"\\o '{folder / name}.ndjson'\nSELECT to_jsonb(row) FROM ({query}) row;\n\\o\n")
    psql(conninfo, "".join(text) + "COMMIT;\n")


def line_of(message):
    return {"partition": message.partition(), "offset": message.offset(), "time": message.timestamp()[1],
            "key": None if message.key() is None else base64.b64encode(message.key()).decode(),
            "headers": [[name, None if value is None else base64.b64encode(value).decode()]
                        for name, value in message.headers() or []],
            "value": None if message.value() is None else base64.b64encode(message.value()).decode()}


def topics_of(databases):
    return [f"quenty.{context}.{kind}.v1" for database in databases for context in CONTEXTS[database]
            for kind in ("ingress", "events", "dead-letters") if (context, kind) != ("stock", "dead-letters")]


def dump_topics(brokers, topics, folder):
    """{topic: {partition: [begin, end]}}."""
    folder.mkdir()
    bounds = {topic: {} for topic in topics}
    for topic in topics:
        with open(folder / f"{topic}.ndjson", "w", encoding="utf-8") as file:
            for message in records(brokers, [topic], lambda t, p, low, high: bounds[t].update({p: [low, high]})):
                file.write(json.dumps(line_of(message)) + "\n")
    return bounds


def record(folder, conninfos, brokers):
    """Writes tables and topics beside what a generator may have written there."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for database, conninfo in conninfos.items():
        dump_tables(database, conninfo, folder / "tables" / database)
    meta = {"recorded_at": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            "bounds": dump_topics(brokers, topics_of(conninfos), folder / "topics")}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
