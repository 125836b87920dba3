"""What is wrong with the machine, or stands still."""

import os
import pathlib
import re
import signal
import threading
import time
import uuid

from stranger import Stranger
from system import DATABASES, Part, release
from topics import partition_of
from world import BUILD, PARTITIONS, wait_until

SEEN_S = 90
OFF_S = 3660          # an hour and more: a broker refuses records that are an hour ahead of its own clock
SHIFTED_S = 12        # of load with wrong clocks
STOPPED_S, OPEN_S = 45, 60
RECORD_BYTES = 256 * 1024
FLOOD_RECORDS = 240   # 60 MiB
DATA_MB = {"quenty-relay": 96, "quenty-order": 96, "quenty-customer": 96, "quenty-shipping": 96}


class WallClock(Part):
    """Every program has a wrong clock: those of a kind one ahead and one behind."""

    def prepare(self, system):
        self.offsets = {}

    def dress(self, service, process):
        offset = OFF_S if int(service.name.rsplit(".", 1)[1]) % 2 else -OFF_S
        process.env.update({"EV_CLOCK_OFFSET_S": str(offset), "ASAN_OPTIONS": "verify_asan_link_order=0",
                            "LD_PRELOAD": str(BUILD / "tests/fault/servers/libfault-clock.so")})
        self.offsets[process.name] = offset

    def fault(self, system):
        time.sleep(SHIFTED_S)  # load with wrong clocks
        hits = {"lines of logs an hour ahead": 0, "lines of logs an hour behind": 0}
        for name, log in system.logs().items():
            ahead = self.offsets[name] > 0
            times = re.findall(r"^time=(\S{19})", log, re.M)
            hour = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + self.offsets[name]))
            hits[f"lines of logs an hour {'ahead' if ahead else 'behind'}"] += sum(t[:13] == hour[:13] for t in times)
        return hits


class MemoryLimit(Part):
    """Programs as they are released, with little memory, and a flood of the largest records there are: bytes
    that nobody can read, and requests with too long texts."""

    def dress(self, service, process):
        release(process)
        process.argv = ["prlimit", f"--data={DATA_MB[service.program] << 20}", *process.argv]

    def flood(self, system):
        world, producer, sent = system.world, system.world.producer(**{"linger.ms": 5}), []
        for n in range(FLOOD_RECORDS):
            event_id = str(uuid.UUID(int=world.random.getrandbits(128)))
            topic, headers, value = world.event("quenty.stock.GoodsReceived", {
                "sku": "X", "location": "NORTH", "quantity": 1, "reference_number": f"FLOOD-{n}",
                "received_by": "x" * (RECORD_BYTES - 100)}, event_id)
            value = bytes(RECORD_BYTES) if n % 2 else value
            if n % 4 > 1:
                topic = "quenty.customer.ingress.v1"
            producer.produce(topic, value, f"C-{n}", headers=headers, on_delivery=lambda e, m: sent.append(e))
            producer.poll(0)
            if n % 20 == 0:
                producer.flush(30)
        assert producer.flush(60) == 0
        return sum(error is None for error in sent)

    def fault(self, system):
        self.most, ended = {}, threading.Event()
        watch = threading.Thread(target=self.measure, args=(system, ended), daemon=True)
        watch.start()
        sent = self.flood(system)
        world = system.world
        wait_until("the flood to be decided", lambda: world.number("order_db", """
            SELECT (SELECT count(*) FROM ev.dead_letter WHERE octet_length(value) > 200000)
                 + (SELECT count(*) FROM ev.outbox WHERE outcome IS NOT NULL AND octet_length(payload) > 200000)
                 + (SELECT count(*) FROM ev.parked WHERE octet_length(value) > 200000)""") > 0, SEEN_S)
        time.sleep(5)  # the rest of it
        ended.set()
        watch.join()
        print("most MB of data: " + ", ".join(f"{k} {v}" for k, v in sorted(self.most.items())), flush=True)
        return {"records of 256 KiB": sent, "programs with a limit": self.limited(system)}

    def measure(self, system, ended):
        while not ended.wait(0.3):
            for service in system.services:
                try:
                    status = pathlib.Path(f"/proc/{service.process.pid}/status").read_text()
                    data = int(status.split("VmData:")[1].split()[0]) // 1024
                except (OSError, IndexError):  # it has just ended
                    continue
                self.most[service.program] = max(self.most.get(service.program, 0), data)

    @staticmethod
    def limited(system):
        limits = [pathlib.Path(f"/proc/{s.process.pid}/limits").read_text() for s in system.services if s.process.runs()]
        return sum("unlimited" not in re.search("Max data size.*", text)[0].split()[3] for text in limits)


class Stalls(Part):
    """A broker stands still beyond every patience of its clients; and in another database of the cluster a
    transaction stays open, which holds up nobody."""

    def fault(self, system):
        with Stranger(system.world, "postgres") as stranger:
            stranger.ask("BEGIN")
            stranger.ask("SELECT pg_current_xact_id()")
            opened = time.monotonic()
            pid = system.broker_pid(1)
            os.kill(pid, signal.SIGSTOP)
            time.sleep(STOPPED_S)  # the fault itself
            os.kill(pid, signal.SIGCONT)
            system.start_broker(1)
            before = self.published(system)
            time.sleep(max(0, opened + OPEN_S - time.monotonic()))  # only the transaction is open now
            progress = self.published(system) - before
            stranger.ask("COMMIT")
        return {"seconds that the broker stood still": STOPPED_S, "seconds that the transaction was open": OPEN_S,
                "facts published beside the transaction": progress}

    @staticmethod
    def published(system):
        return sum(system.world.number(d, "SELECT seq FROM ev.relay_position WHERE name = 'outbox'") for d in DATABASES)


class MissingPartition(Part):
    """The outbox runs out of partitions: nobody's record is at fault. Who starts next makes them."""

    may_end = ("no partition of relation",)

    def fault(self, system):
        world, missing = system.world, "no partition of relation"
        parked = {d: self.aside(world, d) for d in DATABASES}
        for database in DATABASES:
            world.sql(database, "SELECT setval('ev.outbox_seq_seq', max(upper_seq) - 3) FROM ev.outbox_partition")
        wait_until("each database to run out of partitions", lambda: all(
            re.search(f"{missing}.*", log) for log in self.logs_of(system)), SEEN_S)
        wait_until("partitions that others have made", lambda: all(world.number(
            d, "SELECT count(*) FROM ev.outbox WHERE seq > 3000000") for d in DATABASES), SEEN_S)
        self.more = {d: self.aside(world, d) - parked[d] for d in DATABASES}
        return {"statements without a partition": system.count(missing),
                "programs that ended for it": sum(missing in end for end in system.ends)}

    @staticmethod
    def logs_of(system):
        return ["".join(log for name, log in system.logs().items() if name.startswith(program))
                for program in ("quenty-customer", "quenty-order", "quenty-shipping")]

    @staticmethod
    def aside(world, database):
        return world.number(database, "SELECT count(*) FROM ev.parked WHERE deadline IS NULL AND reason LIKE '%partition%'"
                            ) + world.number(database, "SELECT count(*) FROM ev.dead_letter WHERE detail LIKE "
                                                       "'%partition of relation%'")

    def healed(self, _system, checks):
        checks.check("no record was blamed for it", not any(self.more.values()), str(self.more))
