"""What programs cost when nothing happens, how soon they are at work, how large they grow when much happens."""

import pathlib
import re
import time

from machine import cpu_of_trees, resident_mb
from results import Result
from system import Bench, poll, running
from world import wait_until

DATABASES = ("customer_db", "order_db", "intl_shipping_db")
WORKERS = ("quenty-customer", "quenty-order", "quenty-shipping")
READY = {"quenty-relay": "event=relay_leading"}
ASLEEP_S = 2  # since the last thing that happened, before idling is measured


def programs(bench):
    return [bench.process(name) for name in WORKERS] + [bench.process("quenty-relay", name) for name in DATABASES]


def is_ready(process):
    program = process.name.rsplit("-", 1)[0]
    return READY.get(program, "event=lanes_taken") in pathlib.Path(process.log).read_text()


def wake_ups(pid):
    """How often its threads were put to sleep so far: each time but the last they were woken."""
    return sum(int(count) for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status")
               for count in re.findall(r"^voluntary_ctxt_switches:\s*(\d+)", status.read_text(), re.M))


def idle(bench, processes, seconds):
    """{name: (CPU seconds, wake-ups a second)}"""
    time.sleep(ASLEEP_S)
    pids = [process.pid for process in processes]
    cpu, wakes = cpu_of_trees(pids), [wake_ups(pid) for pid in pids]
    time.sleep(seconds)
    after = cpu_of_trees(pids)
    return {process.name: (after[process.pid] - cpu[process.pid], (wake_ups(process.pid) - woken) / seconds)
            for process, woken in zip(processes, wakes)}


def start_up(bench, name, *words):
    """From the start of the process until it is at work, in ms."""
    process = bench.process(name, *words)
    begun = time.monotonic()
    with running(process):
        while not is_ready(process):
            assert process.runs(), process.tail()
            time.sleep(0.001)
        return (time.monotonic() - begun) * 1000


def drain(bench, processes, records):
    """The largest VmRSS of each program until all is published."""
    worker = next(process for process in processes if process.name.startswith("quenty-order"))
    assert worker.stop() == 0
    bench.load_orders(records)
    worker.start()
    poll("the orders to be drained", lambda: bench.drained(records))
    poll("their facts to be published", bench.published)
    return {process.name: resident_mb(process.pid, "VmHWM") for process in processes}


def small(options):
    """idle CPU and wake-ups, start-up, and memory while 100,000 orders are drained"""
    seconds, records = options.scaled(60, 5), options.scaled(100_000, 5_000)
    with Bench(DATABASES, kafka=()) as bench:
        bench.seed_shipping()
        bench.seed_orders()
        bench.fresh_database()
        starts = {name: min(start_up(bench, *name.split()) for _ in range(options.rounds))
                  for name in (*WORKERS, *(f"quenty-relay {database}" for database in DATABASES))}
        processes = programs(bench)
        with running(*processes):
            wait_until("all to be at work", lambda: all(map(is_ready, processes)), 60)
            quiet = idle(bench, processes, seconds)
            largest = drain(bench, processes, records)
        bench.must_hold(records)
    for process, (name, start) in zip(processes, starts.items()):
        cpu, wakes = quiet[process.name]
        yield Result(f"idle {name}", f"{name}: CPU in {seconds} s without work, {wakes:.1f} wake-ups/s", cpu, "s",
                     goal=0.6 * seconds / 60, less=True)
        yield Result(f"start {name}", f"{name}: from its start until it is at work", start, "ms")
        yield Result(f"memory {name}", f"{name}: largest VmRSS while {records:,} orders are drained", largest[process.name],
                     "MB", goal=20, less=True)
