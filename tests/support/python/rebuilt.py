"""Databases that `eventctl rebuild` has folded anew, beside the live ones: row by row they have to be the same.

A table is compared by what people know its rows by: ids that only the database uses stand for the row that
they name. Nothing else is left out but secrets, which no fact carries."""

import collections
import json
import subprocess

from world import BUILD

SHOWN_MAX = 5
# What rows are, as JSON; {} stands for the row itself without what is named behind it.
NUMBER = "jsonb_build_object('order_number', o.order_number)"
MANIFEST = "jsonb_build_object('unique_id', m.unique_id)"
ITEM = "jsonb_build_object('description', i.description, 'quantity', i.quantity)"
RATE = "jsonb_build_object('carrier', r.carrier_name, 'service', r.service_type)"
TABLES = {
    "customer_db": {
        "companies": "SELECT to_jsonb(t) - 'id' FROM companies t",
        "users": "SELECT to_jsonb(t) - 'id' - 'password_hash' FROM users t",
        "document_types": "SELECT to_jsonb(t) - 'id' FROM document_types t",
    },
    "order_db": {
        "products": "SELECT to_jsonb(t) FROM products t",
        "product_extras": "SELECT to_jsonb(t) FROM product_extras t",
        "inventory_items": "SELECT to_jsonb(t) FROM inventory_items t",
        "stock_movements": "SELECT to_jsonb(t) - 'id' FROM stock_movements t",
        "orders": "SELECT to_jsonb(t) - 'id' FROM orders t",
        "order_items": f"SELECT to_jsonb(t) - '{{id,order_id}}'::text[] || {NUMBER} "
                       "FROM order_items t JOIN orders o ON o.id = t.order_id",
        "order_extras": f"SELECT to_jsonb(t) - 'order_id' || {NUMBER} "
                        "FROM order_extras t JOIN orders o ON o.id = t.order_id",
        "stock_reservations": f"SELECT to_jsonb(t) - '{{order_id,order_item_id}}'::text[] || {NUMBER} "
                              "FROM stock_reservations t JOIN orders o ON o.id = t.order_id",
        "order_returns": "SELECT to_jsonb(t) - '{id,order_id,order_item_id}'::text[] FROM order_returns t",
        "party_projection": "SELECT to_jsonb(t) FROM party_projection t",
    },
    "intl_shipping_db": {
        "manifests": "SELECT to_jsonb(t) - 'id' FROM manifests t",
        "manifest_items": f"SELECT to_jsonb(t) - '{{id,manifest_id}}'::text[] || {MANIFEST} "
                          "FROM manifest_items t JOIN manifests m ON m.id = t.manifest_id",
        "manifest_item_extras": f"SELECT to_jsonb(t) - 'manifest_item_id' || {ITEM} || {MANIFEST} FROM "
                                "manifest_item_extras t JOIN manifest_items i ON i.id = t.manifest_item_id "
                                "JOIN manifests m ON m.id = i.manifest_id",
        "manifest_orders": f"SELECT to_jsonb(t) - '{{manifest_id,selected_rate_id}}'::text[] || {MANIFEST} || "
                           f"CASE WHEN r.id IS NULL THEN '{{}}' ELSE {RATE} END "
                           "FROM manifest_orders t JOIN manifests m ON m.id = t.manifest_id "
                           "LEFT JOIN shipping_rates r ON r.id = t.selected_rate_id",
        "shipping_rates": f"SELECT to_jsonb(t) - '{{id,manifest_id}}'::text[] || {MANIFEST} "
                          "FROM shipping_rates t JOIN manifests m ON m.id = t.manifest_id",
        "countries": "SELECT to_jsonb(t) - 'id' FROM countries t",
        "country_rules": "SELECT to_jsonb(t) FROM country_rules t",
        "shipping_carriers": "SELECT to_jsonb(t) - '{id,api_key}'::text[] FROM shipping_carriers t",
        "party_projection": "SELECT to_jsonb(t) FROM party_projection t",
    },
}


def name_of(database):
    return f"rebuilt_{database}"


def make_empty(world, database, name=None):
    """An empty database of that kind, migrated; its conninfo. A copy of one that is migrated once."""
    template = f"empty_{database}"
    if not world.sql("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{template}'"):
        world.sql("postgres", f"CREATE DATABASE {template}")
        done = ctl(world, f"--{database}.conninfo={world.conninfo(template)}", "migrate", "up", database)
        assert done.returncode == 0, done.stderr
    world.sql("postgres", f"DROP DATABASE IF EXISTS {name or name_of(database)}")
    world.sql("postgres", f"CREATE DATABASE {name or name_of(database)} TEMPLATE {template}")
    return world.conninfo(name or name_of(database))


def ctl(world, *words, env=None):
    return subprocess.run([BUILD / "workers/eventctl/eventctl", "-c", world.config, *words], env=env,
                          capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def rebuild(world, database, conninfo, *options, env=None):
    return ctl(world, "rebuild", database, "--into", conninfo, "-o", "json", *options, env=env)


def diff(world, database, conninfo):
    """(exit status, differences) of the operator's own comparison."""
    done = ctl(world, "diff", database, "--with", conninfo, "-o", "json")
    return done.returncode, json.loads(done.stdout) if done.returncode in (0, 4) else [], done.stderr


def rows_of(world, database, query):
    """As a multiset of texts; members of a JSON object are in one order in all databases."""
    return collections.Counter(row[0] for row in world.sql(database, query))


def state_of(world, kind, name=None):
    """Rows by table; the database may have another name than its kind."""
    return {table: rows_of(world, name or kind, query) for table, query in TABLES[kind].items()}


def compare(live, rebuilt):
    """Lines, and how many rows were compared, of two states."""
    lines = []
    for table in live:
        for sign, rows in (("only live", live[table] - rebuilt[table]), ("only rebuilt", rebuilt[table] - live[table])):
            lines += [f"{table}, {sign}: {json.dumps(json.loads(row), sort_keys=True)}"
                      for row in sorted(rows)[:SHOWN_MAX]]
    return lines, sum(rows.total() for rows in live.values())


def differences(world, database, other, live_name=None):
    """The same of a live database and another one of its kind."""
    return compare(state_of(world, database, live_name), state_of(world, database, other))


def check_rebuilt(checks, world, databases=None):
    """I10: rebuilt from its facts, each database is the live one. All has to be at rest."""
    for database in databases or world.databases:
        done = rebuild(world, database, make_empty(world, database))
        if not checks.check(f"I10 {database} is rebuilt", done.returncode == 0, done.stderr or done.stdout.strip()):
            continue
        lines, compared = differences(world, database, name_of(database))
        found = diff(world, database, world.conninfo(name_of(database)))
        checks.check(f"eventctl diff says so of {database} too", found[:2] == (0, []) and f" {compared} rows" in found[2],
                     f"{compared} rows; {found}")
        checks.check(f"I10 {database} rebuilt from its facts is the live one", compared and not lines,
                     "\n".join(lines) if lines else f"{compared} rows")
