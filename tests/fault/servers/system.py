"""One broker, one PostgreSQL and every program, for the parts that break something around them."""

import os
import pathlib
import time

from services import PROGRAMS, Services
from world import ROOT, World

DATABASES = ("customer_db", "order_db", "intl_shipping_db")
CONTEXTS = {"customer_db": ("customer",), "order_db": ("stock", "order"), "intl_shipping_db": ("shipping",)}
OWNERS = {"customer_db": "customer", "order_db": "order", "intl_shipping_db": "shipping"}
# Leases that outlast a machine which has other things to do: only the faults of a part are to be faults.
KAFKA = ("broker.session.timeout.ms=6000", "broker.heartbeat.interval.ms=500")
SESSION_MS = 6000     # of a worker
os.environ.setdefault("KAFKA_WAIT_S", "240")
WAIT_S = 8        # how long an event waits for what it refers to


class Part:
    """A fault, or some of a kind. A part is asked in the order of these methods."""

    pg = ()                    # settings of PostgreSQL
    programs = PROGRAMS
    may_end = ()               # texts of programs that may end although they were at work and not killed

    def prepare(self, system):
        """Before there are servers."""

    def before(self, system):
        """Servers stand, databases and topics are made; no program runs yet."""

    def words(self, _service):
        """More arguments of a program."""
        return []

    def dress(self, service, process):
        """Changes how a process is started."""

    def fault(self, system):
        """Under load. Returns {what: how often it happened}, and leaves everything healed."""

    def healed(self, system, checks):
        """Everything is applied and published; programs run."""

    def after(self, system, checks):
        """Programs have ended."""


class System(Services):
    def __init__(self, parts, seed):
        self.parts = parts
        kafka, pg = ([a for setting in settings for a in ("-c", setting)]
                     for settings in (KAFKA, [setting for part in parts for setting in part.pg]))
        self.world = World(DATABASES, seed, kafka=kafka, pg=pg)
        self.hosts = None
        super().__init__(self.world, self.process, parts[0].programs)

    def __enter__(self):
        try:
            for part in self.parts:
                part.prepare(self)
        except BaseException:
            self.world.__exit__(None, None, None)
            raise
        self.world.__enter__()
        self.hosts = self.world.pg["PGHOST"]
        return self

    def __exit__(self, *exception):
        self.end_threads()
        self.world.__exit__(*exception)

    def begin(self):
        """Everything runs, and has nothing to do."""
        settings = self.world.config.read_text().replace("session.timeout.ms = 1500", f"session.timeout.ms = {SESSION_MS}")
        self.world.config.write_text(settings + f"wait.max_s = {WAIT_S}\n")
        self.world.checker("keep")
        for part in self.parts:
            part.before(self)
        self.start_all()

    def process(self, service, owner):
        conninfo = (f"host={self.hosts} user={role(service)} dbname={service.database} "
                    f"options='-c test.owner={owner}'")
        words = [service.database] if service.is_relay else []
        process = self.world.process(service.program, *words, f"--{service.database}.conninfo={conninfo}",
                                     *(word for part in self.parts for word in part.words(service)))
        for part in self.parts:
            part.dress(service, process)
        return process

    def logs(self):
        """What the programs have said, in all their lives."""
        return {p.name: pathlib.Path(p.log).read_text(errors="replace") for p in self.world.processes}

    def count(self, text):
        return sum(log.count(text) for log in self.logs().values())

    def data(self):
        """Where PostgreSQL's files are."""
        return pathlib.Path(os.path.realpath(self.world.dir / "pg/home")) / "data"

    def cut_postgres(self, what, *options):
        """support/pg: start, stop."""
        self.run("pg", what, "pg", *options)


def role(service):
    """Each program has its role of the database, as the migrations make it."""
    return f"{OWNERS[service.database]}_{'relay' if service.is_relay else 'worker'}"


def release(process):
    """The program as it is released, instead of the one that tests are built of."""
    folder = pathlib.Path(process.argv[0])
    process.argv[0] = str(ROOT / "build/release/workers" / folder.parent.name / folder.name)


def under_load(seconds):
    """Lets the load go on for a while, with the fault or without."""
    time.sleep(seconds)
