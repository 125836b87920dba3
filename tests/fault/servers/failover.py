"""A standby takes over."""

import pathlib
import socket
import threading
import time
import types

from stranger import Stranger
from system import CONTEXTS, DATABASES, Part
from topics import records
from world import header, wait_until

WRITER_MS = 1000      # after which a relay ends who holds it up
LAG_S = 6             # how far the standby lags behind
STALL_S = 5           # well beyond that
SEEN_S = 60           # until something that was done must have been seen
GO_ON_S = 60          # until programs must have found the new server


class Hung:
    """Stands where a server was, takes connections and never answers: a machine that is gone, or stopped.
    Connections to such a one are not refused."""

    def __init__(self, path):
        pathlib.Path(path).unlink(missing_ok=True)
        self.socket, self.taken = socket.socket(socket.AF_UNIX), []
        self.socket.bind(path)
        pathlib.Path(path).chmod(0o777)
        self.socket.listen(100)
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            self.taken.append(self.socket.accept()[0])


class Failover(Part):
    """Programs know both servers, and are told nothing."""

    def words(self, service):
        return [f"--relay.writer_ms_max={WRITER_MS}"] if service.is_relay else []

    def before(self, system):
        world = system.world
        self.primary, self.standby = world.pg, world.make_standby("standby")
        system.hosts = f"{self.primary['PGHOST']},{self.standby['PGHOST']}"
        self.hung = self.promoted_at = None

    def ask(self, server, text, database="postgres"):
        with Stranger(types.SimpleNamespace(pg=server), database) as stranger:
            return stranger.ask(text)

    def disconnect(self):
        """From here on the standby hears of nothing."""
        self.ask(self.standby, "ALTER SYSTEM SET primary_conninfo = ''")
        self.ask(self.standby, "SELECT pg_reload_conf()")
        wait_until("the standby to be alone", lambda: not self.ask(self.primary, "SELECT pid FROM pg_stat_replication"),
                   SEEN_S)

    def fail_over(self, system):
        """The primary dies, and the standby takes over."""
        world = system.world
        world.stop_postgres()
        self.hung = Hung(f"{self.primary['PGHOST']}/.s.PGSQL.{self.primary['PGPORT']}")
        self.ask(self.standby, "SELECT pg_promote()")
        world.pg = self.standby
        self.promoted_at = self.ask(self.standby, "SELECT clock_timestamp()")[0][0]

    def facts(self, system, timeline, condition="true"):
        """How many facts a database has that were recorded under a timeline."""
        return {d: system.world.number(d, f"SELECT count(*) FROM ev.outbox JOIN ev.source USING (source_id) WHERE "
                                          f"uri LIKE '%/{timeline}' AND {condition}") for d in DATABASES}

    def wait_for_facts(self, system):
        wait_until("facts of every database under the new timeline",
                   lambda: all(self.facts(system, 2).values()), GO_ON_S)

    def healed(self, system, checks):
        after = f"recorded_at > '{self.promoted_at}'"
        new, old = self.facts(system, 2, after), self.facts(system, 1, after)
        checks.check("facts after the failover carry the new source, and it only", all(new.values()) and
                     not any(old.values()), f"{new} under the new one, {old} under the old one")


class FailoverSync(Failover):
    """The standby has all that was committed. It is cut off for a while before: commits wait for it then, for
    longer than a relay waits for a writer."""

    def waiting(self):
        return int(self.ask(self.primary, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")[0][0])

    def wait_for_standby(self):
        wait_until("the standby to be synchronous", lambda: self.ask(
            self.primary, "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"), SEEN_S)

    def fault(self, system):
        self.ask(self.primary, "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        self.ask(self.primary, "SELECT pg_reload_conf()")
        self.wait_for_standby()
        time.sleep(2)  # load with a synchronous standby
        self.disconnect()
        wait_until("commits that wait for the standby", self.waiting, SEEN_S)
        time.sleep(STALL_S)  # the fault itself
        waited = self.waiting()
        self.fail_over(system)
        self.wait_for_facts(system)
        return {"commits that waited for the standby": waited, "failovers": 1,
                "connections to the dead server": len(self.hung.taken)}

    def healed(self, system, checks):
        super().healed(system, checks)
        checks.check("no relay has halted", not system.count("event=relay_halted"))


class FailoverLagging(Failover):
    """The standby lacks what was committed, published and seen last. Relays find that and halt; a person
    declares those facts void; everything goes on, and what had made them is decided once more."""

    may_end = ("that this database does not have",)

    def before(self, system):
        super().before(system)
        self.accepted, self.early, self.lost = {}, None, {}

    def words(self, service):
        more = [f"--relay.accept_fork={self.accepted[service.database]}"] if (
            service.is_relay and service.database in self.accepted) else []
        return super().words(service) + more

    def published(self, system, database, timeline):
        """Ids of facts on the topics, of a timeline."""
        topics = [f"quenty.{c}.events.v1" for c in CONTEXTS[database]]
        return {header(m, "ce_id") for m in records(system.world.brokers, topics)
                if header(m, "ce_source").endswith(f"/{timeline}")}

    def had(self, system, database):
        return {i for i, in system.world.sql(database, "SELECT event_id FROM ev.outbox")}

    def has_halted(self, system, database):
        text = f"facts of /quenty/{database}/"
        return any(text in log and "--relay.accept_fork" in log for log in system.logs().values())

    def fault(self, system):
        self.disconnect()
        time.sleep(LAG_S)  # the fault itself: what happens now is forgotten
        self.fail_over(system)
        wait_until("the relays of every database to halt", lambda: all(
            self.has_halted(system, d) for d in DATABASES), GO_ON_S)
        self.wait_for_facts(system)
        self.early = sum(len(self.published(system, d, 2)) for d in DATABASES)
        self.lost = {d: len(self.published(system, d, 1) - self.had(system, d)) for d in DATABASES}
        halts = system.count("event=relay_halted")
        for database in DATABASES:
            self.accepted[database] = system.world.sql(
                database, "SELECT uri FROM ev.source WHERE uri LIKE '%/1'")[0][0]
        wait_until("each relay to go on", lambda: system.count("event=relay_fork_accepted") >= len(DATABASES), GO_ON_S)
        return {"failovers": 1, "halts": halts, **{f"facts lost by {d}": n for d, n in self.lost.items()}}

    def healed(self, system, checks):
        super().healed(system, checks)
        checks.check("nothing of the new timeline was published before a person had decided", self.early == 0)
