"""A benchmark beside what users would pick instead: peers/README.md says what that is and how it is run."""

import json
import pathlib
import subprocess
import sys

from results import Result

RUN = pathlib.Path(__file__).resolve().parent / "peers/run"
WORKERS = {"java-sync": "Java, offsets waited for", "java-async": "Java", "python-sync": "Python, offsets waited for",
           "python-async": "Python"}
RELAYS = {"debezium": "Debezium", "debezium-tuned": "Debezium, tuned", "python-relay": "a page of Python"}


def medians(options, names, count):
    """What it says at the end of each peer. Its own talk is not for the table."""
    words = ["-n", str(count), "-r", str(options.rounds), *names]
    done = subprocess.run([sys.executable, RUN, *words], stdout=subprocess.PIPE, text=True, check=True)
    return {line["peer"]: line for line in map(json.loads, done.stdout.splitlines()) if "rounds" in line}


def rates(kind, unit, found, labels):
    """A line each, and one for ours, which is the same in all of them."""
    ours = next(iter(found.values()))
    yield Result(f"peer {kind} {ours['beside']}", ours["beside"], ours["beside_rate"], unit, label=ours["beside"])
    for name, line in found.items():
        yield Result(f"peer {kind} {name}", f"{labels[name]}: {line['cpu_s']:.0f} s CPU, {line['resident_mb']:.0f} MB, "
                     f"ours ÷ it {line['ratio']:.1f}", line["rate"], unit, label=labels[name], ratio=line["ratio"],
                     cpu_s=line["cpu_s"], resident_mb=line["resident_mb"])


def peers(options):
    """P10 P11: order worker and relay beside what users would pick instead"""
    workers = medians(options, WORKERS, options.scaled(20_000, 2_000))
    yield Result("P11", "order worker ÷ a plain Java worker that commits each message", workers["java-async"]["ratio"],
                 goal=15)
    yield from rates("worker", "orders/s", workers, WORKERS)
    relays = medians(options, RELAYS, options.scaled(300_000, 15_000))
    yield Result("P10", "relay ÷ Debezium, tuned", relays["debezium-tuned"]["ratio"], goal=10)
    yield from rates("relay", "facts/s", relays, RELAYS)
