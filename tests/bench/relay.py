"""Benchmarks of the relay: the drain of a backlog beside a raw producer, by page, and what it keeps in memory."""

import re
import time
from datetime import datetime

from machine import resident_mb
from results import Result
from rounds import Rounds, Sample
from system import FACTS, Bench, poll, run_workers, running
from world import wait_until

RAW = ("bench.raw.0", "bench.raw.1")  # where the raw producer sends the facts of FACTS
# What is tried: a setting, and its values in turns.
SETTINGS = {"relay.page_rows": (100, 1000, 10000), "relay.in_flight_records": (128, 2048, 16384), "kafka.linger.ms": (0, 1, 5)}


def make_backlog(bench, facts):
    """A database `backlog` with that many facts, none of them published. An order has three."""
    orders = facts // 3
    bench.seed_orders()
    bench.load_orders(orders)
    run_workers(bench, orders, 2)
    bench.sql("postgres", "ALTER DATABASE order_db RENAME TO backlog")
    return bench.number("backlog", "SELECT count(*) FROM ev.outbox")


def instant_of(log, event):
    """When a program said that, in seconds."""
    line = next(line for line in log.splitlines() if f"event={event}" in line)
    return datetime.fromisoformat(re.search(r"\d{4}-\d\d-\d\dT[\d:.]+", line)[0] + "+00:00").timestamp()


def drain(bench, facts, *words):
    """From leading to the last acknowledgement: facts a second."""
    bench.fresh_topics()
    bench.fresh_database("backlog")
    relay = bench.process("quenty-relay", "order_db", *words)
    with running(relay):
        watch = bench.watch(relay=[relay])
        poll("the backlog to be published", bench.published)
        watch.end()
        largest = resident_mb(relay.pid, "VmHWM")
        log = open(relay.log, encoding="utf-8").read()
    ended = float(bench.sql("order_db", "SELECT extract(epoch FROM updated_at) FROM ev.relay_position WHERE name = 'outbox'")[0][0])
    return Sample(facts / (ended - instant_of(log, "relay_leading")), watch, facts=facts, largest_mb=largest)


def produce_raw(bench, facts):
    """The same messages, which FACTS have from a drain before, by a producer alone."""
    bench.fresh_topics(RAW)
    watch = bench.watch()
    told = bench.tool("bench-produce", "--brokers", bench.brokers, "--from", ",".join(FACTS), "--to", ",".join(RAW))
    watch.end()
    assert int(told["messages"]) == facts, f"{told['messages']} of {facts} facts were on the topics"
    return Sample(float(told["messages_per_s"]), watch)


def relay(options):
    """P5: the drain of a backlog beside a raw idempotent producer of the same messages, and by page"""
    wanted = options.scaled(1_000_000, 30_000)
    with Bench() as bench:
        facts = make_backlog(bench, wanted)
        drain(bench, facts)  # so that there is something to produce; and the broker is warm
        rounds = Rounds({"producer": lambda: produce_raw(bench, facts), "relay": lambda: drain(bench, facts)},
                        options.rounds, options.say)
        variants = {f"{name} = {value}": f"--{name}={value}" for name, values in SETTINGS.items() for value in values}
        tried = Rounds({title: lambda word=word: drain(bench, facts, word) for title, word in variants.items()},
                       1 if options.quick else 3, options.say)
    yield Result("P5", f"relay, a backlog of {facts:,} facts ÷ raw idempotent producer", rounds.ratio("relay", "producer"),
                 goal=0.65, rounds=rounds)
    yield Result("rate relay", "relay", rounds.median("relay"), "facts/s")
    yield Result("rate producer", "raw idempotent producer", rounds.median("producer"), "facts/s")
    for part in ("postgres", "broker", "relay"):
        yield Result(f"drain {part}", f"CPU of a drain: {part}", rounds.cpu_micros("relay", part, facts), "µs/fact")
    yield Result("relay memory", "largest VmRSS while draining",
                 max(samples["relay"].more["largest_mb"] for samples in rounds.samples), "MB", goal=20, less=True)
    for title in variants:
        yield Result(title, f"relay, {title}: {tried.cpu_micros(title, 'relay', facts):.1f} µs/fact of its CPU",
                     tried.median(title), "facts/s")


def takeover(options):
    """kill -9 of a relay under 2,000 orders a second: until the next fact, and what was lost or sent twice"""
    seconds = options.scaled(20, 6)
    samples = []
    with Bench() as bench:
        bench.seed_orders()
        bench.fresh_database()
        worker = bench.process("quenty-order")
        relays = [bench.process("quenty-relay", "order_db") for _ in range(options.rounds + 1)]
        relays[0].start()
        with running(worker):
            poll("lanes", lambda: "event=lanes_taken" in worker.tail(50))
            for number in range(options.rounds):
                samples.append(kill_one(bench, relays[number], relays[number + 1], seconds))
                options.say(f"round {number + 1}: {samples[-1]}")
        relays[-1].stop()
    median = sorted(sample["gap_ms"] for sample in samples)[len(samples) // 2]
    yield Result("takeover", "kill -9 of a relay, the next one started at once: until the next fact", median, "ms",
                 goal=1000, less=True, samples=samples)
    yield Result("takeover lost", "facts lost", sum(sample["missing"] for sample in samples), "", goal=0, less=True)
    yield Result("takeover twice", "facts sent twice", sum(sample["repeated"] for sample in samples), "", goal=0, less=True)


def kill_one(bench, old, new, seconds):
    """The order that was due when the relay died waited longest."""
    with bench.tool_beside("bench-load", *bench.load_words(), "--rate", 2000, "--seconds", seconds, "--warm-up", 0,
                           "--until", "StockReserved") as load:
        wait_until("half of the load to be sent", lambda: time.sleep(seconds / 2) or True, seconds)
        old.kill()
        killed = time.time()
        new.start()
        told = load.told()
    return {"gap_ms": float(told["max_us"]) / 1000, "missing": int(told["missing"]),
            "repeated": int(told["repeated"]), "leading_ms": (instant_of(open(new.log).read(), "relay_leading") - killed) * 1000}
