"""Benchmarks of the order worker: beside a bare libpq loop, by lanes, batches, indexes and stock."""

import subprocess

from results import Result
from rounds import Rounds, Sample
from system import BUILD, INGRESS, Bench, poll, run_workers, running

WARM_RUNS, WARM_ORDERS = 5, 150_000  # four records an order
BATCHES = (1, 10, 50, 100, 200, 500, 1000)


class Loop:
    """The bare libpq loop: what workers asked for was recorded, and is asked again by as many processes,
    which know no Kafka, decode nothing and decide nothing."""

    def __init__(self, bench, orders, lanes):
        self.bench, self.orders, self.lanes = bench, orders, lanes
        self.trips = self.batches = 0
        self._record()

    def _recording(self, number):
        return self.bench.dir / f"recording-{number}"

    def _record(self):
        bench = self.bench
        bench.fresh_database()
        workers = [bench.process("quenty-order", env={"LD_PRELOAD": str(BUILD / "tests/bench/libbench-record.so"),
                                                      "BENCH_RECORD": str(self._recording(n))})
                   for n in range(self.lanes)]
        with running(*workers):
            poll("the orders to be recorded", lambda: bench.drained(self.orders))

    def run(self):
        bench = self.bench
        bench.fresh_database()
        after = bench.last_seq()
        watch = bench.watch()
        loops = [subprocess.Popen([BUILD / "tests/bench/bench-replay", self._recording(n), bench.conninfo("order_db")],
                                  stdout=subprocess.PIPE, text=True) for n in range(self.lanes)]
        counts = [list(map(int, loop.communicate()[0].split())) for loop in loops]
        watch.end()
        assert not any(loop.returncode for loop in loops)
        self.trips, self.batches = (sum(numbers[i] for numbers in counts) for i in range(2))
        bench.must_hold(self.orders)
        return Sample(bench.rate(after), watch, orders=self.orders)


def run_flow(bench, orders, lanes):
    """Orders are decided, published and read while they come: until the last order's facts have been read."""
    bench.fresh_database()
    bench.fresh_topics((INGRESS,))
    workers = [bench.process("quenty-order") for _ in range(lanes)]
    relay = bench.process("quenty-relay", "order_db")
    with running(relay, *workers):
        poll("lanes for all", lambda: all("event=lanes_taken" in worker.tail(50) for worker in workers))
        with bench.tool_beside("bench-load", *bench.load_words(), "--sink-only", orders, "--until", "OrderConfirmed") as sink:
            watch = bench.watch(worker=workers, relay=[relay], sink=[sink])
            with bench.tool_beside("bench-load", *bench.load_words(), "--at-once", orders) as load:
                watch.add("load", load)
                told = sink.told()
                watch.end()
    bench.must_hold(orders)
    bench.fresh_topics()
    return Sample(float(told["facts_per_s"]), watch, orders=orders)


def warm(bench, options):
    """What a server has behind it that has run for a day: code that is compiled, files of the log to write into. For
    records by the million a broker takes twice the time that it takes later."""
    for _ in range(WARM_RUNS if not options.quick else 1):
        run_flow(bench, options.scaled(WARM_ORDERS, 3_000), 2)
        bench.fresh_topics((INGRESS,))


def path(options):
    """P1 P2 P4: workers and the whole flow beside a bare libpq loop with the same batches; two lanes beside one"""
    orders = options.scaled(100_000, 10_000)
    with Bench() as bench:
        bench.seed_orders()
        warm(bench, options)
        bench.load_orders(orders)
        loop = Loop(bench, orders, 2)
        rounds = Rounds({"worker": lambda: run_workers(bench, orders, 2), "loop": loop.run,
                         "one": lambda: run_workers(bench, orders, 1)}, options.rounds, options.say)
        flow = Rounds({"flow": lambda: run_flow(bench, orders, 2), "loop": loop.run}, options.rounds, options.say)
    yield Result("P1", "order worker ÷ bare libpq loop with the same batches, 2 lanes",
                 rounds.ratio("worker", "loop"), goal=0.85, rounds=rounds)
    yield Result("P2", "whole flow (generator, broker, relay, sink on the machine) ÷ bare loop",
                 flow.ratio("flow", "loop"), goal=0.65, rounds=flow)
    yield Result("P4", "two lanes ÷ one, disjoint companies", rounds.ratio("worker", "one"), goal=1.35)
    yield Result("trips", "round trips for a batch", loop.trips / loop.batches, goal=2, less=True)
    for name, what in (("worker", "order worker, 2 lanes"), ("one", "order worker, 1 lane"),
                       ("loop", "bare libpq loop, 2 lanes")):
        yield Result(f"rate {name}", what, rounds.median(name), "orders/s")
    yield Result("rate flow", "whole flow, 2 lanes", flow.median("flow"), "orders/s")
    for part in ("postgres", "broker", "worker", "relay", "load", "sink"):
        yield Result(f"cpu {part}", f"CPU of the whole flow: {part}", flow.cpu_micros("flow", part, orders), "µs/order")


def batches(options):
    """P3: the rate by the size of batches, one lane"""
    orders = options.scaled(40_000, 4_000)
    sizes = BATCHES if not options.quick else (1, 100, 500)
    with Bench() as bench:
        bench.seed_orders()
        bench.load_orders(orders)
        rounds = Rounds({str(size): lambda size=size: run_workers(bench, orders, 1, words=(f"--batch.max={size}",))
                         for size in sizes}, options.rounds, options.say)
    yield Result("P3", "batches of 500 ÷ batches of 1", rounds.ratio("500", "1"), goal=8, rounds=rounds)
    for size in map(str, sizes):
        postgres, worker = (rounds.cpu_micros(size, part, orders) for part in ("postgres", "worker"))
        yield Result(f"batch {size}", f"batches of {size}, 1 lane: PostgreSQL {postgres:.0f}, worker {worker:.1f} µs/order",
                     rounds.median(size), "orders/s", postgres_us=postgres, worker_us=worker)


def indexes(options):
    """P6: the core indexes beside all of them, and beside all of them and all foreign keys"""
    orders = options.scaled(60_000, 6_000)
    with Bench() as bench:
        bench.seed_orders("seed_core", "core")
        bench.seed_orders("seed_full", "full")
        bench.seed_orders("seed_indexes", "full")
        bench.drop_foreign_keys("seed_indexes")
        bench.load_orders(orders)
        rounds = Rounds({name: lambda name=name: run_workers(bench, orders, 2, template=f"seed_{name}")
                         for name in ("core", "indexes", "full")}, options.rounds, options.say)
    yield Result("P6 indexes", "core ÷ all indexes", rounds.ratio("core", "indexes"), goal=1.35, rounds=rounds)
    yield Result("P6 full", "core ÷ all indexes and foreign keys", rounds.ratio("core", "full"), goal=1.7)
    for name in ("core", "indexes", "full"):
        yield Result(f"profile {name}", f"{name}, 2 lanes: PostgreSQL "
                     f"{rounds.cpu_micros(name, 'postgres', orders):.0f} µs/order", rounds.median(name), "orders/s")


# name: what, options of bench-load, share of companies that have no stock
STOCK = {
    "uniform": ("orders on all products alike", (), 0.0),
    "hot": ("all orders on 4 products", ("--hot", 4), 0.0),
    "skewed": ("companies by Zipf's law", ("--skew", 100), 0.0),
    "short 1 %": ("1 % of orders find no stock", (), 0.01),
    "short 10 %": ("10 % of orders find no stock", (), 0.10),
    "short 50 %": ("50 % of orders find no stock", (), 0.50),
}


def run_stock(bench, orders, name, lanes=2):
    _, words, empty = STOCK[name]
    bench.fresh_topics((INGRESS,))
    bench.load_orders(orders, *words)
    return run_workers(bench, orders, lanes, template=f"empty_{empty * 100:.0f}", short=empty)


def hot(options):
    """P8: all orders on a few hot products beside orders on all alike, one worker"""
    orders = options.scaled(60_000, 6_000)
    with Bench() as bench:
        bench.seed_orders("empty_0")
        # One worker has all lanes: the products are of two companies, whose lanes may both be the same worker's.
        rounds = Rounds({name: lambda name=name: run_stock(bench, orders, name, 1) for name in ("hot", "uniform")},
                        options.rounds, options.say)
    yield Result("P8", "hot products ÷ all alike, one worker", rounds.ratio("hot", "uniform"), goal=1.0, rounds=rounds)
    for name in ("hot", "uniform"):
        yield Result(f"one worker {name}", f"{STOCK[name][0]}, one worker: PostgreSQL "
                     f"{rounds.cpu_micros(name, 'postgres', orders):.0f} µs/order", rounds.median(name), "orders/s")


def stock(options):
    """hot products, skewed companies and missing stock beside orders on all products alike, two workers"""
    orders = options.scaled(60_000, 6_000)
    with Bench() as bench:
        for empty in sorted({row[2] for row in STOCK.values()}):
            bench.seed_orders(f"empty_{empty * 100:.0f}", out_of_stock=empty)
        rounds = Rounds({name: lambda name=name: run_stock(bench, orders, name) for name in STOCK}, options.rounds,
                        options.say)
    for name, row in STOCK.items():
        yield Result(f"stock {name}", f"{row[0]}, 2 lanes", rounds.median(name), "orders/s",
                     **({"rounds": rounds} if name == "uniform" else {}))


def observed(options):
    """P9: logs as they are by default and with everything, beside errors alone; metrics are always counted"""
    orders = options.scaled(60_000, 6_000)
    with Bench() as bench:
        bench.seed_orders()
        bench.load_orders(orders)
        rounds = Rounds({level: lambda level=level: run_workers(bench, orders, 2, words=(f"--log.level={level}",))
                         for level in ("error", "info", "debug")}, options.rounds, options.say)
    yield Result("P9", "logs at info ÷ errors alone", rounds.ratio("info", "error"), goal=0.97, rounds=rounds)
    yield Result("P9 debug", "logs at debug ÷ errors alone", rounds.ratio("debug", "error"))
