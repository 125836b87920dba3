"""The whole system, two databases: how long an order takes, and what it costs.

Latency: orders come at their times, whatever becomes of those before (open loop), and what counts is the
time from when an order was due until a subscriber has the fact."""

import contextlib
import datetime
import json
import math
import pathlib
import statistics
import subprocess
import threading

from flow import warm
from machine import resident_mb
from results import Result
from rounds import Rounds, Sample
from system import INGRESS, Bench, poll, running
from topics import records
from world import header

LOW = 200  # orders a second
SHARE = 0.4  # of what the machine can do
# Of the producer, as one would set it for such a rate: each request costs the broker as much as 50 records.
LINGER_MS = {"low": 0, "busy": 5}
BURST = 30_000
REQUESTS = pathlib.Path(__file__).resolve().parent / "Requests.java"
TOPIC = "quenty.stock.events.v1"  # of StockReserved
# fact: whose databases' programs run, orders of which kind, {"low": goals of p50 and p99 in ms, "busy": likewise}
PATHS = {
    "StockReserved": (("order_db",), (), {"low": (2.5, 8), "busy": (10, 30)}),
    "ManifestSubmitted": (("order_db", "intl_shipping_db"), ("--country", "FR"), {"low": (5, 15), "busy": (20, 60)}),
}


PROGRAMS = {"order_db": "quenty-order", "intl_shipping_db": "quenty-shipping"}


@contextlib.contextmanager
def at_work(bench, databases=tuple(PROGRAMS)):
    """A worker and a relay for each of these databases."""
    workers = [bench.process(PROGRAMS[name]) for name in databases]
    relays = [bench.process("quenty-relay", name) for name in databases]
    with running(*relays, *workers):
        poll("lanes for all", lambda: all("event=lanes_taken" in worker.tail(50) for worker in workers))
        yield workers, relays


def load(bench, fact, words, rate, seconds):
    """The percentiles that bench-load tells, with a checkpoint in the middle of the time; and "curve", the whole
    distribution as [ms, share at or below]."""
    curve = bench.dir / "distribution.json"
    checkpoint = threading.Timer(seconds / 2, bench.sql, ("postgres", "CHECKPOINT"))
    checkpoint.start()
    told = bench.tool("bench-load", *bench.load_words(), "--rate", rate, "--seconds", seconds, "--warm-up", 5,
                      "--until", fact, "--file", curve, *words)
    checkpoint.join()
    assert int(told["missing"]) == 0, f"{told['missing']} of {told['count']} orders have no {fact}"
    counts = json.loads(curve.read_text())["at_or_below"]
    return {**{key: float(value) for key, value in told.items()}, "curve": thinned(counts)}


def thinned(counts):
    """Of [µs, so many at or below] what a chart can show: a point for each hundredth more of the logarithm of
    what is left above it."""
    total, points, last = counts[-1][1], [], None
    for micros, below in counts:
        place = round(100 * math.log10(total / (total - below))) if below < total else None
        if place != last:
            points.append([micros / 1000, below / total])
            last = place
    return points


def most(bench, fact, words):
    """Orders a second that come through when all come at once."""
    told = bench.tool("bench-load", *bench.load_words(), "--rate", BURST, "--seconds", 1, "--warm-up", 0, "--until",
                      fact, "--linger", LINGER_MS["busy"], *words)
    poll("what is left to be worked off", bench.is_at_rest)
    return BURST / float(told["took_us"]) * 1e6


def stays(bench, orders):
    """Where so many last orders spent their time: medians in ms from when the broker had an order until a worker's
    transaction began, and from then until the broker had its StockReserved. What is missing to the whole are the
    client that sends orders and the one that reads facts."""
    placed = {}
    for message in records(bench.brokers, [INGRESS]):
        placed[header(message, "ce_id")] = message.timestamp()[1] / 1000
    waited, made = [], []
    for message in records(bench.brokers, [TOPIC]):
        cause = header(message, "ce_correlationid")
        if header(message, "ce_type").endswith("StockReserved") and cause in placed:
            begun = datetime.datetime.fromisoformat(header(message, "ce_time").replace("Z", "+00:00")).timestamp()
            waited.append((placed[cause], begun - placed[cause]))
            made.append((placed[cause], message.timestamp()[1] / 1000 - begun))
    return [statistics.median(time for _at, time in sorted(times)[-orders:]) * 1000 for times in (waited, made)]


def latency(options):
    """the latency table: from when an order was due until a subscriber has the fact, idle and at 40 % of the most"""
    seconds, found, memory = options.scaled(60, 8), {}, 0
    with Bench(("customer_db", "order_db", "intl_shipping_db")) as bench:
        bench.seed_shipping()
        bench.seed_orders()
        warm(bench, options)
        bench.fresh_database()
        for fact, (databases, words, goals) in PATHS.items():
            with at_work(bench, databases) as (workers, relays):
                rate = {"low": LOW, "busy": round(SHARE * most(bench, fact, words))}
                for how in goals:
                    found[fact, how] = {"rate": rate[how], "runs": []}
                    for _ in range(min(options.rounds, 1 if options.quick else 3)):
                        told = load(bench, fact, (*words, "--linger", LINGER_MS[how]), rate[how], seconds)
                        found[fact, how]["runs"].append(told)
                        options.say(f"{fact} at {rate[how]:,}/s: p50 {told['p50_us'] / 1000:.1f}, "
                                    f"p99 {told['p99_us'] / 1000:.1f}, p99.9 {told['p99.9_us'] / 1000:.1f} ms")
                    found[fact, how]["stays"] = stays(bench, rate[how] * seconds) if fact == "StockReserved" else None
                memory = max(memory, *(resident_mb(process.pid, "VmHWM") for process in (*workers, *relays)))
        with at_work(bench, ("order_db",)):
            commits = {how: bench.tool("bench-commit", "--brokers", bench.brokers, "--conninfo", bench.conninfo("order_db"),
                                       "--count", options.scaled(2000, 200), "--silent", silent)
                       for how, silent in (("commit", 0), ("commit untold", 1))}
    for (fact, how), runs in found.items():
        for at, goal in zip(("p50", "p99"), PATHS[fact][2][how]):
            yield Result(f"{at} {fact} {how}", f"OrderPlaced → {fact} at {runs['rate']:,} orders/s, {at}",
                         statistics.median(run[f"{at}_us"] for run in runs["runs"]) / 1000, "ms", goal=goal, less=True,
                         **({"runs": runs["runs"]} if at == "p50" else {}))
        if runs["stays"]:
            yield Result(f"stays {how}", f"at {runs['rate']:,} orders/s: the order on its topic → transaction {runs['stays'][0]:.1f} "
                         f"→ fact on its topic {runs['stays'][1]:.1f}, medians", sum(runs["stays"]), "ms")
    for at, goal in (("p50", 1), ("p99", 3)):
        yield Result(f"{at} commit", f"commit → subscriber has the fact, one at a time, {at}",
                     float(commits["commit"][f"{at}_us"]) / 1000, "ms", goal=goal, less=True)
        yield Result(f"{at} commit untold", f"the same without a notification, {at}",
                     float(commits["commit untold"][f"{at}_us"]) / 1000, "ms")
    yield Result("latency memory", "largest VmRSS of a worker or relay meanwhile", memory, "MB", goal=20, less=True)


def asked(bench):
    """{kind of request: [how many since the broker began, mean ms of it, mean ms of work]}"""
    done = subprocess.run(["java", REQUESTS, str(bench.server_pids()["broker"][0])], capture_output=True, text=True, check=True)
    return {line.split()[0]: list(map(float, line.split()[1:])) for line in done.stdout.splitlines()}


def requests(options):
    """why latency is what it is: what an order asks of the broker, and how long a request takes"""
    seconds, rates = options.scaled(30, 8), {"low": LOW, "busy": 3_500}
    found = {}
    with Bench() as bench:
        bench.seed_orders()
        warm(bench, options)
        bench.fresh_database()
        with at_work(bench, ("order_db",)) as (workers, relays):
            for how, rate in rates.items():
                before, watch = asked(bench), bench.watch(worker=workers, relay=relays)
                load(bench, "StockReserved", ("--linger", LINGER_MS[how]), rate, seconds)
                watch.end()
                after = asked(bench)
                found[how] = {kind: (after[kind][0] - before[kind][0], *after[kind][1:]) for kind in after}, watch
    for how, (kinds, watch) in found.items():
        orders = rates[how] * watch.seconds
        for kind, (count, total, local) in kinds.items():
            took = f", {total:.2f} ms each, {local:.2f} of it at work" if kind == "Produce" else ""
            yield Result(f"requests {kind} {how}", f"at {rates[how]:,} orders/s: {kind} requests an order{took}", count / orders,
                         "requests/order")
        for part in ("postgres", "broker", "worker", "relay"):
            yield Result(f"cpu {part} {how}", f"at {rates[how]:,} orders/s: CPU of {part}", watch.cpu[part] / orders * 1e6, "µs/order")


def run_chain(bench, seconds, workers, relays):
    """Orders abroad that come faster than they can be worked off, until the manifest of the last one was submitted."""
    watch = bench.watch(**{"order worker": workers[:1], "shipping worker": workers[1:], "relay of order_db": relays[:1],
                           "relay of intl_shipping_db": relays[1:]})
    with bench.tool_beside("bench-load", *bench.load_words(), "--rate", BURST, "--seconds", seconds, "--warm-up", 0,
                           "--until", "ManifestSubmitted", "--linger", LINGER_MS["busy"], "--country", "FR") as load:
        watch.add("load and sink", load)
        told = load.told()
        watch.end()
    poll("what is left to be worked off", bench.is_at_rest)
    return Sample(BURST * seconds / float(told["took_us"]) * 1e6, watch)


def chain(options):
    """orders abroad through both databases: the rate, and the CPU of each part"""
    seconds = options.scaled(3, 1)
    with Bench(("customer_db", "order_db", "intl_shipping_db")) as bench:
        bench.seed_shipping()
        bench.seed_orders()
        warm(bench, options)
        bench.fresh_database()
        with at_work(bench) as (workers, relays):
            rounds = Rounds({"chain": lambda: run_chain(bench, seconds, workers, relays)}, options.rounds, options.say)
        done = bench.ask_laws(topics=False, always=True)
        assert done.returncode == 0, f"laws are broken:\n{done.stdout}{done.stderr}"
    yield Result("rate chain", "orders abroad: placed, reserved, their manifests submitted; a worker and a relay for each database",
                 rounds.median("chain"), "orders/s", rounds=rounds)
    for part in rounds.samples[0]["chain"].cpu:
        yield Result(f"chain {part}", f"CPU of it: {part}", rounds.cpu_micros("chain", part, BURST * seconds), "µs/order")
