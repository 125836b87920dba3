"""Instructions that an order takes in each stage of the order worker's batch, counted by callgrind.

A worker drains a topic of so many orders under callgrind, and then, with a fresh database, one of twice as
many; the difference is what an order costs without start, statements that are prepared once, and the end.
Instructions are counted and not time, so that the figures hardly depend on what else the machine does.
valgrind shows programs a plain processor: hashing costs more there, and each step of a string instruction
(memset, memcpy) counts as one."""

import re
import subprocess

from results import Result
from system import Bench, poll

# A stage is what a function takes with all that it calls, without what is listed behind it.
STAGES = {
    "poll (records of librdkafka)": ("ev_consumer_collect",),
    "open (envelope, route)": ("ev_item_open", "ev_avro_decode"),
    "decode": ("ev_avro_decode",),
    "ask (keys, content, wants)": ("ev_batch_ask", "ev_item_open"),
    "load (round trip 1)": ("ev_batch_load",),
    "handle (decide and fold)": ("ev_batch_decide", "ev_avro_encode"),
    "encode": ("ev_avro_encode",),
    "flush (round trip 2)": ("ev_batch_save",),
}
FUNCTIONS = 12  # that are shown by themselves
LINE = re.compile(r"^\s*([\d,]+) \(.*?\)\s+\S*?:([\w.]+)(?:'\d+)? \[")


def annotate(counts, inclusive):
    """Instructions of each function, with or without what it calls, and of the program ("PROGRAM TOTALS")."""
    text = subprocess.run(["callgrind_annotate", f"--inclusive={inclusive}", "--threshold=100", counts], check=True,
                          capture_output=True, text=True).stdout
    found = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            # A function that calls itself stands there once for each depth; the outermost has all.
            found.setdefault(match[2], int(match[1].replace(",", "")))
        elif line.endswith("PROGRAM TOTALS"):
            found["PROGRAM TOTALS"] = int(line.split()[0].replace(",", ""))
    return found


def run_worker(bench, orders):
    """Where the counts of a worker that has drained so many orders lie."""
    bench.fresh_database()
    counts = bench.dir / f"callgrind.{orders}"
    worker = bench.process("quenty-order")
    worker.argv = ["valgrind", "--tool=callgrind", "--fair-sched=yes", f"--callgrind-out-file={counts}", *worker.argv]
    worker.start()
    poll(f"{orders} orders to be drained", lambda: bench.drained(orders), 600)
    assert worker.stop(60) == 0
    bench.must_hold(orders)
    return counts


def cost(runs, orders, inclusive):
    """Instructions an order by function: the larger run less the smaller one."""
    small, large = (annotate(counts, inclusive) for counts in runs)
    return {name: (large[name] - small.get(name, 0)) / orders for name in large}


def table(each):
    """Rows of (stage, instructions an order)."""
    missing = {name for names in STAGES.values() for name in names} - each.keys()
    assert not missing, f"callgrind knows no {' '.join(sorted(missing))}: inlined, or renamed"
    rows = [(stage, each[names[0]] - sum(each[name] for name in names[1:])) for stage, names in STAGES.items()]
    rows.append(("rest of our thread", each["main"] - sum(value for _, value in rows)))
    return rows + [("our thread", each["main"]), ("threads of librdkafka", each["PROGRAM TOTALS"] - each["main"])]


def stages(options):
    """instructions an order in each stage of a batch, by callgrind, and the functions that take most"""
    orders = options.scaled(4000, 500)
    with Bench() as bench:
        bench.seed_orders()
        runs = []
        for number in (1, 2):
            bench.load_orders(orders)
            runs.append(run_worker(bench, number * orders))
        rows, alone = table(cost(runs, orders, "yes")), cost(runs, orders, "no")
    del alone["PROGRAM TOTALS"]
    for name, value in rows:
        yield Result(f"stage {name.split(' (')[0]}", name, value, "instructions/order")
    for name, value in sorted(alone.items(), key=lambda item: -item[1])[:FUNCTIONS]:
        yield Result(f"function {name}", f"{name}() by itself", value, "instructions/order")
