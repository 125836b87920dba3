"""A place where goods come in: one database, a worker, a relay, records on one partition, and the operator's
tool. For tests of records and lanes that do not go on."""

import json
import subprocess

from world import BUILD, World, wait_until

EVENTCTL = BUILD / "workers/eventctl/eventctl"
DONE, FAILED, USAGE, REFUSED, DIFFERENCES = range(5)
INGRESS = "quenty.stock.ingress.v1"
RECEIVED = "quenty.stock.GoodsReceived"
LANE = 3  # one partition, so that the order of all records is known
WHY = ("--reason", "a test wants it")


class Place(World):
    """A world with a worker, a relay, and a table of lots that has something against some places."""

    def __enter__(self):
        super().__enter__()
        self.sql("order_db", """
            INSERT INTO products (name, sku, category, price, company_id)
            SELECT 'p', 'SKU-' || n, 'toys', 10, 'C-1' FROM generate_series(0, 99) n;
            CREATE FUNCTION against() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
                IF NEW.location = 'BAD' THEN RAISE 'this place is bad' USING ERRCODE = '22003'; END IF;
                IF NEW.location = 'BUSY' THEN RAISE 'not now' USING ERRCODE = '55P03'; END IF;
                IF NEW.location = 'SLOW' THEN PERFORM pg_sleep(4); END IF;
                IF NEW.location = 'DEADLY' THEN PERFORM pg_sleep(60); END IF;
                RETURN NEW; END $$;
            CREATE TRIGGER against BEFORE INSERT OR UPDATE ON inventory_items FOR EACH ROW
            EXECUTE FUNCTION against()""")
        self.sent, self.out = 0, self.producer()
        self.worker = self.process("quenty-order")
        self.relay = self.process("quenty-relay", "order_db")
        return self

    def rest(self):
        """Nobody reads."""
        if self.worker.runs():
            self.worker.stop()

    def against(self, place):
        """The places of the trigger harm, or nothing does."""
        self.sql("order_db", f"ALTER TABLE inventory_items {'ENABLE' if place else 'DISABLE'} TRIGGER against")

    def send(self, sku, location="NORTH", value=None, flush=True, partition=LANE, number=None):
        """A receipt; `number`: that of one that was sent before, again."""
        self.sent += number is None
        number = number or self.sent
        topic, headers, body = self.event(RECEIVED, {
            "sku": sku, "location": location, "batch_number": None, "expiry_date": None, "quantity": 1,
            "min_stock_level": None, "max_stock_level": None, "reference_number": f"GRN-{number}",
            "received_by": "dock-1"}, f"e-{number}")
        self.out.produce(topic, value or body, "C-1", headers=headers, partition=partition)
        if flush:
            assert self.out.flush(30) == 0
        return f"e-{number}"

    def ctl(self, *words):
        done = subprocess.run([str(w) for w in (EVENTCTL, "-c", self.config, *words)], text=True,
                              capture_output=True, timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr.strip()

    def records(self, *words):
        code, out, err = self.ctl(*words, "-o", "json")
        assert code == DONE, err
        return json.loads(out)["records"]

    def parked(self):
        return self.sql("order_db", """SELECT reason, "offset", redrive FROM ev.parked
                                       WHERE deadline IS NULL ORDER BY "offset" """)

    def pieces(self, sku):
        return self.number("order_db", f"""SELECT coalesce(sum(i.quantity), 0) FROM inventory_items i
                                           JOIN products p ON p.id = i.product_id WHERE p.sku = '{sku}'""")

    def order_of(self, sku):
        """The causes of an aggregate's receipts, in the order in which they were announced."""
        return [r[0] for r in self.sql("order_db", f"""
            SELECT causation_id FROM ev.outbox_events
            WHERE subject = '{sku}' AND type = 'quenty.stock.StockReceived' ORDER BY seq""")]

    def applied(self, partition=LANE):
        return self.number("order_db", f"""SELECT coalesce(max(next_offset), -2) FROM ev.consumer_offset
                                           WHERE topic = '{INGRESS}' AND partition = {partition}""")

    def halted(self):
        return self.sql("order_db", """SELECT partition, next_offset, halted_reason FROM ev.consumer_offset
                                       WHERE halted_reason IS NOT NULL ORDER BY partition""")

    def end(self):
        """The end of the lane's log."""
        out = subprocess.run(["kcat", "-b", self.brokers, "-Q", "-t", f"{INGRESS}:{LANE}:-1"], text=True,
                             capture_output=True, check=True).stdout
        return int(out.split("offset ")[1])

    def wait_applied(self, seconds=60):
        wait_until("all to be applied or set aside", lambda: self.applied() == self.end(), seconds)

    def wait_published(self, seconds=30):
        """What a relay has still to do changes its position."""
        wait_until("all to be published", lambda: not self.sql("order_db", """
            SELECT 1 FROM ev.relay_position p CROSS JOIN LATERAL (
                SELECT seq FROM ev.outbox WHERE p.name = 'outbox'
                UNION ALL SELECT seq FROM ev.dead_letter WHERE p.name = 'dead_letter') o
            WHERE o.seq > p.seq"""), seconds)

    def dump(self):
        """All rows. What is left out: the key that some versions of pg_dump draw for each dump."""
        out = self._run("pg_dump", "-d", "order_db", "--data-only", "-n", "public", "-n", "ev",
                        env={"PGHOST": self.pg["PGHOST"], "PGUSER": self.pg["PGUSER"]})
        return [line for line in out.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]

    def acts(self):
        return [tuple(r) for r in self.sql("order_db", """SELECT action, reason, actor <> '' AND client LIKE '%@%'
                                                          FROM ev.intervention ORDER BY seq""")]
