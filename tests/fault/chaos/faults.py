"""Faults from outside, a row each; and which of them happen when, by a seed.

A fault is a function of the system, its target, a random source and the moment at which its period ends.
It returns how often it really happened, and leaves everything healed."""

import collections
import os
import random as randomness
import signal
import time

from confluent_kafka import Consumer

from proxy import AT_MESSAGE, ON_THE_WAY
from shop import GROUPS
from stranger import Refused, Stranger
from system import BROKERS, DATABASES
from world import wait_until

PERIOD_S = 10
CHANCE = 0.6          # of each kind of fault, in a period that is not quiet
STOPPED_S = 7         # well beyond the session of a worker, the leadership of a relay, the lease of a broker
AWAY_S = 2            # how long a server stays away
LOCKED_S = 6          # beyond lock_timeout of the workers' sessions
CROWDED_S = 4
HIT_S = 40            # how much longer than its period a fault lasts that did not happen yet
# Within a transaction pg_stat_activity would always say the same.
BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
PRODUCTS = "SELECT id FROM products WHERE sku LIKE '%-{}' ORDER BY id FOR UPDATE"


def left(end):
    return end - time.monotonic()


def rest(seconds, end):
    """The pace of a fault, not beyond its period."""
    time.sleep(max(0, min(seconds, left(end))))


# ---- Programs ----

def kill_worker(system, database, random, end, is_relay=False):
    hits = 0
    while left(end) > 1:
        system.kill(random.choice(system.of(database, is_relay)))
        hits += 1
        rest(random.uniform(1.5, 3), end)
    return hits


def kill_relay(system, database, random, end):
    return kill_worker(system, database, random, end, is_relay=True)


def stop_worker(system, database, random, _end, is_relay=False):
    """SIGSTOP: where there are two, the other one takes over; then both go on."""
    process = random.choice(system.of(database, is_relay)).process
    process.send(signal.SIGSTOP)
    time.sleep(STOPPED_S)  # the fault itself
    process.send(signal.SIGCONT)
    return int(process.runs())


def stop_relay(system, database, random, end):
    return stop_worker(system, database, random, end, is_relay=True)


def rebalance_storm(system, _target, _random, end):
    """A member comes and goes; each time the lanes are dealt out anew."""
    hits = 0
    while left(end) > 1:
        member = Consumer({"bootstrap.servers": system.world.brokers, "group.id": "quenty-order", "log_level": 0,
                           "session.timeout.ms": 1500, "heartbeat.interval.ms": 300, "enable.auto.commit": False,
                           "partition.assignment.strategy": "range"})
        member.subscribe(list(GROUPS["order_db"]))
        until = time.monotonic() + 2
        while not member.assignment() and time.monotonic() < until + HIT_S * (hits == 0):
            member.poll(0.1)
        hits += bool(member.assignment())
        member.close()
        rest(left(until), end)
    return hits


# ---- Servers ----

def kill_broker(system, number, _random, _end):
    system.stop_broker(number)
    time.sleep(AWAY_S)  # the fault itself
    system.start_broker(number)
    return 1


def stop_broker(system, number, _random, _end):
    pid = system.broker_pid(number)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STOPPED_S)  # the fault itself
    os.kill(pid, signal.SIGCONT)
    system.start_broker(number)
    return 1


def kill_postmaster(system, _target, _random, _end):
    system.world.stop_postgres()
    time.sleep(AWAY_S)  # the fault itself
    system.world.start_postgres()
    return 1


def sessions_of_programs(stranger):
    return [int(pid) for pid, in stranger.ask("SELECT pid FROM pg_stat_activity WHERE datname IN ('customer_db', "
                                              "'order_db', 'intl_shipping_db') AND application_name <> 'stranger' "
                                              "AND client_port IS NOT NULL ORDER BY pid")]


def kill_backend(system, _target, random, end):
    """All sessions end with it, and the server recovers as from a crash."""
    with Stranger(system.world, "postgres") as stranger:
        pids = wait_until("a session of a program", lambda: sessions_of_programs(stranger), left(end) + HIT_S)
        os.kill(random.choice(pids), signal.SIGKILL)
    system.wait_for_postgres()
    return 1


def terminate_sessions(system, _target, random, end):
    hits = 0
    with Stranger(system.world, "postgres") as stranger:
        while left(end) > 0:
            pids = sessions_of_programs(stranger)
            if pids:
                hits += stranger.ask(f"SELECT pg_terminate_backend({random.choice(pids)})") == [("t",)]
            rest(0.5, end)
    return hits


def too_many_connections(system, _target, random, end):
    """Strangers take every connection there is, and programs that have lost theirs get none."""
    crowd, own, refused = [], 0, "sorry, too many clients already"
    before = system.postgres_log().count(refused)
    with Stranger(system.world, "postgres") as stranger:
        until = time.monotonic() + min(CROWDED_S, left(end))
        victims = None
        try:
            while time.monotonic() < until:
                try:
                    crowd.append(Stranger(system.world, "postgres"))
                except Refused:
                    own += 1
                    victims = victims or sessions_of_programs(stranger)
                    if victims:
                        stranger.ask(f"SELECT pg_terminate_backend({victims.pop(random.randrange(len(victims)))})")
                        continue  # its place is free for a moment, and not for the program
                    time.sleep(0.05)
        finally:
            for one in crowd:
                one.socket.close()
    return system.postgres_log().count(refused) - before - own


def lock_held(system, _target, random, end):
    """Rows that every order needs, for longer than a worker's session waits for a lock."""
    hits = 0
    with Stranger(system.world, "order_db") as stranger:
        stranger.ask("BEGIN")
        stranger.ask(PRODUCTS.format(0) + f" SKIP LOCKED LIMIT {random.randint(4, 8)}")
        until = time.monotonic() + LOCKED_S
        while time.monotonic() < until or not hits and left(end) > -HIT_S:
            hits = max(hits, int(stranger.ask(BLOCKED)[0][0]))
            time.sleep(0.1)
        stranger.ask("ROLLBACK")
    return hits


def deadlock(system, _target, _random, end):
    """Takes second products first: an order of both kinds has the first one then, and waits."""
    before = system.postgres_log().count("deadlock detected")

    def count():
        return system.postgres_log().count("deadlock detected") - before

    with Stranger(system.world, "order_db") as stranger:
        while left(end) > 0 or not count() and left(end) > -HIT_S:
            try:
                stranger.ask("BEGIN")
                stranger.ask(PRODUCTS.format(1))
                until = time.monotonic() + 5
                while stranger.ask(BLOCKED) == [("0",)] and time.monotonic() < until:
                    time.sleep(0.02)
                stranger.ask(PRODUCTS.format(0))
            except Refused as refused:
                assert refused.code == "40P01", refused
            stranger.ask("ROLLBACK")
            rest(0.5, end)
    return count()


def open_transaction(system, _target, _random, end):
    """In another database of the cluster, with an id, so that no snapshot goes past it."""
    with Stranger(system.world, "postgres") as stranger:
        stranger.ask("BEGIN")
        stranger.ask("SELECT pg_current_xact_id()")
        time.sleep(max(0, left(end)))  # the fault itself
        return len(stranger.ask("COMMIT")) + 1


# ---- The way between ----

def on_the_way(fault):
    def run(system, target, _random, end):
        way = system.ways[target]
        before = way.hits[fault]
        way.arm(fault)
        if fault == "refuse":
            way.cut()
        while left(end) > 0 or way.hits[fault] == before and left(end) > -HIT_S:
            time.sleep(0.1)
        way.heal()
        return way.hits[fault] - before
    return run


def cut(system, target, random, end):
    way = system.ways[target]
    before = way.hits["cut"]
    while left(end) > 0:
        way.cut()
        rest(random.uniform(0.5, 2), end)
    return way.hits["cut"] - before


# ---- The table ----

# kind: of one kind at most one at a time; touches: the databases whose work may stand still meanwhile.
Fault = collections.namedtuple("Fault", "kind name run targets touches")
BUSY = ("order_db", "order_db", "customer_db", "intl_shipping_db")  # where most happens, most is broken


def itself(target):
    return {target}


def everything(_target):
    return set(DATABASES)


def nothing(_target):
    return set()


def ways(kind, message, targets, touches):
    names = [name for name, (_way, what) in AT_MESSAGE.items() if what == message] + list(ON_THE_WAY)
    return [Fault(kind, f"{kind}_{name}", on_the_way(name), targets, touches) for name in names] + [
        Fault(kind, f"{kind}_cut", cut, targets, touches)]


FAULTS = [
    Fault("worker", "kill_worker", kill_worker, BUSY, itself),
    Fault("worker", "stop_worker", stop_worker, BUSY, itself),
    Fault("worker", "rebalance_storm", rebalance_storm, ("order_db",), itself),
    Fault("relay", "kill_relay", kill_relay, BUSY, itself),
    Fault("relay", "stop_relay", stop_relay, BUSY, itself),
    Fault("broker", "kill_broker", kill_broker, BROKERS, everything),
    Fault("broker", "stop_broker", stop_broker, BROKERS, everything),
    Fault("server", "kill_postmaster", kill_postmaster, ("postgres",), everything),
    Fault("server", "kill_backend", kill_backend, ("postgres",), everything),
    Fault("server", "terminate_sessions", terminate_sessions, ("postgres",), everything),
    Fault("server", "too_many_connections", too_many_connections, ("postgres",), everything),
    Fault("server", "lock_held", lock_held, ("order_db",), itself),
    Fault("server", "deadlock", deadlock, ("order_db",), itself),
    Fault("server", "open_transaction", open_transaction, ("postgres",), nothing),
    *ways("pg", "commit", BUSY, itself),
    *ways("kafka", "produce", BROKERS, everything),
]
KINDS = list(dict.fromkeys(f.kind for f in FAULTS))


def schedule(seed, periods):
    """[[(fault, target)]]: a quarter of the periods is quiet. The faults of a kind are drawn like cards,
    so that each one's turn comes."""
    random, decks = randomness.Random(seed), {kind: [] for kind in KINDS}
    quiet = set(random.sample(range(periods), periods // 4))
    plan = []
    for period in range(periods):
        drawn = []
        kinds = [k for k in KINDS if random.random() < CHANCE] or [random.choice(KINDS)]
        for kind in kinds if period not in quiet else ():
            if not decks[kind]:
                decks[kind] = [f for f in FAULTS if f.kind == kind]
                random.shuffle(decks[kind])
            fault = decks[kind].pop()
            broken = {target for _fault, target in drawn if target in BROKERS}  # nothing more is to be seen of it
            drawn.append((fault, random.choice([t for t in fault.targets if t not in broken])))
        plan.append(drawn)
    return plan


def touched(drawn):
    return set().union(*(fault.touches(target) for fault, target in drawn))


def line(period, drawn):
    return f"period {period:>2}  " + (" ".join(f"{f.name}@{t}" for f, t in drawn) or "quiet")
