"""The order worker as a team would plainly write it in Python: it takes OrderPlaced from Kafka one by one,
and for each one opens a transaction, looks up and locks what it needs, writes rows and facts, commits, and
commits the offset. At least once by Kafka's offsets, once in effect by the inbox.

It writes the rows that quenty-order writes. An order that is not acceptable ends it: the load has none.

    python_worker.py BROKERS CONNINFO SCHEMAS GROUP sync|async

SIGTERM ends it; it prints a line of JSON then.
"""

import datetime
import hashlib
import io
import json
import os
import pathlib
import signal
import sys
import time

import fastavro
import psycopg
from confluent_kafka import Consumer, TopicPartition

TOPIC, ORDER_FACTS, STOCK_FACTS = "quenty.order.ingress.v1", "quenty.order.events.v1", "quenty.stock.events.v1"
PLACED, ACCEPTED = "quenty.order.OrderPlaced", "quenty.order.OrderAccepted"
CONFIRMED, RESERVED = "quenty.order.OrderConfirmed", "quenty.stock.StockReserved"
OUTCOME_ACCEPTED = 1
DESCRIPTION_MAX = 200
POLL_MAX = 500  # as many as the Java client takes at once

CLAIM = """INSERT INTO ev.inbox_a (source, event_id, content_hash) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"""
PARTIES = """SELECT kind, role, active FROM party_projection
             WHERE (kind = 'company' AND party_id = %s) OR (kind = 'user' AND party_id = %s)"""
PRODUCTS = """SELECT p.id, p.sku, p.company_id, p.active, p.price, p.category,
                     coalesce(nullif(p.description, ''), p.name), p.weight,
                     coalesce(round((dimensions ->> 'length')::numeric * (dimensions ->> 'width')::numeric
                                    * (dimensions ->> 'height')::numeric), 0)::bigint,
                     x.currency, x.hs_code, x.country_of_origin
              FROM products p JOIN product_extras x ON x.product_id = p.id WHERE p.sku = ANY (%s)"""
LOTS = """SELECT id, product_id, quantity - reserved_quantity, location, batch_number, expiry_date
          FROM inventory_items WHERE product_id = ANY (%s) AND (expiry_date IS NULL OR expiry_date > now())
          ORDER BY id FOR UPDATE"""
ORDER = """INSERT INTO orders (order_number, status, total_amount, currency, customer_id, company_id)
           VALUES (%s, 'confirmed', %s, %s, %s, %s) RETURNING id"""
EXTRAS = """INSERT INTO order_extras (order_id, origin_country, destination_country, placed_at, placed_event_id,
                confirmation, reservation_ttl_s, backorder, preferred_location)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
ITEM = """INSERT INTO order_items (order_id, product_id, quantity, unit_price, total_price)
          VALUES (%s, %s, %s, %s, %s) RETURNING id"""
RESERVE = """INSERT INTO stock_reservations
                 (order_id, order_item_id, product_id, inventory_item_id, quantity, status)
             VALUES (%s, %s, %s, %s, %s, 'open')"""
TAKE = """UPDATE inventory_items SET reserved_quantity = reserved_quantity + %s, updated_at = now() WHERE id = %s"""
ANNOUNCE = """INSERT INTO ev.outbox (event_id, schema_id, source_id, topic, type, outcome, key, subject,
                  correlation_id, causation_id, causation_source, payload)
              VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""


class Codec:
    """The project's schemas and their numbers."""

    def __init__(self, folder):
        self.ids, self.schemas = {}, {}
        for line in (folder / "ids").read_text().splitlines():
            if line and not line.startswith("#"):
                number, name, _version, file = line.split()[:4]
                self.ids[name] = int(number)
                self.schemas[name] = fastavro.parse_schema(json.loads((folder / file).read_text()))

    def decode(self, value):
        """00, the schema's number, the value."""
        assert value[0] == 0 and int.from_bytes(value[1:5], "big") == self.ids[PLACED]
        return fastavro.schemaless_reader(io.BytesIO(value[5:]), self.schemas[PLACED], None)

    def encode(self, name, data):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self.schemas[name], data)
        return out.getvalue()


def time_ordered():
    """UUID version 7, so that keys are inserted at one end of an index."""
    random = bytearray(os.urandom(10))
    random[0] = random[0] & 0x0F | 0x70
    random[2] = random[2] & 0x3F | 0x80
    return (int(time.time() * 1000).to_bytes(6, "big") + random).hex()


def check_parties(cursor, placed):
    parties = cursor.execute(PARTIES, (placed["company_id"], placed["customer_id"])).fetchall()
    assert len(parties) == 2, "company or customer is unknown"
    assert all(active and role != "viewer" for _, role, active in parties), "company or customer may not"


def read_lines(cursor, placed):
    """(product, quantity, price), one for each SKU."""
    quantities, prices = {}, {}
    for line in placed["lines"]:
        quantities[line["sku"]] = quantities.get(line["sku"], 0) + line["quantity"]
        prices[line["sku"]] = line["unit_price"]
    products = {row[1]: row for row in cursor.execute(PRODUCTS, (list(quantities),))}
    lines = [(products[sku], quantity, prices[sku]) for sku, quantity in quantities.items()]
    for product, quantity, price in lines:
        assert product[2:5] == (placed["company_id"], True, price) and quantity > 0, "a line is wrong"
        assert product[9] == placed["currency"], "a line is in another currency"
    assert lines and sum(q * price for _, q, price in lines) == placed["total_amount"], "the total is wrong"
    return lines


def take_lots(cursor, lines):
    """(number of the line, lot, quantity): first expired, first out. The lots stay locked until the commit."""
    never = datetime.datetime.max.replace(tzinfo=datetime.timezone.utc)
    lots = sorted(cursor.execute(LOTS, ([product[0] for product, _, _ in lines],)),
                  key=lambda lot: (lot[5] or never, lot[0]))
    taken = []
    for number, (product, missing, _) in enumerate(lines):
        for lot in lots:
            quantity = min(missing, lot[2]) if lot[1] == product[0] else 0
            if quantity > 0:
                taken.append((number, lot, quantity))
                missing -= quantity
        assert not missing, f"out of stock: {product[1]}"
    return taken


def insert_rows(cursor, event_id, placed, lines, taken):
    order = cursor.execute(ORDER, (placed["order_number"], placed["total_amount"], placed["currency"],
                                   placed["customer_id"], placed["company_id"])).fetchone()[0]
    cursor.execute(EXTRAS, (order, placed["origin_country"] or placed["destination_country"],
                            placed["destination_country"], placed["placed_at"], event_id, placed["confirmation"],
                            placed["reservation_ttl_s"], placed["backorder"], placed["preferred_location"]))
    cursor.executemany(ITEM, [(order, product[0], quantity, price, quantity * price)
                              for product, quantity, price in lines], returning=True)
    items = [cursor.fetchone()[0]]
    while cursor.nextset():
        items.append(cursor.fetchone()[0])
    cursor.executemany(RESERVE, [(order, items[number], lot[1], lot[0], quantity) for number, lot, quantity in taken])
    cursor.executemany(TAKE, [(quantity, lot[0]) for _, lot, quantity in taken])


def facts_of(placed, lines, taken):
    """(topic, type, outcome, data)."""
    same = {name: placed[name] for name in ("order_number", "company_id", "customer_id", "currency", "total_amount",
                                            "destination_country")}
    same["origin_country"] = placed["origin_country"] or placed["destination_country"]
    yield ORDER_FACTS, ACCEPTED, OUTCOME_ACCEPTED, {
        **same, **{name: placed[name] for name in ("placed_at", "confirmation", "reservation_ttl_s", "backorder",
                                                   "preferred_location")},
        "status": "pending",
        "lines": [{"sku": product[1], "product_id": product[0], "quantity": quantity, "unit_price": price,
                   "total_price": quantity * price} for product, quantity, price in lines]}
    yield STOCK_FACTS, RESERVED, None, {
        "order_number": placed["order_number"], "company_id": placed["company_id"],
        "lots": [{"inventory_item_id": lot[0], "sku": lines[number][0][1], "product_id": lot[1], "location": lot[3],
                  "batch_number": lot[4], "expiry_date": lot[5], "quantity": quantity}
                 for number, lot, quantity in taken]}
    yield ORDER_FACTS, CONFIRMED, None, {
        **same, "old_status": "pending", "new_status": "confirmed",
        "lines": [{"sku": product[1], "product_id": product[0], "quantity": quantity, "category": product[5],
                   "description": product[6][:DESCRIPTION_MAX], "hs_code": product[10],
                   "country_of_origin": product[11], "unit_weight": product[7], "unit_volume_cm3": product[8],
                   "line_value": quantity * price} for product, quantity, price in lines]}


class Worker:
    def __init__(self, brokers, conninfo, schemas, group, waits):
        self.codec, self.waits = Codec(pathlib.Path(schemas)), waits
        self.db = psycopg.connect(conninfo)
        self.names = dict(self.db.execute("SELECT name, id FROM ev.name_ids(%s)", (
            [ORDER_FACTS, STOCK_FACTS, ACCEPTED, CONFIRMED, RESERVED],)))
        self.source_id = self.db.execute("SELECT ev.source_id(ev.current_source_uri())").fetchone()[0]
        self.db.commit()
        self.consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "enable.auto.commit": False,
                                  "auto.offset.reset": "earliest"})
        self.consumer.subscribe([TOPIC])
        self.commits, self.ended = [], False

    def announce(self, cursor, cause, placed, facts):
        cursor.executemany(ANNOUNCE, [
            (time_ordered(), self.codec.ids[name], self.source_id, self.names[topic], self.names[name], outcome,
             placed["company_id"], placed["order_number"], cause.get("ce_correlationid", cause["ce_id"]),
             cause["ce_id"], cause["ce_source"], self.codec.encode(name, data))
            for topic, name, outcome, data in facts])

    def apply(self, message):
        cause = {name: value.decode() for name, value in message.headers()}
        digest = hashlib.sha256(message.value()).digest()
        with self.db.cursor() as cursor:
            if cursor.execute(CLAIM, (cause["ce_source"], cause["ce_id"], digest)).rowcount:
                placed = self.codec.decode(message.value())
                assert placed["confirmation"] == "AUTO", "not confirmed at once"
                check_parties(cursor, placed)
                lines = read_lines(cursor, placed)
                taken = take_lots(cursor, lines)
                insert_rows(cursor, cause["ce_id"], placed, lines, taken)
                self.announce(cursor, cause, placed, facts_of(placed, lines, taken))
        self.db.commit()
        self.commits = [*self.commits[:1], time.monotonic()]

    def run(self):
        """The number of messages."""
        count = 0
        while not self.ended:
            for message in self.consumer.consume(POLL_MAX, 0.2):
                assert not message.error(), message.error()
                self.apply(message)
                self.consumer.commit(offsets=[TopicPartition(message.topic(), message.partition(),
                                                             message.offset() + 1)], asynchronous=not self.waits)
                count += 1
                if self.ended:
                    break
        self.consumer.close()
        return count

    def end(self, *_):
        self.ended = True


def resident_mb():
    status = pathlib.Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmRSS:") + 1]) / 1024


def main(brokers, conninfo, schemas, group, offsets):
    worker = Worker(brokers, conninfo, schemas, group, offsets == "sync")
    signal.signal(signal.SIGTERM, worker.end)
    count = worker.run()
    rate = (count - 1) / (worker.commits[-1] - worker.commits[0]) if count > 1 else 0
    print(json.dumps({"count": count, "rate": round(rate, 1), "cpu_s": round(time.process_time(), 1),
                      "resident_mb": round(resident_mb(), 1)}))


main(*sys.argv[1:])
