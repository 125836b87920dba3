"""The system that benchmarks measure: durable PostgreSQL, Kafka, databases that are copied from seeded
ones for every measurement, programs of the release build, and a topic of orders loaded once."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("EV_BUILD", str(ROOT / "build/release"))
# A broker as in production: it compiles what it does often, and has room.
os.environ.update(KAFKA_FAST="1", KAFKA_HEAP_MB="1024")
sys.path.insert(0, str(ROOT / "tests/support/python"))
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402
from machine import Watch  # noqa: E402
from rounds import Sample  # noqa: E402
from shop import Shop  # noqa: E402
from world import BUILD, PARTITIONS, SUPPORT, World, wait_until  # noqa: E402

INGRESS = "quenty.order.ingress.v1"
FACTS = ("quenty.order.events.v1", "quenty.stock.events.v1")
COMPANIES = 240  # so many that each half of the partitions has about half of the work
SKUS = 20        # of each company
PRODUCTS = COMPANIES * SKUS
STOCK = 10_000_000
LOAD_MAX = 10_000_000  # orders of one load

# The log keeps its files: one that is made anew costs a commit 16 MB of zeros.
SERVER = ("-d", "-c", "shared_buffers=1GB", "-c", "max_wal_size=16GB", "-c", "min_wal_size=8GB",
          "-c", "checkpoint_timeout=1h", "-c", "pg_stat_statements.track=none")
# A thread for each core is what two cores can use: with the eleven of the default a request costs a tenth more and
# waits longer. Topics keep when the broker took a record, which tells where the time goes. A group that is new waits so
# long for members, so that two workers begin with half of the lanes each.
BROKER = ("-c", "num.network.threads=1", "-c", "num.io.threads=1", "-c", "log.message.timestamp.type=LogAppendTime",
          "-c", "group.initial.rebalance.delay.ms=2000")


PARTIES = f"""
    INSERT INTO party_projection (kind, party_id, active, source, last_sequence)
    SELECT 'company', 'C-' || n, true, '/bench', 1 FROM generate_series(0, {COMPANIES - 1}) n;
    INSERT INTO party_projection (kind, party_id, role, active, source, last_sequence)
    VALUES ('user', 'U-1', 'customer', true, '/bench', 2)"""

# What bench-load makes of it: two lines an order, of products of one company.
ORDERS = ("--companies", COMPANIES, "--skus", SKUS, "--lines", 2)


class Tool:
    """A program of this folder that prints lines "key value". It is a zombie until its block ends, so that its
    CPU time can be asked for."""

    def __init__(self, words, errors):
        self.handle = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=errors,
                                       stdin=subprocess.DEVNULL, text=True)
        self.pid, self.errors = self.handle.pid, errors

    def told(self):
        out = self.handle.stdout.read()
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT).si_status:
            self.errors.seek(0)
            raise RuntimeError(f"{self.handle.args}: {self.errors.read()}")
        return dict(line.split(None, 1) for line in out.splitlines() if line.strip())

    def end(self):
        if self.handle.poll() is None:
            self.handle.kill()
        self.handle.wait()
        self.handle.stdout.close()


class Bench(World):
    def __init__(self, databases=("order_db",), kafka=BROKER):
        super().__init__(list(databases), pg=SERVER, kafka=kafka, migrate=("--profile", "core"))
        self.loads, self.has_receipts = 0, False

    def _start_servers(self):
        """With the clients' own times: tests want members that were killed to be gone at once."""
        super()._start_servers()
        self.config.write_text("".join(line for line in self.config.read_text().splitlines(True)
                                       if not line.startswith(("kafka.session", "kafka.heartbeat"))))

    def seed_orders(self, name="seed", profile="core", out_of_stock=0.0):
        """Makes a database of that name that has all that orders refer to, to be copied. The first companies
        have no stock. profile: of the migrations."""
        self.sql("postgres", "DROP DATABASE IF EXISTS order_db")
        self.sql("postgres", "CREATE DATABASE order_db")
        self._run(BUILD / "workers/eventctl/eventctl", "-c", self.config, "migrate", "up", "order_db", "--profile", profile)
        self.sql("order_db", f"""
            INSERT INTO products (id, name, sku, category, price, company_id, weight, dimensions)
            SELECT n, 'Product ' || n, 'SKU-' || n, 'toys', 10, 'C-' || n % {COMPANIES}, 1.25,
                   '{{"length": 30.0, "width": 20.0, "height": 10.0}}'
            FROM generate_series(1, {PRODUCTS}) n;
            INSERT INTO product_extras (product_id, currency, hs_code, country_of_origin)
            SELECT id, 'USD', '9503.00', 'CO' FROM products;
            {PARTIES}""")
        self._receive_stock()
        empty = f"SELECT id FROM products WHERE id % {COMPANIES} < {round(COMPANIES * out_of_stock)}"
        self.sql("order_db", f"""
            DELETE FROM stock_movements WHERE product_id IN ({empty});
            DELETE FROM inventory_items WHERE product_id IN ({empty})""")
        self.sql("order_db", "VACUUM ANALYZE")
        self.sql("postgres", f"ALTER DATABASE order_db RENAME TO {name}")

    def _receive_stock(self):
        """By the worker, since the laws ask for the fact behind each movement. The events are sent once."""
        if not self.has_receipts:
            shop = Shop(self)
            for product in range(1, PRODUCTS + 1):
                shop.receive(f"SKU-{product}", f"C-{product % COMPANIES}", STOCK, f"GRN-{product}")
            shop.flush()
            self.has_receipts = True
        with running(self.process("quenty-order")):
            poll("stock to be received", lambda: self.number("order_db", "SELECT count(*) FROM inventory_items") == PRODUCTS)

    def seed_shipping(self):
        """Lets the database of shipping know the companies."""
        self.sql("intl_shipping_db", f"{PARTIES}; ANALYZE")

    def fresh_database(self, template="seed"):
        self.sql("postgres", "DROP DATABASE IF EXISTS order_db")
        # By files and not through the log, which would be gigabytes of it; its checkpoints write all that is due.
        self.sql("postgres", f"CREATE DATABASE order_db TEMPLATE {template} STRATEGY file_copy")

    def fresh_topics(self, names=FACTS):
        """Facts of one run are not those of another: a relay would halt at the difference."""
        admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 2})
        there = [name for name in names if name in admin.list_topics(timeout=30).topics]
        for future in admin.delete_topics(there).values() if there else ():
            future.result(30)

        def made():
            futures = admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names]).values()
            try:
                for future in futures:
                    future.result(30)
            except Exception:  # pylint: disable=broad-except # still being deleted
                return False
            return True

        wait_until("the topics to be made anew", made, 60)
        wait_until("their leaders", lambda: self.have_leaders([NewTopic(name, PARTITIONS, 1) for name in names]), 60)

    def drop_foreign_keys(self, name):
        """Those that the profile full has and core has not."""
        down = next((ROOT / "migrations/order_db").glob("*_foreign_keys.full.down.sql"))
        self._run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", name, "-f", down,
                  env={"PGHOST": self.pg["PGHOST"], "PGUSER": self.pg["PGUSER"]})

    @contextlib.contextmanager
    def tool_beside(self, name, *words):
        """A program of this folder that runs while others do; ended with the block if it has not ended."""
        with tempfile.TemporaryFile("w+") as errors:
            tool = Tool([BUILD / "tests/bench" / name, *words], errors)
            try:
                yield tool
            finally:
                tool.end()

    def tool(self, name, *words):
        with self.tool_beside(name, *words) as tool:
            return tool.told()

    def load_orders(self, orders, *words):
        """As fast as it goes."""
        return self.tool("bench-load", *self.load_words(), "--at-once", orders, *words)

    def load_words(self):
        """Orders of each load have numbers of their own."""
        self.loads += 1
        return ("--brokers", self.brokers, *ORDERS, "--first", self.loads * LOAD_MAX)

    def server_pids(self):
        postmaster = (pathlib.Path(self.dir) / "pg/home/data/postmaster.pid").read_text().split()[0]
        return {"postgres": [int(postmaster)],
                "broker": [int(self._run(SUPPORT / "kafka", "pid", self.dir / "kafka").strip())]}

    def watch(self, **programs):
        """programs: part = list of Process."""
        parts = {name: [process.pid for process in processes] for name, processes in programs.items() if processes}
        return Watch({**self.server_pids(), **parts})

    def drained(self, orders):
        return self.number("order_db", f"""
            SELECT coalesce(sum(next_offset) FILTER (WHERE next_offset > 0), 0)
            FROM ev.consumer_offset WHERE topic = '{INGRESS}'""") >= orders

    def published(self):
        return self.sql("order_db", """
            SELECT 1 FROM ev.relay_position WHERE name = 'outbox' AND seq >= (SELECT max(seq) FROM ev.outbox)""")

    def is_at_rest(self):
        """Whether every record has been taken and every fact published."""
        told = json.loads(self._run(BUILD / "workers/eventctl/eventctl", "-c", self.config, "status", "-o", "json"))
        return all(lane["lag"] == 0 for database in told["databases"] for lane in database["lanes"]) and \
            all(database["relay"]["outbox"]["backlog"] == 0 for database in told["databases"])

    def last_seq(self):
        return self.number("order_db", "SELECT coalesce(max(seq), 0) FROM ev.outbox")

    def rate(self, after):
        """Orders a second between the first and the last transaction, which is not counted, behind that number
        of the outbox."""
        return float(self.sql("order_db", f"""
            SELECT count(*) FILTER (WHERE recorded_at < last) / extract(epoch FROM max(last) - min(recorded_at))
            FROM (SELECT *, max(recorded_at) OVER () AS last
                  FROM ev.outbox_events WHERE outcome IS NOT NULL AND seq > {after}) o""")[0][0])

    def must_hold(self, orders, short=0.0, judged=True):
        """A fast wrong answer counts for nothing. short: share of orders that are to find no stock, about."""
        decided = self.number("order_db", "SELECT count(*) FROM orders WHERE order_number NOT LIKE 'OLD-%'")
        cancelled = self.number("order_db", """
            SELECT count(*) FROM orders WHERE order_number NOT LIKE 'OLD-%' AND status = 'cancelled'""")
        assert decided == orders, f"{decided} of {orders} orders were decided"
        assert abs(cancelled / orders - short) <= short / 4, f"{cancelled} of {orders} orders were cancelled"
        if not judged:
            return
        done = self.ask_laws(topics=False, always=True)  # without a relay there is never rest
        assert done.returncode == 0, f"laws are broken:\n{done.stdout[done.stdout.find('BROKEN'):]}{done.stderr}"


@contextlib.contextmanager
def running(*processes):
    """Processes that are to end well."""
    for process in processes:
        process.start()
    yield
    for process in processes:
        code = process.stop()
        assert code == 0, f"{process.name} ended with {code}:\n{process.tail()}"


def poll(what, condition, seconds=1800, pause=1.0):
    """As wait_until, and rarely: each look is a client that connects, and takes a tenth of a core if it is one of
    five in a second."""
    wait_until(what, lambda: condition() or time.sleep(pause), seconds)


def run_workers(bench, orders, count=1, words=(), template="seed", short=0.0, judged=True):
    """Drains the loaded topic into a fresh database: orders a second. judged: by the laws."""
    bench.fresh_database(template)
    after = bench.last_seq()
    workers = [bench.process("quenty-order", *words) for _ in range(count)]
    with running(*workers):
        watch = bench.watch(worker=workers)
        poll("the orders to be drained", lambda: bench.drained(orders))
        watch.end()
    bench.must_hold(orders, short, judged)
    return Sample(bench.rate(after), watch, orders=orders)
