"""What an auditor waits for: a database folded anew from its facts, beside the worker that made them, and the other
commands that read all facts."""

import json
import subprocess
import time

from results import Result
from rounds import Rounds, Sample
from system import BUILD, COMPANIES, PARTIES, PRODUCTS, STOCK, Bench, Shop, poll, run_workers, running

FACTS_AN_ORDER = 3


def seed_by_events(bench):
    """As Bench.seed_orders(), with a fact behind every row: nothing is folded without."""
    bench.sql("order_db", f"{PARTIES}; ANALYZE")
    shop = Shop(bench)
    for product in range(1, PRODUCTS + 1):
        shop.list_product(f"SKU-{product}", f"C-{product % COMPANIES}")
        shop.receive(f"SKU-{product}", f"C-{product % COMPANIES}", STOCK, f"GRN-{product}")
    shop.flush()
    with running(bench.process("quenty-order")):
        poll("stock to be received", lambda: bench.number("order_db", "SELECT count(*) FROM inventory_items") == PRODUCTS)
    bench.sql("order_db", "VACUUM ANALYZE")
    bench.sql("postgres", "ALTER DATABASE order_db RENAME TO seed")


def publish_party(bench):
    """Somebody whom no order is about: an archive of customer_db that has a fact."""
    shop = Shop(bench)
    shop.register("C-X", "U-X")
    shop.flush()
    with running(bench.process("quenty-customer"), bench.process("quenty-relay", "customer_db")):
        poll("the party to be published", lambda: bench.number(
            "customer_db", "SELECT count(*) FROM ev.relay_position WHERE name = 'outbox' AND seq >= 2"))


def ctl(bench, *words):
    """Of a database that is another one than what stands in the configuration."""
    return subprocess.run([BUILD / "workers/eventctl/eventctl", "-c", bench.config, f"--order_db.conninfo={bench.conninfo('audited')}",
                           *words], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)


def publish(bench, orders):
    """Orders that are decided and published, as the database `audited`."""
    bench.fresh_topics()
    run_workers(bench, orders, 2)
    with running(bench.process("quenty-relay", "order_db")):
        poll("facts to be published", bench.published)
    bench.sql("postgres", "ALTER DATABASE order_db RENAME TO audited")


def rebuild(bench, orders, *words):
    """Facts a second, of the whole command."""
    bench.sql("postgres", "DROP DATABASE IF EXISTS rebuilt")
    bench.sql("postgres", "CREATE DATABASE rebuilt TEMPLATE empty STRATEGY file_copy")
    watch = bench.watch()
    told = json.loads(ctl(bench, "rebuild", "order_db", "--into", bench.conninfo("rebuilt"), "-o", "json", *words).stdout)[0]
    watch.end()
    assert told["facts"] >= orders * FACTS_AN_ORDER, told
    return Sample(told["facts_a_second"], watch, orders=orders)


def live(bench, orders):
    sample = run_workers(bench, orders, 1)
    sample.value *= FACTS_AN_ORDER
    return sample


def rate_of(bench, count, *words):
    """Things a second, of a command that reads them all."""
    began = time.monotonic()
    ctl(bench, *words)
    return count / (time.monotonic() - began)


def read_all(bench, facts):
    """{command: facts a second} of those that read each fact of the database once, in an order in which each finds
    what it needs."""
    key, folder = bench.dir / "seal-key", bench.dir / "archives"
    public = ctl(bench, "audit", "key", "bench", "--to", key).stdout.strip()
    commands = {"audit seal": ("order_db", "--key", key), "audit check": ("order_db", "--key", public),
                "export": ("order_db", "--to", folder), "audit verify": ("--key", public, folder / "order_db"),
                "audit reconcile": ("order_db",)}
    return {name: rate_of(bench, facts, *name.split(), *words) for name, words in commands.items()}


def auditing(options):
    """a database folded anew from its facts, beside one worker that makes them; what reads all facts of a database"""
    orders = options.scaled(100_000, 6_000)
    with Bench(("customer_db", "order_db")) as bench:
        publish_party(bench)
        bench.sql("postgres", "CREATE DATABASE empty TEMPLATE order_db")
        seed_by_events(bench)
        bench.load_orders(orders)
        publish(bench, orders)
        facts = bench.number("audited", "SELECT count(*) FROM ev.outbox")
        rounds = Rounds({"rebuild": lambda: rebuild(bench, orders), "live": lambda: live(bench, orders)}, options.rounds,
                        options.say)
        bench.sql("rebuilt", f"{PARTIES}; ANALYZE")
        rows = int(ctl(bench, "diff", "order_db", "--with", bench.conninfo("rebuilt")).stderr.split(" rows")[0].split()[-1])
        compared = rate_of(bench, rows, "diff", "order_db", "--with", bench.conninfo("rebuilt"))
        rates = read_all(bench, facts)
        ctl(bench, "export", "customer_db", "--to", bench.dir / "archives")
        files = rebuild(bench, orders, "--from", bench.dir / "archives").value
    yield Result("rebuild", f"{facts:,} facts folded into an empty database ÷ by the worker that made them (facts/s)",
                 rounds.ratio("rebuild", "live"), goal=1.0, rounds=rounds)
    yield Result("rate rebuild", "facts folded", rounds.median("rebuild"), "facts/s")
    for part in ("postgres", "broker"):
        yield Result(f"rebuild {part}", f"CPU of {part} for a fact that is folded", rounds.cpu_micros("rebuild", part, facts), "µs/fact")
    yield Result("rate files", "the same from exported files", files, "facts/s")
    for name, rate in rates.items():
        yield Result(f"rate {name}", f"eventctl {name}: {facts:,} facts", rate, "facts/s")
    yield Result("rate diff", f"{rows:,} rows compared with {rows:,}", compared, "rows/s")
