"""A whole system for a test: PostgreSQL, Kafka, the databases, workers and relays, and clients of
another make (confluent-kafka, fastavro). Everything is real; everything it starts it ends by its
process id, also when the test fails."""

import io
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

import fastavro
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from disk import Disk
from topics import records

ROOT = pathlib.Path(__file__).resolve().parents[3]
SUPPORT = ROOT / "tests/support"
BUILD = pathlib.Path(os.environ.get("EV_BUILD", ROOT / "build/asan"))
LAWS = SUPPORT / "laws/check"
CHECKER = SUPPORT / "checker/check"
PARTITIONS = 12
DEAD_LETTER_PARTITIONS = 6
PRIVATE = (b"$argon2id$", b"@example.com")  # of every user that a test makes (shop.py)
CONTEXTS = ("customer", "stock", "order", "shipping")
TOPICS = {**{f"quenty.{c}.{kind}.v1": PARTITIONS for c in CONTEXTS for kind in ("ingress", "events")},
          **{f"quenty.{c}.dead-letters.v1": DEAD_LETTER_PARTITIONS for c in CONTEXTS if c != "stock"},
          "quenty.audit.checkpoints.v1": 1}
FOLDERS = {"quenty-customer": "customer", "quenty-order": "order", "quenty-shipping": "shipping",
           "quenty-relay": "relay", "eventctl": "eventctl", "mockd": "mockd"}


def wait_until(what, condition, seconds):
    """Waits for a condition and returns its value; a deadline that passes is a failure."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for: {what}")
        time.sleep(0.05)


def assignments(text):
    """The shell assignments that the support scripts print."""
    return dict(re.findall(r"(?:^|\s)(\w+)='?([^'\s]*)'?", text))


class Process:
    """A program of ours, with its log in a file."""

    def __init__(self, name, argv, env, log):
        self.name, self.argv, self.env, self.log = name, argv, env, log
        self.handle = None

    def start(self):
        assert self.handle is None or self.handle.poll() is not None
        with open(self.log, "ab") as log:
            self.handle = subprocess.Popen(self.argv, env=self.env, stdin=subprocess.DEVNULL,
                                           stdout=log, stderr=log)
        return self

    @property
    def pid(self):
        return self.handle.pid

    def runs(self):
        return self.handle is not None and self.handle.poll() is None

    def send(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """As a crash would: SIGKILL, and gone when this returns."""
        if self.runs():
            self.handle.kill()
        self.handle.wait(10)

    def stop(self, seconds=15):
        """As an operator would: SIGTERM; the exit code."""
        if self.runs():
            self.handle.terminate()
        return self.handle.wait(seconds)

    def tail(self, lines=15):
        return "\n".join(pathlib.Path(self.log).read_text(errors="replace").splitlines()[-lines:])


class Schemas:
    """Encodes and decodes with fastavro, by the table of ids."""

    def __init__(self):
        self.by_id, self.by_name = {}, {}
        for line in (ROOT / "schemas/ids").read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                number, name, _version, file = line.split()[:4]
                schema = fastavro.parse_schema(json.loads((ROOT / "schemas" / file).read_text()))
                self.by_id[int(number)] = schema
                self.by_name[name] = (int(number), schema)

    def encode(self, name, data):
        number, schema = self.by_name[name]
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, data)
        return b"\0" + number.to_bytes(4, "big") + out.getvalue()

    def decode(self, value):
        assert value[0] == 0
        schema = self.by_id[int.from_bytes(value[1:5], "big")]
        return fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, schema)


class World:
    """kafka and pg: more options of support/kafka and support/pg when the servers are made. embedded: mockd
    in place of Kafka, with the same topics. migrate: more options of `eventctl migrate up`."""

    def __init__(self, databases, seed=None, brokers=1, topics=True, kafka=(), pg=(), embedded=False, migrate=()):
        self.broker_count, self.wants_topics = brokers, topics
        self.options = {"kafka": kafka, "pg": pg, "migrate": migrate}
        self.is_embedded, self.mockd, self.behind = embedded, None, None
        self.seed = int(os.environ.get("EV_SEED", seed if seed is not None else time.time_ns() % 10**6))
        self.random = random.Random(self.seed)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="quenty-test-"))
        self.dir.chmod(0o711)
        self.databases, self.processes, self.schemas = databases, [], Schemas()
        self.clusters = ["pg"]  # folders of support/pg
        self.disks = []        # small ones that can be filled up
        self.is_kept = False  # whether what lies on disk stays behind; not what is on those disks
        print(f"seed {self.seed} (EV_SEED repeats it)", flush=True)

    def __enter__(self):
        # A runner whose patience is over sends SIGTERM: what was started is ended then too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            self._start_servers()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            if process.handle:
                if process.runs():
                    process.send(signal.SIGCONT)
                process.kill()
            if kind:
                print(f"--- end of the log of {process.name}\n{process.tail()}", file=sys.stderr)
        if self.mockd and self.mockd.handle:
            self.mockd.kill()
        subprocess.run([SUPPORT / "kafka", "stop", self.dir / "kafka", "-9"], check=False,
                       capture_output=True)
        for cluster in self.clusters:
            subprocess.run([SUPPORT / "pg", *(["stop", self.dir / cluster, "-9"] if self.is_kept else
                                              ["drop", self.dir / cluster])], check=False, capture_output=True)
        for disk in self.disks:
            disk.close()
        if self.is_kept:
            print(f"kept: {self.dir}", flush=True)
            return
        subprocess.run(["rm", "-rf", self.dir], check=False)

    def mount(self, folder, megabytes, owner=None):
        """A small disk in a folder of this world; gone with it."""
        self.disks.append(Disk(self.dir / folder, megabytes, owner))
        return self.disks[-1]

    def _run(self, *argv, env=None):
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                              env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"{argv[0]} {argv[1:]}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def _start_servers(self):
        self.pg = assignments(self._run(SUPPORT / "pg", "start", self.dir / "pg", *self.options["pg"]))
        if self.is_embedded:
            self._start_mockd()
        else:
            self._start_kafka()
        self.config = self.dir / "quenty.conf"
        # A member that was killed is gone after this long; 45 s by default.
        lines = [f"kafka.bootstrap.servers = {self.brokers}", "kafka.heartbeat.interval.ms = 300"]
        if self.is_embedded:  # it lets members wait for 3 s, and answers no question about sizes
            lines += ["kafka.session.timeout.ms = 6000", "relay.topic_bytes_max = 1048588"]
        else:
            lines.append("kafka.session.timeout.ms = 1500")
        for database in self.databases:
            self.sql("postgres", f"CREATE DATABASE {database}")
            lines.append(f"{database}.conninfo = {self.conninfo(database)}")
        self.config.write_text("\n".join(lines) + "\n")
        for database in self.databases:
            self._run(BUILD / "workers/eventctl/eventctl", "-c", self.config, "migrate", "up", database,
                      *self.options["migrate"])
        if self.wants_topics and not self.is_embedded:
            self._make_topics()

    def _start_kafka(self):
        kafka = assignments(self._run(SUPPORT / "kafka", "start", self.dir / "kafka", "-n", self.broker_count, "-c",
                                      "group.min.session.timeout.ms=500", *self.options["kafka"]))
        self.brokers, self.behind = kafka["BROKERS"], kafka.get("BEHIND")

    def _start_mockd(self):
        words = [f"{name}:{partitions}" for name, partitions in TOPICS.items()]
        self.mockd = Process("mockd", [str(BUILD / "workers/mockd/mockd"), *words], dict(os.environ),
                             self.dir / "mockd.log").start()
        self.brokers = wait_until("the embedded broker", lambda: assignments(
            pathlib.Path(self.mockd.log).read_text()).get("BROKERS"), 30)

    def _make_topics(self):
        admin = AdminClient({"bootstrap.servers": self.brokers})
        copies = min(self.broker_count, 3)
        topics = [NewTopic(name, partitions, copies) for name, partitions in TOPICS.items()]
        for future in admin.create_topics(topics).values():
            future.result(30)
        wait_until("every partition to have a leader that answers",
                   lambda: self.have_leaders(topics), 180)

    def have_leaders(self, topics):
        """A topic is made before its leaders know of it: until then they refuse what is asked."""
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": "test-leaders",
                             "log_level": 2})
        try:
            for topic in topics:
                for partition in range(topic.num_partitions):
                    consumer.get_watermark_offsets(TopicPartition(topic.topic, partition), 5)
        except KafkaException:
            return False
        finally:
            consumer.close()
        return True

    def sql(self, database, text):
        """Rows as tuples of text (None: NULL)."""
        out = self._run("psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-P", "null=\x02",
                        "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text,
                        env={"PGHOST": self.pg["PGHOST"], "PGUSER": self.pg["PGUSER"]})
        return [tuple(None if v == "\x02" else v for v in line.split("\x1f"))
                for line in out.splitlines() if line]

    def number(self, database, text):
        return int(self.sql(database, text)[0][0])

    def conninfo(self, database, user=None):
        return f"host={self.pg['PGHOST']} user={user or self.pg['PGUSER']} dbname={database}"

    def ask_laws(self, topics=True, supposed=None, always=False):
        """Runs laws/check over all databases; supposed: (database, statements) that are rolled back."""
        arguments = (["--brokers", self.brokers] if topics else []) + (["--if", *supposed] if supposed else [])
        arguments += ["--always"] * always
        arguments += [f"{d}={self.conninfo(d)}" for d in self.databases]
        return subprocess.run([sys.executable, LAWS, *arguments], capture_output=True, text=True, check=False)

    def check_laws(self, checks, what="every law holds", **options):
        done = self.ask_laws(**options)
        last = (done.stdout.splitlines() or [""])[-1]
        broken = done.stdout[done.stdout.find("BROKEN"):] if done.returncode else ""
        return checks.check(what, done.returncode == 0, last if not broken else f"{last}\n{broken}{done.stderr}")

    def checker(self, what, *operands):
        """Runs checker/check on all databases: keep, record FOLDER or now."""
        arguments = [what, *operands] + (["--brokers", self.brokers] if what != "keep" else [])
        arguments += [f"{d}={self.conninfo(d)}" for d in self.databases]
        return self._run(sys.executable, CHECKER, *arguments)

    def check_promises(self, checks, history, *options):
        """Records what there is into the folder, and judges it."""
        self.checker("record", history)
        done = subprocess.run([sys.executable, CHECKER, "judge", history, *options], capture_output=True, text=True,
                              check=False)
        print(done.stdout, done.stderr, sep="", end="", flush=True)
        told = {p.name for p in self.processes for text in PRIVATE if text in pathlib.Path(p.log).read_bytes()}
        checks.check("no log tells a secret or an address of a user", not told, " ".join(sorted(told)))
        return checks.check("every promise holds over the recorded history", done.returncode == 0)

    def delete_records(self, topic, partition, offset):
        """Lets a partition begin at this offset, as retention would."""
        admin = AdminClient({"bootstrap.servers": self.brokers})
        for future in admin.delete_records([TopicPartition(topic, partition, offset)]).values():
            future.result(30)

    def members(self, group):
        """How many members Kafka knows of a group."""
        admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 2})
        return len(admin.describe_consumer_groups([group])[group].result(30).members)

    def stop_postgres(self):
        """As a crash would: nobody is told."""
        self._run(SUPPORT / "pg", "stop", self.dir / "pg", "-9")

    def start_postgres(self):
        self._run(SUPPORT / "pg", "start", self.dir / "pg")

    def make_standby(self, folder):
        """A standby of PostgreSQL; the shell assignments that tell where it is."""
        self.clusters.append(folder)
        return assignments(self._run(SUPPORT / "pg", "standby", self.dir / folder, self.dir / "pg"))

    def process(self, program, *arguments, env=None, config=None):
        number = sum(p.name.startswith(program) for p in self.processes) + 1
        name = f"{program}-{number}"
        process = Process(name, [str(BUILD / "workers" / FOLDERS[program] / program), *arguments, "-c",
                                 str(config or self.config)],
                          {**os.environ, **(env or {})}, self.dir / f"{name}.log")
        self.processes.append(process)
        return process

    def producer(self, **settings):
        # Its own log would tell, at the end, that the brokers are gone.
        return Producer({"bootstrap.servers": self.brokers, "partitioner": "murmur2_random",
                         "enable.idempotence": True, "log_level": 2, **settings})

    def event(self, name, data, event_id, source="/test/shop"):
        """(topic, headers, value) of an ingress event."""
        topic = json.loads((ROOT / f"schemas/{name.split('.')[1]}/{name.split('.')[2]}.avsc")
                           .read_text())["quenty"]["topic"]
        headers = [("ce_specversion", b"1.0"), ("ce_id", event_id.encode()),
                   ("ce_source", source.encode()), ("ce_type", name.encode()),
                   ("content-type", b"application/avro")]
        return topic, headers, self.schemas.encode(name, data)

    def read_all(self, topic):
        """Every record of a topic from beginning to end, one partition after the other."""
        return sorted(records(self.brokers, [topic]), key=lambda message: message.partition())


def header(message, name):
    """A header's text, or None."""
    for key, value in message.headers() or []:
        if key == name:
            return value.decode()
    return None


class Checks:
    """Counts what was shown; the last line is what a runner reads."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, good, detail=""):
        self.passed += bool(good)
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}{f': {detail}' if detail else ''}", flush=True)
        return good

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0
