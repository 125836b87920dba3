"""What runs while faults happen: workers and relays behind proxies, who is started again when it has ended;
and samples of how it goes on."""

import collections
import os
import pathlib
import threading
import time

from proxy import Kafka, Postgres, Proxies
from stranger import Refused, Stranger
from world import SUPPORT, World, wait_until

DATABASES = ("customer_db", "order_db", "intl_shipping_db")
BROKERS = (1, 2, 3)
# Two of what has the most to do, so that there is another one to take over.
PROGRAMS = (("quenty-order", "order_db"), ("quenty-order", "order_db"), ("quenty-customer", "customer_db"),
            ("quenty-shipping", "intl_shipping_db"), ("quenty-relay", "order_db"), ("quenty-relay", "order_db"),
            ("quenty-relay", "customer_db"), ("quenty-relay", "intl_shipping_db"))
READY = {"quenty-relay": "event=relay_leading"}
SANITIZERS = ("AddressSanitizer", "runtime error:", "LeakSanitizer", "Assertion")
WAIT_S = 8        # how long an event waits for what it refers to
READY_S = 90      # until a program is at work
STOP_S = 20       # until a program that was asked to end has ended
WATCH_S = 0.2
SAMPLE_S = 1
# A broker's lease is short, but not as short as where brokers are alone on the machine.
KAFKA = ("broker.session.timeout.ms=4000", "broker.heartbeat.interval.ms=1000")
POSTGRES = ("max_connections=60", "deadlock_timeout=200ms")

# Three brokers at once, and on a machine that may have other things to do.
os.environ.setdefault("KAFKA_WAIT_S", "240")

Sample = collections.namedtuple("Sample", "time database applied published")


class Service:
    """A program that is to run; its process changes."""

    def __init__(self, number, program, database):
        self.name, self.program, self.database = f"{program}.{number}", program, database
        self.is_relay = program == "quenty-relay"
        self.process, self.is_killed = None, False

    def log(self):
        return pathlib.Path(self.process.log).read_text(errors="replace")

    def is_at_work(self):
        return READY.get(self.program, "event=lanes_taken") in self.log()


class System:
    def __init__(self, seed):
        self.proxies = Proxies().__enter__()
        self.ways = {number: self.proxies.listen(Kafka) for number in BROKERS}
        ports = ",".join(str(self.ways[number].port) for number in BROKERS)
        kafka, pg = ([a for setting in settings for a in ("-c", setting)] for settings in (KAFKA, POSTGRES))
        self.world = World(DATABASES, seed, len(BROKERS), kafka=("-x", ports, *kafka), pg=pg)
        self.services = [Service(n, *row) for n, row in enumerate(PROGRAMS, 1)]
        self.samples, self.most, self.ends = [], collections.Counter(), []
        self.started, self.tried_again, self.is_ended = 0, 0, threading.Event()
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self.watch, self.sample)]

    def __enter__(self):
        self.world.__enter__()
        return self

    def __exit__(self, *exception):
        self.end_threads()
        self.world.__exit__(*exception)
        self.proxies.__exit__()

    def end_threads(self):
        self.is_ended.set()
        for thread in self.threads:
            if thread.is_alive():
                thread.join()

    # ---- Programs ----

    def start_all(self):
        self.open_ways()
        self.world.config.write_text(self.world.config.read_text() + f"wait.max_s = {WAIT_S}\n")
        self.world.checker("keep")
        for service in self.services:
            self.start(service)
        for thread in self.threads:
            thread.start()
        self.wait_at_work()

    def open_ways(self):
        """The servers are there now, and behind each proxy is one."""
        for number, address in zip(BROKERS, self.world.behind.split(",")):
            self.ways[number].target = tuple(address.split(":"))
        for database in DATABASES:
            self.ways[database] = self.proxies.listen(
                Postgres, f"{self.world.pg['PGHOST']}/.s.PGSQL.{self.world.pg['PGPORT']}")

    def wait_at_work(self):
        """Every program has a process that works. Of two relays one leads, the other waits."""
        def is_at_work(service):
            return any(s.is_at_work() for s in self.of(service.database, service.is_relay))
        wait_until("programs to be at work", lambda: all(s.is_at_work() if not s.is_relay else is_at_work(s)
                                                         for s in self.services), READY_S)

    def start(self, service):
        """Its sessions say who they are, so that the checker can tell owners apart."""
        self.started += 1
        database, world = service.database, self.world
        conninfo = (f"host=127.0.0.1 port={self.ways[database].port} user={world.pg['PGUSER']} dbname={database} "
                    f"options='-c test.owner={service.name}.{self.started}'")
        brokers = ",".join(f"127.0.0.1:{self.ways[n].port}" for n in BROKERS)
        words = [database] if service.is_relay else []
        service.process = world.process(service.program, *words, f"--{database}.conninfo={conninfo}",
                                        f"--kafka.bootstrap.servers={brokers}").start()

    def of(self, database, is_relay):
        return [s for s in self.services if s.database == database and s.is_relay == is_relay]

    def kill(self, service):
        """SIGKILL; watch() starts it again."""
        service.is_killed = True
        service.process.kill()

    def watch(self):
        while not self.is_ended.wait(WATCH_S):
            for service in self.services:
                if not service.process.runs():
                    self.note_end(service)
                    self.start(service)

    def note_end(self, service):
        """Trouble of a server ends a program that starts, and no other."""
        code, is_killed, service.is_killed = service.process.handle.returncode, service.is_killed, False
        if code == 1 and not service.is_at_work():
            self.tried_again += 1
        elif not is_killed:
            self.ends.append(f"{service.process.name} ended with {code}:\n{service.process.tail(5)}")

    def stop_all(self):
        """Asked to end, each ends with 0. Returns what did not."""
        self.end_threads()
        return [f"{s.process.name} ended with {code}" for s in self.services
                if (code := s.process.stop(STOP_S)) != 0]

    def complaints(self):
        """What sanitizers and asserts have said, in any log."""
        found = []
        for process in self.world.processes:
            lines = pathlib.Path(process.log).read_text(errors="replace").splitlines()
            found += [f"{process.name}: {line}" for line in lines if any(s in line for s in SANITIZERS)][:1]
        return found

    # ---- Servers ----

    def broker_pid(self, number):
        return int((self.world.dir / f"kafka/b{number}/pid").read_text())

    def stop_broker(self, number):
        self.run("kafka", "stop", "kafka", "-b", str(number), "-9")

    def start_broker(self, number):
        """Returns when it answers, also if it runs already."""
        self.run("kafka", "start", "kafka", "-b", str(number))

    def run(self, script, what, folder, *options):
        self.world._run(SUPPORT / script, what, self.world.dir / folder, *options)  # pylint: disable=protected-access

    def wait_for_postgres(self):
        def answers():
            try:
                with Stranger(self.world, "postgres") as stranger:
                    return stranger.ask("SELECT NOT pg_is_in_recovery()") == [("t",)]
            except (OSError, Refused):
                return False
        wait_until("PostgreSQL to answer", answers, 60)

    def postgres_log(self):
        return pathlib.Path(self.world.pg["PG_LOG"]).read_text(errors="replace")

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
