"""Clients of the whole system in a test: a shop, a warehouse, customs and carriers, which send events
and remember what was acknowledged; and when all of it has been applied and published."""

import datetime
import hashlib
import json
import subprocess
import time
import uuid
from decimal import Decimal

from world import PARTITIONS, header, wait_until

GROUPS = {"customer_db": ("quenty.customer.ingress.v1",),
          "order_db": ("quenty.stock.ingress.v1", "quenty.order.ingress.v1", "quenty.shipping.events.v1",
                       "quenty.customer.events.v1"),
          "intl_shipping_db": ("quenty.shipping.ingress.v1", "quenty.order.events.v1",
                               "quenty.customer.events.v1")}
SOON_S = 10  # what is not due by then comes after whatever a test looks at
EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def add_parties(world, database, companies, suffix=""):
    """What customer facts would tell: each company, and its customer."""
    world.sql(database, f"""
        INSERT INTO party_projection (kind, party_id, role, active, company_id, source, last_sequence)
        SELECT 'company', 'C-' || n || '{suffix}', NULL, true, NULL, '/test', n FROM generate_series(1, {companies}) n
        UNION ALL
        SELECT 'user', 'U-' || n || '{suffix}', 'customer', true, 'C-' || n || '{suffix}', '/test', n
        FROM generate_series(1, {companies}) n""")


class Shop:
    """With a folder, a history of what was acknowledged is written into it (support/checker)."""

    def __init__(self, world, history=None, **settings):
        self.world, self.producer = world, world.producer(**{"linger.ms": 2, **settings})
        self.acknowledged, self.sent = {}, 0
        self.history = open(history / "sent.ndjson", "a", encoding="utf-8") if history else None

    def send(self, name, data, key, event_id=None):
        event_id = event_id or str(uuid.UUID(int=self.world.random.getrandbits(128)))
        topic, headers, value = self.world.event(name, data, event_id)
        return self.produce(topic, headers, value, key, event_id, name)

    def produce(self, topic, headers, value, key, event_id, name):
        sent = {"id": event_id, "source": dict(headers)["ce_source"].decode(), "type": name, "key": key,
                "sha": hashlib.sha256(value).hexdigest()}
        while True:
            try:
                self.producer.produce(topic, value, key, headers=headers,
                                      on_delivery=lambda e, m: self.note(e, m, sent))
                break
            except BufferError:
                self.producer.poll(0.1)
        self.producer.poll(0)
        return event_id

    def note(self, error, message, sent):
        assert error is None, error
        self.acknowledged[sent["id"]] = sent["type"]
        if self.history:
            self.history.write(json.dumps({"time": time.time(), "topic": message.topic(), "offset": message.offset(),
                                           "partition": message.partition(), **sent}) + "\n")

    def flush(self):
        assert self.producer.flush(60) == 0
        if self.history:
            self.history.flush()

    def register(self, company, user):
        self.send("quenty.customer.CompanyRegistrationRequested", {"company_id": company, "name": company}, company)
        return self.register_user(company, user)

    def register_user(self, company, user):
        return self.send("quenty.customer.UserRegistrationRequested", {
            "unique_id": user, "company_id": company, "username": user, "email": f"{user}@example.com",
            "password_hash": "$argon2id$test", "role": "customer"}, company)

    def list_product(self, sku, company, price="10.00", **changes):
        return self.send("quenty.stock.ProductListingRequested", {
            "sku": sku, "company_id": company, "name": f"Product {sku}", "category": "toys",
            "price": Decimal(price), "currency": "USD", "weight": Decimal("1.250"), "length": Decimal("30.0"),
            "width": Decimal("20.0"), "height": Decimal("10.0"), "hs_code": "9503.00",
            "country_of_origin": "SE", **changes}, company)

    def receive(self, sku, company, quantity, reference, location="NORTH"):
        return self.send("quenty.stock.GoodsReceived", {
            "sku": sku, "location": location, "quantity": quantity, "reference_number": reference,
            "received_by": "dock-1"}, company)

    def place(self, number, company, lines, price="10.00", **changes):
        """lines: [(sku, quantity)], all of one price."""
        total = sum(quantity for _, quantity in lines) * Decimal(price)
        return self.send("quenty.order.OrderPlaced", {
            "order_number": number, "company_id": company, "customer_id": "U-" + company[2:], "currency": "USD",
            "total_amount": total, "placed_at": EPOCH, "destination_country": "SE",
            "lines": [{"sku": s, "quantity": q, "unit_price": Decimal(price)} for s, q in lines], **changes}, company)

    def confirm(self, number, company):
        return self.send("quenty.order.OrderConfirmationRequested", {"order_number": number}, company)

    def cancel(self, number, company):
        return self.send("quenty.order.OrderCancellationRequested", {
            "order_number": number, "reason": "changed my mind", "requested_by": "ann"}, company)

    def customs(self, number, company, tracking=None, retryable=False):
        return self.send("quenty.shipping.CustomsDecisionReported", {
            "unique_id": f"MAN-{number}", "approved": tracking is not None, "tracking_number": tracking,
            "reason": None if tracking else "declared too low", "retryable": retryable, "decided_at": EPOCH}, company)

    def pickup(self, number, company):
        return self.send("quenty.shipping.PickupReported", {
            "unique_id": f"MAN-{number}", "at": EPOCH, "carrier": "CARGO-7"}, company)


def ends_of(world, topics):
    """{(topic, partition): end of its log}, with partitions as text."""
    out = subprocess.run(["kcat", "-m", "30", "-b", world.brokers, "-Q"] +
                         [a for t in topics for p in range(PARTITIONS) for a in ("-t", f"{t}:{p}:-1")],
                         capture_output=True, text=True, check=True).stdout
    return {(line.split(" [")[0], line.split("[")[1].split("]")[0]): int(line.split("offset ")[1])
            for line in out.splitlines()}


def lag(world):
    """Records on ingress and fact topics that their workers have not applied."""
    ends = ends_of(world, sorted({t for d in world.databases for t in GROUPS.get(d, ())}))
    behind = 0
    for database in world.databases:
        rows = world.sql(database, "SELECT topic, partition, next_offset FROM ev.consumer_offset")
        applied = {(t, p): max(int(o), 0) for t, p, o in rows}
        behind += sum(end - applied.get(lane, 0) for lane, end in ends.items()
                      if lane[0] in GROUPS.get(database, ()))
    return behind


def unpublished(world):
    """Facts to be published."""
    return sum(world.number(d, """SELECT count(*) FROM ev.outbox o, ev.relay_position p
                                  WHERE p.name = 'outbox' AND o.seq > p.seq""") for d in world.databases)


def running_out(world):
    """Orders that the clock is about to cancel: while one is left, a fact may come that nobody asked for."""
    return sum(world.number(d, f"""SELECT count(*) FROM orders o JOIN order_extras x ON x.order_id = o.id
                                   WHERE o.status = 'pending' AND x.expires_at < now() + interval '{SOON_S} s'""")
               for d in world.databases if d.startswith("order_db"))


def unsettled(world):
    """The same, records that wait, and orders whose time is running out."""
    return running_out(world) + unpublished(world) + sum(
        world.number(d, "SELECT count(*) FROM ev.parked WHERE deadline IS NOT NULL") for d in world.databases)


def is_at_rest(world):
    """A fact may be on its way from one database to another: two looks must agree."""
    return all(lag(world) == 0 and unsettled(world) == 0 for _ in range(2))


def wait_for_rest(world, healed, seconds):
    """Seconds since everything was healed, or None if it took more than so many; then what is left is printed."""
    try:
        wait_until("everything to be applied and published", lambda: is_at_rest(world),
                   max(1, healed + seconds - time.monotonic()))
    except TimeoutError:
        print(f"lag {lag(world)}, unsettled {unsettled(world)}")
        for database in world.databases:
            print(database, world.sql(database, "SELECT topic, partition, \"offset\", aggregate, reason, detail, "
                                                "deadline, now() FROM ev.parked"))
            print(database, world.sql(database, "SELECT topic, partition, next_offset, halted_reason "
                                                "FROM ev.consumer_offset WHERE halted_reason IS NOT NULL"))
        return None
    return time.monotonic() - healed


def outcomes(world, topic):
    """{cause: (type, fields)} of the outcomes on a topic."""
    return {header(m, "ce_causationid"): (header(m, "ce_type").split(".")[-1], world.schemas.decode(m.value()))
            for m in world.read_all(topic) if header(m, "ce_outcome")}
