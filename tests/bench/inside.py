"""Where the time of an order goes inside of PostgreSQL, and how that grows with what is there already."""

from results import Result
from rounds import Rounds
from system import COMPANIES, INGRESS, PRODUCTS, Bench, run_workers

SHOWN = 12  # statements
GROWN = (10_000, 1_000_000, 10_000_000)
BACKLOG = 1_000_000
PRODUCT = f"(n + k * {COMPANIES} - 1) % {PRODUCTS} + 1"  # line k of order n


def set_track(bench, what):
    bench.sql("postgres", f"ALTER SYSTEM SET pg_stat_statements.track = '{what}'")
    bench.sql("postgres", "SELECT pg_reload_conf()")


def by_statement(bench, orders, words=()):
    """What each statement cost while so many orders were drained, and the Sample of that."""
    bench.sql("postgres", "SELECT pg_stat_statements_reset()")
    sample = run_workers(bench, orders, 2, words=words)
    return sample, bench.sql("postgres", f"""
        SELECT regexp_replace(left(s.query, 300), '\\s+', ' ', 'g'), s.calls, s.total_exec_time * 1000 / {orders},
               s.wal_bytes / {orders}, s.shared_blks_hit::numeric / {orders}
        FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid AND d.datname = 'order_db' AND s.query NOT LIKE 'COPY%'
        ORDER BY s.total_exec_time DESC""")


def statements(options):
    """PostgreSQL's time, WAL and buffers of an order by statement (pg_stat_statements); HOT share and bytes"""
    orders, few = options.scaled(100_000, 6_000), options.scaled(5_000, 1_000)
    with Bench() as bench:
        bench.seed_orders()
        bench.load_orders(orders)
        bench.sql("postgres", "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        set_track(bench, "all")
        before = bench.number("postgres", "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        sample, rows = by_statement(bench, orders)
        wal = bench.number("postgres", "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn") - before
        hot = bench.sql("order_db", """
            SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'inventory_items'""")[0]
        sizes = bench.sql("order_db", """
            SELECT sum(pg_relation_size(c.oid)) FILTER (WHERE c.relkind = 'r'),
                   sum(pg_relation_size(c.oid)) FILTER (WHERE c.relkind = 'i')
            FROM pg_class c WHERE c.relnamespace IN ('public'::regnamespace, 'ev'::regnamespace)""")[0]
        bench.fresh_topics((INGRESS,))
        bench.load_orders(few)
        alone, alone_rows = by_statement(bench, few, ("--batch.max=1",))
    for name, found in (("statement", rows), ("alone", alone_rows)):
        for number, (query, calls, micros, bytes_, blocks) in enumerate(found[:SHOWN], 1):
            yield Result(f"{name} {number}", f"{'batches of 1: ' if name == 'alone' else ''}{query[:110]} ({calls} calls, "
                         f"WAL {float(bytes_):.0f} B, {float(blocks):.1f} buffers an order)", float(micros), "µs/order", query=query)
    yield Result("statements alone", "statements of a batch of 1, the transaction's included",
                 sum(int(row[1]) for row in alone_rows) / few, "")
    yield Result("executed alone", "time in the executor of a batch of 1", sum(float(row[2]) for row in alone_rows), "µs/order")
    yield Result("cpu alone", "CPU of PostgreSQL in batches of 1", alone.cpu["postgres"] / few * 1e6, "µs/order")
    yield Result("cpu statements", "CPU of PostgreSQL, all of it", sample.cpu["postgres"] / orders * 1e6, "µs/order")
    yield Result("wal", "WAL, with full page writes after a checkpoint", wal / orders, "B/order")
    yield Result("hot", "updates of lots that are HOT", 100 * int(hot[1]) / int(hot[0]), "%", goal=100)
    yield Result("heap", "tables", int(sizes[0]) / orders, "B/order")
    yield Result("index", "indexes", int(sizes[1]) / orders, "B/order")


def grow(bench, name, orders):
    """A copy of the seeded database with that many orders of last year, which were cancelled: every index that an
    order needs has their entries. Their facts are gone, as with dropped partitions, which the laws would miss."""
    bench.sql("postgres", f"CREATE DATABASE {name} TEMPLATE seed")
    bench.sql(name, f"""
        INSERT INTO orders (id, order_number, status, total_amount, customer_id, company_id, created_at)
        SELECT n, 'OLD-' || n, 'cancelled', 20, 'U-1', 'C-' || n % {COMPANIES}, now() - interval '1 year'
        FROM generate_series(1, {orders}) n;
        INSERT INTO order_extras (order_id, origin_country, destination_country, placed_at, placed_event_id, confirmation,
                                  reservation_ttl_s, backorder, cancel_reason)
        SELECT n, 'CO', 'CO', now() - interval '1 year', n, 'AUTO', 900, false, 'long ago' FROM generate_series(1, {orders}) n;
        INSERT INTO order_items (id, order_id, product_id, quantity, unit_price, total_price)
        SELECT 2 * n + k, n, {PRODUCT}, 1, 10, 10 FROM generate_series(1, {orders}) n, generate_series(0, 1) k;
        INSERT INTO stock_reservations (order_id, order_item_id, product_id, inventory_item_id, quantity, status)
        SELECT i.order_id, i.id, i.product_id, l.id, 1, 'released'
        FROM order_items i JOIN inventory_items l ON l.product_id = i.product_id;
        SELECT setval(pg_get_serial_sequence('orders', 'id'), {orders}),
               setval(pg_get_serial_sequence('order_items', 'id'), {orders} * 2 + 1);""")
    bench.sql(name, "VACUUM ANALYZE")


def growth(options):
    """what an order costs with many orders in the tables already, and with facts that nobody has published"""
    orders, backlog = options.scaled(40_000, 4_000), options.scaled(BACKLOG, 30_000) // 3
    grown = GROWN if not options.quick else GROWN[:1]
    with Bench() as bench:
        bench.seed_orders()
        bench.load_orders(orders)
        for count in grown:
            options.say(f"making {count:,} old orders")
            grow(bench, f"old_{count}", count)
        rounds = Rounds({str(count): lambda count=count: run_workers(bench, orders, 2, template=f"old_{count}", judged=False)
                         for count in grown}, options.rounds, options.say)
        behind = Rounds(variants_behind(bench, orders, backlog), options.rounds, options.say)
    for count in map(str, grown):
        yield Result(f"grown {count}", f"with {int(count):,} orders in the tables: PostgreSQL "
                     f"{rounds.cpu_micros(count, 'postgres', orders):.0f} µs/order", rounds.median(count), "orders/s")
    yield Result("growth", f"with {int(grown[-1]):,} orders ÷ with {int(grown[0]):,}",
                 rounds.ratio(str(grown[-1]), str(grown[0])), rounds=rounds)
    yield Result("backlog", f"with {3 * backlog:,} facts that nobody has published ÷ with none",
                 behind.ratio("behind", "fresh"), rounds=behind)


def variants_behind(bench, orders, backlog):
    """The same orders, which lie behind many others on the topic, with and without the facts of those."""
    bench.fresh_topics((INGRESS,))
    bench.load_orders(backlog)
    run_workers(bench, backlog, 2)
    bench.sql("postgres", "ALTER DATABASE order_db RENAME TO behind")
    bench.sql("postgres", "CREATE DATABASE fresh TEMPLATE behind")
    bench.sql("fresh", "TRUNCATE ev.outbox")
    bench.load_orders(orders)
    return {name: lambda name=name: run_workers(bench, backlog + orders, 2, template=name, judged=name == "behind")
            for name in ("behind", "fresh")}
