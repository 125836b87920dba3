"""Sees every check of `make --check` fail: each mistake below is made in a fresh copy.

A check that cannot fail says nothing; this is how one that has stopped looking is found."""

import json
import pathlib
import shutil
import tempfile


def on(file, change):
    """A mistake in one schema; `change` gets the parsed schema and alters it."""
    def apply(root):
        path = root / "schemas" / file
        schema = json.loads(path.read_text("utf-8"))
        change(schema)
        path.write_text(json.dumps(schema), "utf-8")
    return apply


def text(file, old, new):
    """A mistake in a file's text."""
    def apply(root):
        path = root / file
        whole = path.read_text("utf-8")
        assert old in whole, f"{file} has no {old!r} to replace"
        path.write_text(whole.replace(old, new, 1), "utf-8")
    return apply


def field(schema, name):
    return next(f for f in schema["fields"] if f["name"] == name)


def change(name, /, **members):
    """Gives members of a field other values; Ellipsis removes one."""
    def alter(schema):
        for key, value in members.items():
            if value is ...:
                del field(schema, name)[key]
            else:
                field(schema, name)[key] = value
    return alter


def nested(name, /, **members):
    """The same for the type object of a field, or of its items."""
    def alter(schema):
        node = field(schema, name)["type"]
        node = node["items"] if "items" in node else node
        for key, value in members.items():
            if value is ...:
                del node[key]
            else:
                node[key] = value
    return alter


def quenty(**members):
    return lambda schema: schema["quenty"].update(members)


def add_field(**members):
    return lambda schema: schema["fields"].append({"doc": "A field.", **members})


def drop(member):
    return lambda schema: schema.pop(member)


def add_symbol(name, symbol):
    return lambda schema: field(schema, name)["type"]["symbols"].append(symbol)


def move_last_field_first(schema):
    schema["fields"].insert(0, schema["fields"].pop())


def drop_member(member):
    return lambda schema: schema["quenty"].pop(member)


def recursive(schema):
    line = field(schema, "lines")["type"]["items"]
    line["fields"].append({"name": "more", "type": {"type": "array", "items": line["name"]},
                           "doc": "More."})


PLACED, ACCEPTED = "order/OrderPlaced.avsc", "order/OrderAccepted.avsc"
DECLINED, USER = "order/OrderRequestDeclined.avsc", "customer/UserRegistrationRequested.avsc"
RESERVED, CONFIRM = "stock/StockReserved.avsc", "order/OrderConfirmationRequested.avsc"
PLACED_ID = f"700005 quenty.order.OrderPlaced 1 {PLACED}"
VECTOR = "tests/vectors/order.OrderPlaced.v1.json"

MISTAKES = [
    ("ids-form", text("schemas/ids", PLACED_ID, f"{PLACED_ID} 12")),
    ("ids-order", text("schemas/ids", "700005 ", "700004 ")),
    ("ids-order", text("schemas/ids", "700001 ", "1 ")),
    ("ids-versions", text("schemas/ids", "OrderPlaced 1 ", "OrderPlaced 2 ")),
    ("ids-file", text("schemas/ids", PLACED_ID, PLACED_ID.replace(" order/", " ./order/"))),
    ("ids-missing", lambda root: (root / "schemas" / PLACED).unlink()),
    ("ids-listed", text("schemas/ids", PLACED_ID + "\n", "")),
    ("ids-listed", text("schemas/ids", PLACED_ID, PLACED_ID + "\n" + PLACED_ID)),
    ("ids-lock", text("schemas/ids", PLACED_ID, f"{PLACED_ID} 0123456789abcdef {16 * '0'}")),
    ("valid", text(f"schemas/{PLACED}", "{", "")),
    ("valid", text(f"schemas/{PLACED}", "\"fields\":", "\"fields\": [], \"fields\":")),
    ("valid", on(PLACED, change("currency", type="NoSuchType"))),
    ("name", on(PLACED, lambda schema: schema.update(name="OrderPlacedAgain"))),
    ("name", on(PLACED, lambda schema: schema.update(namespace="quenty.orders"))),
    ("members", on(PLACED, change("backorder", defualt=True))),
    ("members", on(PLACED, lambda schema: schema.update(topic="x"))),
    ("members", on(PLACED, nested("total_amount", scael=2))),
    ("doc", on(PLACED, drop("doc"))),
    ("doc", on(PLACED, change("currency", doc=""))),
    ("doc", on(PLACED, nested("lines", doc="no sentence"))),
    ("doc", on(PLACED, nested("confirmation", doc=...))),
    ("spelling", on(PLACED, change("backorder", name="backOrder"))),
    ("spelling", on(PLACED, nested("lines", name="order_line"))),
    ("nested", on(PLACED, nested("lines", namespace="quenty.other"))),
    ("enum-default", on(DECLINED, nested("reason", default=...))),
    ("enum-default", on(PLACED, nested("confirmation", default="EXPLICIT"))),
    ("enum-last", on(DECLINED, add_symbol("reason", "LATER"))),
    ("optional", on(PLACED, change("origin_country", default=...))),
    ("default", on(PLACED, change("reservation_ttl_s", default=2**31))),
    ("default", on(PLACED, change("reservation_ttl_s", default=True))),
    ("valid", on(PLACED, change("backorder", default=0))),
    ("default", on(PLACED, change("confirmation", default="SOMETIMES"))),
    ("valid", on(PLACED, change("currency", default=1))),
    ("default", on(PLACED, change("total_amount", default="\x7f" * 7))),
    ("secret", on(USER, change("password_hash", secret=...))),
    ("secret", on(USER, change("email", secret=True))),
    ("secret-fact", on(ACCEPTED, add_field(name="api_key", type="string", secret=True))),
    ("union", on(PLACED, change("origin_country", type=["null", "string", "int"]))),
    ("union", on(PLACED, change("origin_country", type=["string", "null"]))),
    ("recursion", on(PLACED, recursive)),
    ("type", on(PLACED, change("total_amount", type="double"))),
    ("type", on(PLACED, change("total_amount", type="float"))),
    ("type", on(PLACED, change("total_amount", type={"type": "map", "values": "string"}))),
    ("type", on(PLACED, change("total_amount", type="bytes"))),
    ("type", on(PLACED, nested("total_amount", precision=15))),
    ("type", on(PLACED, nested("placed_at", logicalType="timestamp-millis"))),
    ("type", on(PLACED, change("total_amount", type={"type": "fixed", "name": "Sum", "size": 8,
                                                     "doc": "A sum."}))),
    ("quenty", on(PLACED, drop("quenty"))),
    ("quenty", on(PLACED, drop_member("repeats"))),
    ("quenty", on(PLACED, quenty(more=1))),
    ("quenty", on(PLACED, quenty(kind="query"))),
    ("topic", on(PLACED, quenty(topic="quenty.order.events.v1"))),
    ("subject", on(PLACED, quenty(subject="number"))),
    ("subject", on(ACCEPTED, quenty(subject=["order_number"]))),
    ("subject", on(ACCEPTED, quenty(subject="preferred_location"))),
    ("key", on(PLACED, quenty(key=None))),
    ("key", on(CONFIRM, quenty(key="order_number"))),
    ("order", on(ACCEPTED, move_last_field_first)),
    ("natural-key", on(PLACED, quenty(natural_key=["number"]))),
    ("natural-key", on(PLACED, quenty(natural_key=[]))),
    ("repeats", on(PLACED, quenty(repeats="never"))),
    ("outcomes", on(PLACED, quenty(outcomes=["quenty.order.OrderAccepted"] * 2))),
    ("outcome-known", on(PLACED, quenty(outcomes=["quenty.order.OrderForgotten"]))),
    ("outcome-known", on(PLACED, quenty(outcomes=["quenty.stock.StockReserved"]))),
    ("outcome-missing", on(PLACED, quenty(outcomes=["quenty.order.OrderAccepted"]))),
    ("outcome", on(ACCEPTED, quenty(outcome="refused"))),
    ("outcome", on(DECLINED, quenty(outcome="accepted"))),
    ("copies", on(RESERVED, nested("lots", doc="Another sentence."))),
    ("vectors-differ", text(VECTOR, "\"hex\": \"02", "\"hex\": \"04")),
    ("vectors-differ", on(PLACED, change("reservation_ttl_s", default=901))),
    ("vectors-differ", on(PLACED, nested("total_amount", precision=8, scale=3))),
    ("vectors-differ", text("tests/vectors/fingerprints.json", "c301", "c302")),
    ("vectors-missing", lambda root: (root / VECTOR).unlink()),
    ("vectors-stray", lambda root: shutil.copy(root / VECTOR, root / f"{VECTOR[:-6]}2.json")),
    ("vectors-made", text(f"schemas/{PLACED}", "{", "")),
]


def failures_after(root, mistake, run_checks):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for part in ("schemas", "tests/vectors"):
            shutil.copytree(root / part, copy / part)
        mistake(copy)
        return run_checks(copy).failures


def run(root, run_checks):
    """Makes each mistake in its copy; the exit status."""
    passed = failed = 0
    untouched = failures_after(root, lambda copy: None, run_checks)
    assert not untouched, f"make --check must pass before this means anything: {untouched[:3]}"
    for number, (tag, mistake) in enumerate(MISTAKES):
        seen = {found for found, _ in failures_after(root, mistake, run_checks)}
        if tag in seen:
            passed += 1
        else:
            failed += 1
            print(f"FAIL mistake {number}: {tag} should have failed, not {sorted(seen)}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
