"""What runs while faults happen: workers and relays behind proxies, and samples of how it goes on."""

import collections
import os
import pathlib
import threading
import time

from proxy import Kafka, Postgres, Proxies
from services import Services
from stranger import Refused, Stranger
from world import World

DATABASES = ("customer_db", "order_db", "intl_shipping_db")
BROKERS = (1, 2, 3)
WAIT_S = 8        # how long an event waits for what it refers to
SAMPLE_S = 1
# A broker's lease is short, but not as short as where brokers are alone on the machine.
KAFKA = ("broker.session.timeout.ms=4000", "broker.heartbeat.interval.ms=1000")
POSTGRES = ("max_connections=60", "deadlock_timeout=200ms")

# Three brokers at once, and on a machine that may have other things to do.
os.environ.setdefault("KAFKA_WAIT_S", "240")

Sample = collections.namedtuple("Sample", "time database applied published")


class System(Services):
    def __init__(self, seed):
        self.proxies = Proxies().__enter__()
        self.ways = {number: self.proxies.listen(Kafka) for number in BROKERS}
        ports = ",".join(str(self.ways[number].port) for number in BROKERS)
        kafka, pg = ([a for setting in settings for a in ("-c", setting)] for settings in (KAFKA, POSTGRES))
        self.world = World(DATABASES, seed, len(BROKERS), kafka=("-x", ports, *kafka), pg=pg)
        super().__init__(self.world, self.process)
        self.samples, self.most = [], collections.Counter()
        self.threads.append(threading.Thread(target=self.sample, daemon=True))

    def __enter__(self):
        self.world.__enter__()
        return self

    def __exit__(self, *exception):
        self.end_threads()
        self.world.__exit__(*exception)
        self.proxies.__exit__()

    # ---- Programs ----

    def start_all(self):
        self.open_ways()
        self.world.config.write_text(self.world.config.read_text() + f"wait.max_s = {WAIT_S}\n")
        self.world.checker("keep")
        super().start_all()

    def open_ways(self):
        """The servers are there now, and behind each proxy is one."""
        for number, address in zip(BROKERS, self.world.behind.split(",")):
            self.ways[number].target = tuple(address.split(":"))
        for database in DATABASES:
            self.ways[database] = self.proxies.listen(
                Postgres, f"{self.world.pg['PGHOST']}/.s.PGSQL.{self.world.pg['PGPORT']}")

    def process(self, service, owner):
        database, world = service.database, self.world
        conninfo = (f"host=127.0.0.1 port={self.ways[database].port} user={world.pg['PGUSER']} dbname={database} "
                    f"options='-c test.owner={owner}'")
        brokers = ",".join(f"127.0.0.1:{self.ways[n].port}" for n in BROKERS)
        words = [database] if service.is_relay else []
        return world.process(service.program, *words, f"--{database}.conninfo={conninfo}",
                             f"--kafka.bootstrap.servers={brokers}")

    # ---- How it goes on ----

    def sample(self):
        sessions = {}
        while not self.is_ended.wait(SAMPLE_S):
            for database in DATABASES:
                self.sample_progress(sessions, database)
            for service in self.services:
                self.sample_process(service)
        for session in sessions.values():
            session.socket.close()

    def sample_progress(self, sessions, database):
        try:
            if database not in sessions:
                sessions[database] = Stranger(self.world, database)
            found = sessions[database].ask("""
                SELECT (SELECT sum(greatest(next_offset, 0)) FROM ev.consumer_offset),
                       (SELECT seq FROM ev.relay_position WHERE name = 'outbox')""")[0]
            self.samples.append(Sample(time.monotonic(), database, *(int(f or 0) for f in found)))
        except (OSError, Refused):  # it is down: there is no sample of it
            if database in sessions:
                sessions.pop(database).socket.close()

    def sample_process(self, service):
        proc = pathlib.Path(f"/proc/{service.process.pid}")
        try:
            descriptors = len(list((proc / "fd").iterdir()))
            resident = int((proc / "status").read_text().split("VmRSS:")[1].split()[0]) // 1024
        except (OSError, IndexError):  # it has just ended
            return
        for what, value in (("descriptors", descriptors), ("MB", resident)):
            self.most[service.program, what] = max(self.most[service.program, what], value)

    def progress(self, database, begin, end):
        """How much was applied and published between two moments; None: there are not two samples."""
        found = [s for s in self.samples if s.database == database and begin <= s.time <= end]
        if len(found) < 2:
            return None
        return found[-1].applied - found[0].applied, found[-1].published - found[0].published
