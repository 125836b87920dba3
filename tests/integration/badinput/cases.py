"""The table of bad input: what is sent, and what must become of it. Made from a few valid events by rules,
so that each place of an event meets each fault that fits there.

A verdict is what becomes of one record, and is exact:

    dead(REASON)        a dead letter of this reason: row and record, with key, headers and bytes as sent
    declined(REASON)    the outcome fact of a refusal, for this reason
    applied(FACT)       the outcome fact of an acceptance, and its effect
    repeated            …RequestRepeated: the same request under a new id
    duplicate           nothing: the event of the same source and id has the one outcome

`says` is what a person must be able to read about it: in a dead letter's message, in a refusal's detail.
`waits`: the record is in ev.parked first, for this reason, and gets its verdict when its time is over."""

import decimal
import json
import pathlib
import random
from dataclasses import dataclass, field

from spots import LONG_BYTES, Encoder, number, replaced, text

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCE = "/test/shop"
KEY = "C-1"  # of nearly all, so that bad and good ones share a lane
STOCK, ORDER, CUSTOMER, SHIPPING = (f"quenty.{c}.ingress.v1" for c in ("stock", "order", "customer", "shipping"))
VALUE_MAX, KEY_MAX, HEADERS_MAX, TEXT_MAX, STRING_MAX, ITEMS_MAX = 256 * 1024, 1024, 100, 255, 4096, 10000
INT_MAX, DAY, MICROS = 2**31 - 1, 86400, 10**6
WHEN = 1767225600 * MICROS  # 2026-01-01
FOREIGN = {"origin_country": "SE", "destination_country": "FR"}


def dead(reason):
    return ("dead letter", reason)


def declined(reason):
    return ("declined", reason)


def applied(fact):
    return ("applied", fact)


repeated, duplicate = ("repeated", ""), ("duplicate", "")


@dataclass
class Case:
    group: str
    name: str
    type: str
    topic: str
    value: bytes
    headers: list
    verdict: tuple
    key: bytes = KEY.encode()
    says: str = ""
    waits: str = ""
    also: tuple = ()  # (fact, reason) that the same event causes besides
    leaves: tuple = ()  # (database, query, its one value) at the end
    data: dict = field(default_factory=dict)
    timestamp: int = 0
    lane: str = KEY  # the key whose partition it goes to
    compressed: bool = False
    place: tuple = None  # where it was sent: topic, partition, offset

    def header(self, name):
        """The first of that name, as text; None where there is none that is text."""
        value = next((v for n, v in self.headers if n == name), None)
        try:
            return None if value is None else value.decode()
        except UnicodeDecodeError:
            return None


def avro_schemas():
    """{name: (id, schema)} of all events."""
    found = {}
    for line in (ROOT / "schemas/ids").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            number_, name, _version, file = line.split()[:4]
            found[name] = (int(number_), json.loads((ROOT / "schemas" / file).read_text()))
    return found


SCHEMAS = avro_schemas()
SINGLE = {p["name"]: bytes.fromhex(p["single_object"])  # the other frame: C3 01 and a fingerprint
          for p in json.loads((ROOT / "tests/vectors/fingerprints.json").read_text())}


def full_name(kind):
    return next(name for name in SCHEMAS if name.endswith("." + kind))


def frame_of_id(identity):
    return b"\0" + identity.to_bytes(4, "big")


def frame_of(kind):
    return frame_of_id(SCHEMAS[full_name(kind)][0])


def encode(kind, data):
    """(the frame, the payload, its spots)"""
    encoder = Encoder(SCHEMAS[full_name(kind)][1])
    payload = encoder.encode(data)
    return frame_of(kind), payload, encoder.spots


def envelope(kind, event_id, source=SOURCE, **more):
    headers = [("ce_specversion", b"1.0"), ("ce_id", event_id.encode()), ("ce_source", source.encode()),
               ("ce_type", full_name(kind).encode()), ("content-type", b"application/avro")]
    return headers + [(f"ce_{name}", value.encode()) for name, value in more.items()]


# ---- Valid events ----

def goods(name, /, **changes):
    return {"sku": "A", "location": "NORTH", "quantity": 1, "reference_number": name, "received_by": "dock-1",
            **changes}


def one(sku="A", quantity=1, price="10.00"):
    """A line of an order, as a list of one."""
    return [{"sku": sku, "quantity": quantity, "unit_price": price}]


def order(name, what=(("A", 1, "10.00"),), **changes):
    """what: [(sku, pieces, price)]"""
    lines = [line for w in what for line in one(*w)]
    total = sum(int(decimal.Decimal(price) * 100) * quantity for _, quantity, price in what)
    return {"order_number": name, "company_id": "C-1", "customer_id": "U-1", "currency": "USD",
            "total_amount": f"{total // 100}.{total % 100:02}", "placed_at": WHEN, "destination_country": "SE",
            "lines": lines, **changes}


def listing(name, /, **changes):
    return {"sku": name, "company_id": "C-1", "name": f"Product {name}", "category": "toys", "price": "10.00",
            "currency": "USD", "weight": "1.250", "length": "30.0", "width": "20.0", "height": "10.0",
            "hs_code": "9503.00", "country_of_origin": "SE", **changes}


def company(name, /, **changes):
    return {"company_id": name, "name": f"Company {name}", **changes}


def user(name, /, **changes):
    return {"unique_id": name, "company_id": "C-1", "username": f"name of {name}", "role": "customer",
            "email": "".join(c for c in name if c.isalnum()) + "@example.com", "password_hash": "$h$", **changes}


def customs(number_, **changes):
    return {"unique_id": f"MAN-{number_}", "approved": True, "tracking_number": f"TRK0000{number_[2:]:0>6}",
            "retryable": False, "decided_at": WHEN, **changes}


def pickup(number_, **changes):
    return {"unique_id": f"MAN-{number_}", "at": WHEN, "carrier": "CARGO-7", **changes}


# What a valid event of a type is, and which fact accepts it.
VALID = {"GoodsReceived": (goods, "StockReceived"), "OrderPlaced": (order, "OrderAccepted"),
         "ProductListingRequested": (listing, "ProductListed"),
         "CompanyRegistrationRequested": (company, "CompanyRegistered"),
         "UserRegistrationRequested": (user, "UserRegistered"),
         "CustomsDecisionReported": (customs, "ManifestApproved"), "PickupReported": (pickup, "ManifestShipped")}
# Every field that may be null has a value, and the array two items: nothing is out of a fault's reach.
WHOLE = {"GoodsReceived": goods("whole", batch_number="B-1", expiry_date=WHEN + 3650 * DAY * MICROS,
                                min_stock_level=1, max_stock_level=10**6),
         "OrderPlaced": order("whole", (("A", 1, "10.00"), ("B", 1, "10.00")), origin_country="SE",
                              confirmation="EXPLICIT", reservation_ttl_s=900, backorder=False,
                              preferred_location="NORTH")}


class Table:
    def __init__(self):
        self.cases, self.names, self.group = [], set(), ""

    def add(self, name, kind, verdict, value=None, headers=None, event_id=None, source=SOURCE, **rest):
        """One case. Without a value it is a valid event, changed by `changes`, or of `data`."""
        changes, data = rest.pop("changes", {}), rest.pop("data", None)
        if data is None and kind in VALID:
            data = VALID[kind][0](name, **changes)
        if value is None:
            frame, payload, _ = encode(kind, data)
            value = frame + payload
        if isinstance(value, str):  # null
            value = None
        headers = envelope(kind, event_id or name, source) if headers is None else headers
        if isinstance(rest.get("key"), str):
            rest["key"] = rest["key"].encode()
        assert name not in self.names, name
        self.names.add(name)
        topic = rest.pop("topic", SCHEMAS[full_name(kind)][1]["quenty"]["topic"])
        self.cases.append(Case(self.group, name, full_name(kind), topic, value, headers, verdict, data=data or {},
                               **rest))


# ---- Before anything bad: what the cases refer to ----

LOTS = {"A": 10**6, "B": 10**6, "HALF": 100, "WEIGHTLESS": 100, "HEAVY": 100, "ONE": 1, "THEIRS": 100}
PRODUCTS = {"A": {}, "B": {}, "HALF": {"price": "50000000.00"}, "WEIGHTLESS": {"weight": "0.000"},
            "HEAVY": {"weight": "99999.999"}, "ONE": {}, "OLD": {}, "MAX": {}, "THEIRS": {"company_id": "C-2"}}
ABROAD = 12  # orders with manifests: 1 approved, 2 shipped, 3 and 4 submitted; the others are approved as good ones
GOOD_ABROAD = list(range(5, ABROAD + 1))


def furnish(table):
    table.group = "furnished"
    for n in (*range(1, 7), "off"):
        table.add(f"C-{n}", "CompanyRegistrationRequested", applied("CompanyRegistered"), key=f"C-{n}", lane=f"C-{n}")
        table.add(f"U-{n}", "UserRegistrationRequested", applied("UserRegistered"), key=f"C-{n}", lane=f"C-{n}",
                  changes={"company_id": f"C-{n}"})
    table.add("U-viewer", "UserRegistrationRequested", applied("UserRegistered"), changes={"role": "viewer"})
    for sku, changes in PRODUCTS.items():
        table.add(sku, "ProductListingRequested", applied("ProductListed"), changes=changes)
    for sku, quantity in LOTS.items():
        table.add(f"GRN-{sku}", "GoodsReceived", applied("StockReceived"), changes={"sku": sku, "quantity": quantity})
    for place in ("NORTH", "SOUTH"):
        table.add(f"GRN-MAX-{place}", "GoodsReceived", applied("StockReceived"),
                  changes={"sku": "MAX", "quantity": INT_MAX, "location": place})
    table.add("GRN-OLD", "GoodsReceived", applied("StockReceived"),
              changes={"sku": "OLD", "quantity": 100, "batch_number": "B-1",
                       "expiry_date": WHEN - 365 * DAY * MICROS})


def place_orders(table):
    table.group = "furnished"
    for n in range(1, ABROAD + 1):
        table.add(f"F-{n}", "OrderPlaced", applied("OrderAccepted"), changes=FOREIGN)
    table.add("DONE", "OrderPlaced", applied("OrderAccepted"))
    table.add("GONE", "OrderPlaced", applied("OrderAccepted"))


def move_orders(table):
    table.group = "furnished"
    for n in (1, 2):
        table.add(f"approve F-{n}", "CustomsDecisionReported", applied("ManifestApproved"), data=customs(f"F-{n}"))
    table.add("pick F-2 up", "PickupReported", applied("ManifestShipped"), data=pickup("F-2"))
    table.add("cancel GONE", "OrderCancellationRequested", applied("OrderCancelled"),
              data={"order_number": "GONE", "reason": "changed my mind", "requested_by": "ann"})


# ---- Envelope ----

def with_header(headers, name, value):
    return [(n, value if n == name else v) for n, v in headers]


HEADER_FAULTS = (  # label, what the headers become, reason, what is said
    ("missing", lambda h, n: [p for p in h if p[0] != n], "bad_envelope", "is missing or empty"),
    ("twice", lambda h, n: h + [p for p in h if p[0] == n], "bad_envelope", "is given twice"),
    ("another one too", lambda h, n: h + [(n, b"other")], "bad_envelope", "is given twice"),
    ("empty", lambda h, n: with_header(h, n, b""), "bad_envelope", "is missing or empty"),
    ("null", lambda h, n: with_header(h, n, None), "bad_envelope", "is null"),
    ("not UTF-8", lambda h, n: with_header(h, n, b"a\xffb"), "bad_envelope", "is not UTF-8"),
    ("with NUL", lambda h, n: with_header(h, n, b"a\0b"), "bad_envelope", "U\\+0000"),
    ("of 256 bytes", lambda h, n: with_header(h, n, b"a" * (TEXT_MAX + 1)), "over_limit", "more than 255 bytes"),
    ("in capitals", lambda h, n: [(m.upper() if m == n else m, v) for m, v in h], "bad_envelope",
     "is missing or empty"),
)
REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "content-type")
OPTIONAL = ("ce_subject", "ce_correlationid", "ce_causationid", "ce_causationsource", "traceparent", "tracestate")


def headers_at_fault(table):
    table.group = "headers"
    for name in REQUIRED:
        for label, change, reason, says in HEADER_FAULTS:
            case = f"{name} {label}"
            table.add(case, "GoodsReceived", dead(reason), says=f"header {name} .*{says}",
                      headers=change(envelope("GoodsReceived", case), name))
    for name, value in (("ce_specversion", b"0.3"), ("content-type", b"application/json"),
                        ("content-type", b"application/avrox"), ("ce_time", b"yesterday"),
                        ("ce_time", b"2025-13-01T00:00:00Z")):
        case = f"{name} {value.decode()}"
        headers = [h for h in envelope("GoodsReceived", case) if h[0] != name] + [(name, value)]
        table.add(case, "GoodsReceived", dead("bad_envelope"), headers=headers, says=f"header {name} is not")
    for name in OPTIONAL:
        for label, value, verdict, says in (
                ("of 256 bytes", b"a" * (TEXT_MAX + 1), dead("over_limit"), "more than 255 bytes"),
                ("with NUL", b"a\0b", dead("bad_envelope"), "U\\+0000"),
                ("null", None, dead("bad_envelope"), "is null"),
                ("of 255 bytes", b"a" * TEXT_MAX, applied("StockReceived"), ""),
                ("empty", b"", applied("StockReceived"), "")):
            case = f"{name} {label}"
            table.add(case, "GoodsReceived", verdict, headers=envelope("GoodsReceived", case) + [(name, value)],
                      says=says)


def header_edges(table):
    table.group = "header edges"
    good = applied("StockReceived")
    for label, event_id in (("of 255 bytes", "i" * TEXT_MAX), ("with control and bidi", "\x1b[2J \u202e \r\n é"),
                            ("of one byte", "i")):
        table.add(f"ce_id {label}", "GoodsReceived", good, event_id=event_id)
    table.add("ce_source of 255 bytes", "GoodsReceived", good, source="s" * TEXT_MAX)
    for name, value in (("ce_sequence", b"none"), ("ce_previoussequence", b"-1"), ("ce_outcome", b"whatever"),
                        ("", b"v"), ("ce_unheard_of", b"\0\xff"), ("x" * 249, b"")):
        case = f"a stranger's {name[:30]}"
        table.add(case, "GoodsReceived", good, headers=envelope("GoodsReceived", case) + [(name, value)])
    for value in ("APPLICATION/AVRO", "application/avro; charset=binary"):
        case = f"content-type {value}"
        table.add(case, "GoodsReceived", good,
                  headers=with_header(envelope("GoodsReceived", case), "content-type", value.encode()))
    for count, verdict in ((HEADERS_MAX, good), (HEADERS_MAX + 1, dead("over_limit")), (500, dead("over_limit"))):
        case = f"{count} headers"
        headers = envelope("GoodsReceived", case)
        table.add(case, "GoodsReceived", verdict,
                  headers=headers + [(f"x{n}", b"v") for n in range(count - len(headers))],
                  says="" if verdict == good else f"{count} headers")
    for size in (64 * 1024, 128 * 1024):
        case = f"a header of {size >> 10} KiB"
        table.add(case, "GoodsReceived", dead("over_limit"), says="headers of \\d+ bytes together",
                  headers=envelope("GoodsReceived", case) + [("x", b"v" * size)])


def types_at_fault(table):
    table.group = "types"
    for label, value in (("unknown", "quenty.stock.NoSuchThing"), ("a fact's", "quenty.stock.StockReceived"),
                         ("of another topic", "quenty.order.OrderPlaced"), ("of 255 bytes", "t" * TEXT_MAX),
                         ("with ESC", "quenty.\x1b[31m\u202e")):
        case = f"ce_type {label}"
        table.add(case, "GoodsReceived", dead("unexpected_type"), says="does not belong on quenty.stock.ingress.v1",
                  headers=with_header(envelope("GoodsReceived", case), "ce_type", value.encode()))
    table.add("the right type on a wrong topic", "OrderPlaced", dead("unexpected_type"), topic=STOCK,
              says="does not belong")


def keys_at_fault(table):
    table.group = "keys"
    good = applied("StockReceived")
    for label, key, verdict, says in (
            ("null", None, good, ""), ("empty", b"", good, ""), ("of 1024 bytes", b"k" * KEY_MAX, good, ""),
            ("of 1025 bytes", b"k" * (KEY_MAX + 1), dead("over_limit"), "a key of 1025 bytes"),
            ("of 64 KiB", b"k" * 65536, dead("over_limit"), "a key of 65536 bytes"),
            ("not UTF-8", b"\xff\xfe", dead("bad_envelope"), "a key that is not UTF-8"),
            ("with NUL", b"C-1\0", dead("bad_envelope"), "a key that is not UTF-8 or holds U\\+0000"),
            ("with ESC and bidi", "\x1b]0;k\u2066".encode(), good, "")):
        table.add(f"key {label}", "GoodsReceived", verdict, key=key, says=says)


def many_lines(size):
    """An order that is a value of so many bytes, with its frame."""
    data = {**order("many", ()), "lines": one("s" * 40) * ((size - 500) // (40 + 5))}
    missing = size - sum(map(len, encode("OrderPlaced", {**data, "order_number": "n" * TEXT_MAX})[:2]))
    value = b"".join(encode("OrderPlaced", {**data, "order_number": "n" * (TEXT_MAX + missing)})[:2])
    assert len(value) == size
    return value


def frames_at_fault(table):
    table.group = "frames"
    kind, bad = "GoodsReceived", dead("undecodable")
    frame, payload, _ = encode(kind, WHOLE[kind])
    identity = SCHEMAS[full_name(kind)][0]
    single = SINGLE[full_name(kind)]
    neither = "begins neither with 00"
    for label, value in (("null", "null"), ("empty", b""), ("00", b"\0"), ("C3", b"\xc3"), ("FF", b"\xff"),
                         ("JSON", b"{}"),
                         ("C3 02", b"\xc3\x02" + single[2:] + payload), ("a short C3 01", single[:9]),
                         ("magic 01", b"\1" + frame[1:] + payload), ("magic FF", b"\xff" + frame[1:] + payload)):
        table.add(f"value {label}", kind, bad, value=value, says=neither)
    for label, head in (("0", 0), ("2^32-1", 2**32 - 1), ("1234567", 1234567),
                        ("of the other byte order", int.from_bytes(identity.to_bytes(4, "big"), "little"))):
        table.add(f"schema id {label}", kind, dead("unknown_schema"), value=frame_of_id(head) + payload)
    table.add("an unknown fingerprint", kind, dead("unknown_schema"),
              value=single[:-1] + bytes([single[-1] ^ 1]) + payload)
    for other in ("OrderPlaced", "StockReceived", "ProductListingRequested"):
        table.add(f"the schema id of {other}", kind, bad, value=frame_of(other) + payload,
                  says=f"the value's schema \\d+ is {full_name(other)}")
    table.add("a fingerprint in place of the id", kind, applied("StockReceived"),
              value=single + encode(kind, goods("a fingerprint in place of the id"))[1])
    table.add("256 KiB", "OrderPlaced", declined("INVALID_FIELD"), value=many_lines(VALUE_MAX))
    table.add("256 KiB and a byte", "OrderPlaced", dead("over_limit"), value=many_lines(VALUE_MAX + 1),
              says=f"a value of {VALUE_MAX + 1} bytes")
    table.add("a batch that is 1000 times as large when it is read", kind, dead("over_limit"), value=bytes(900_000),
              compressed=True, says="a value of 900000 bytes")
    chance = random.Random(20250122)
    for n in range(4):
        table.add(f"64 KiB of chance {n}", kind, bad, value=b"\x99" + chance.randbytes(65535), says=neither)
        # The first text is 64 bytes of chance, and no UTF-8.
        table.add(f"a frame and 64 KiB of chance {n}", kind, bad,
                  value=frame + number(64) + b"\xff" + chance.randbytes(65535),
                  says="field sku, byte \\d+ of \\d+: text that is not UTF-8")


# ---- Avro ----

CUT = "(the value ends|a length beyond the end|more items than the value has bytes for)"
TOO_LONG = ((b"\x80" * LONG_BYTES + b"\0", "of 11 bytes"), (b"\xff" * (LONG_BYTES - 1) + b"\2", "of 65 bits"))
NUMBERS = {  # kind of a spot: (label, what stands there, what is said)
    "length": (("-1", -1, "a negative length"), ("-2^63", -2**63, "a negative length"),
               ("2^31", 2**31, "a length beyond the end"), ("2^62", 2**62, "a length beyond the end"),
               ("2^63-1", 2**63 - 1, "a length beyond the end")),
    "union": tuple((str(n), n, "a union index other than 0 and 1") for n in (-1, 2, 2**32)),
    "enum": tuple((str(n), n, "an enum index without a symbol") for n in (-1, 2, 2**32)),
    "int": tuple((str(n), n, "an int of more than 32 bits") for n in (2**31, -2**31 - 1, 2**63 - 1, -2**63)),
    "instant": tuple((str(n), n, "an instant outside of the years 1 to 9999") for n in (2**63 - 1, -2**63)),
    "count": (("10^12", 10**12, "more items than the value has bytes for"),
              ("2^63-1", 2**63 - 1, "more items than the value has bytes for")),
    "end": (("10^12", 10**12, "more items than the value has bytes for"),),
    "long": (),
}
BAD_TEXTS = {"NUL": b"a\0b", "an overlong slash": b"\xc0\xaf", "an overlong NUL": b"\xc0\x80",
             "an overlong E0": b"\xe0\x80\xaf",
             "a lone continuation": b"a\x80", "a cut character": b"a\xe2\x82", "a surrogate": b"\xed\xa0\x80",
             "U+110000": b"\xf4\x90\x80\x80", "FF": b"\xff", "Latin-1": b"caf\xe9 au lait"}
GOOD_TEXTS = {"ESC": "\x1b[31mred\x1b[0m", "bidi": "a\u202eb\u2066c\u200f", "a bell and a backspace": "\a\b",
              "lines": "a\r\nb\tc", "four bytes a character": "\U0001f4e6" * 255, "U+FFFF and U+FEFF": "\uffff\ufeff",
              "quotes": "'; DROP TABLE orders; --\"\\"}


def avro_cut(table):
    for kind, data in WHOLE.items():
        table.group = f"{kind} cut off"
        frame, payload, _ = encode(kind, data)
        value = frame + payload
        for size in range(len(value)):
            table.add(f"{kind} cut at {size}", kind, dead("undecodable"), value=value[:size],
                      says="begins neither" if size < len(frame) else f"byte \\d+ of \\d+: {CUT}")


def avro_longer(table):
    table.group = "bytes behind the value"
    for kind, data in WHOLE.items():
        frame, payload, _ = encode(kind, data)
        for label, more in (("00", b"\0"), ("FF", b"\xff"), ("itself", payload), ("64 KiB of 00", bytes(65536))):
            table.add(f"{kind} and {label}", kind, dead("undecodable"), value=frame + payload + more,
                      says="bytes behind the end of the value")


def avro_numbers(table):
    """Each number of a value in turn: lengths, indexes, counts, and those that are values."""
    for kind, data in WHOLE.items():
        frame, payload, spots = encode(kind, data)
        table.group = f"numbers of {kind}"
        for spot in spots:
            if spot.kind not in NUMBERS:
                continue
            faults = [(label, number(value), says) for label, value, says in NUMBERS[spot.kind]]
            faults += [(label, data_, "a number of more than 64 bits") for data_, label in TOO_LONG]
            for label, new, says in faults:
                table.add(f"{kind} {spot.path} {spot.kind} {label}", kind, dead("undecodable"),
                          value=frame + replaced(payload, spot, new), says=f"field {field_of(spot)}.*{says}")
    table.group = "numbers in a longer form"
    for kind, data in WHOLE.items():
        name = f"{kind} with longer numbers"
        own = {"GoodsReceived": "reference_number", "OrderPlaced": "order_number"}[kind]
        frame, payload, spots = encode(kind, {**data, own: name})
        for spot in reversed([s for s in spots if s.kind in NUMBERS]):
            longer = payload[spot.start:spot.end - 1] + bytes([payload[spot.end - 1] | 0x80]) + b"\0"
            payload = replaced(payload, spot, longer)
        table.add(name, kind, applied(VALID[kind][1]), value=frame + payload, data={**data, own: name})


def field_of(spot):
    return spot.path.split("[")[0]


def avro_booleans(table):
    table.group = "booleans"
    frame, payload, spots = encode("OrderPlaced", WHOLE["OrderPlaced"])
    for spot in (s for s in spots if s.kind == "boolean"):
        for value in (2, 0x7F, 0x80, 0xFF):
            table.add(f"{spot.path} {value}", "OrderPlaced", dead("undecodable"),
                      value=frame + replaced(payload, spot, bytes([value])),
                      says=f"field {spot.path}.*a boolean that is neither 0 nor 1")


def blocks(payload, spots, shape):
    """The array of a value written in another way: shape(its items as bytes, how many bytes) gives the blocks."""
    spot = next(s for s in spots if s.kind == "items")
    count = next(s for s in spots if s.kind == "count")
    return replaced(payload, spot, shape(payload[count.end:spot.end]))


BLOCKS = (  # label, shape, what is said; of two items
    ("-2^63", lambda i: number(-2**63) + number(len(i)) + i, "an impossible number of items"),
    ("with a size one too small", lambda i: number(-2) + number(len(i) - 1) + i,
     "a block whose size is not that of its items"),
    ("with a size one too large", lambda i: number(-2) + number(len(i) + 1) + i,
     "a block whose size is not that of its items"),
    ("of no bytes", lambda i: number(-2) + number(0) + i, "more items than the value has bytes for"),
    ("with a size of -1", lambda i: number(-2) + number(-1) + i, "a block beyond the end of the value"),
    ("with a size of -2^63", lambda i: number(-2) + number(-2**63) + i, "a block beyond the end of the value"),
    ("with a size of 2^40", lambda i: number(-2) + number(2**40) + i, "a block beyond the end of the value"),
    ("of -10^12 items", lambda i: number(-10**12) + number(len(i)) + i, "more items than the value has bytes for"),
)
GOOD_BLOCKS = (("with its true size", lambda i: number(-2) + number(len(i)) + i),
               ("one item a block",
                lambda i: number(1) + i[:len(i) // 2] + number(-1) + number(len(i) // 2) + i[len(i) // 2:]))


def avro_blocks(table):
    table.group = "blocks of an array"
    frame, payload, spots = encode("OrderPlaced", WHOLE["OrderPlaced"])
    for label, shape, says in BLOCKS:
        table.add(f"a block {label}", "OrderPlaced", dead("undecodable"), value=frame + blocks(payload, spots, shape),
                  says=f"field lines.*{says}")
    for label, shape in GOOD_BLOCKS:
        name = f"a block {label}"
        data = {**WHOLE["OrderPlaced"], "order_number": name}
        _, payload, spots = encode("OrderPlaced", data)
        table.add(name, "OrderPlaced", applied("OrderAccepted"), value=frame + blocks(payload, spots, shape),
                  data=data)
    for count, verdict, says in ((ITEMS_MAX, declined("TOO_MANY_LINES"), "10000 lines"),
                                 (ITEMS_MAX + 1, dead("over_limit"), "more than 10000 items")):
        table.add(f"{count} items", "OrderPlaced", verdict, changes={"lines": one() * count}, says=says)


def avro_texts(table):
    for kind, data in WHOLE.items():
        frame, payload, spots = encode(kind, data)
        table.group = f"texts of {kind}"
        for spot in (s for s in spots if s.kind == "text"):
            for label, value in BAD_TEXTS.items():
                table.add(f"{kind} {spot.path} with {label}", kind, dead("undecodable"),
                          value=frame + replaced(payload, spot, text(value)),
                          says=f"field {field_of(spot)}.*text that is not UTF-8 or holds U\\+0000")
            table.add(f"{kind} {spot.path} of 4097 bytes", kind, dead("over_limit"),
                      says=f"field {field_of(spot)}.*more than 4096",
                      value=frame + replaced(payload, spot, text("t" * (STRING_MAX + 1))))
            if not (kind, spot.path) == ("OrderPlaced", "order_number"):
                continue
            table.add(f"{kind} {spot.path} of 4096 bytes", kind, declined("INVALID_FIELD"),
                      value=frame + replaced(payload, spot, text("t" * STRING_MAX)))
    table.group = "texts that are only strange"
    for label, value in GOOD_TEXTS.items():
        name = f"text with {label}"
        table.add(name, "GoodsReceived", applied("StockReceived"), changes={"received_by": value},
                  leaves=("order_db", "SELECT encode(convert_to(created_by, 'UTF8'), 'hex') FROM stock_movements "
                          f"WHERE reference_number = '{name}'", value.encode().hex()))
        table.add(f"currency with {label}", "OrderPlaced", declined("CURRENCY_UNSUPPORTED"),
                  changes={"currency": value[:80]})


def avro_decimals(table):
    table.group = "decimals"
    frame, payload, spots = encode("OrderPlaced", WHOLE["OrderPlaced"])
    for spot in (s for s in spots if s.kind == "decimal"):
        for label, value in (("empty", b""), ("of 17 bytes", bytes(17)),
                             ("of 15 digits", (10**14).to_bytes(8, "big")),
                             ("of -15 digits", (-10**14).to_bytes(8, "big", signed=True)),
                             ("of 128 bits", b"\x80" + bytes(15))):
            table.add(f"{spot.path} {label}", "OrderPlaced", dead("undecodable"),
                      value=frame + replaced(payload, spot, text(value)), says=f"field {field_of(spot)}.*a decimal")
    name = "decimals of 16 bytes"
    frame, payload, spots = encode("OrderPlaced", {**WHOLE["OrderPlaced"], "order_number": name})
    for spot in reversed([s for s in spots if s.kind == "decimal"]):
        value = payload[spot.start + 1:spot.end]
        payload = replaced(payload, spot, text(value.rjust(16, b"\0")))
    table.add(name, "OrderPlaced", applied("OrderAccepted"), value=frame + payload,
              data={**WHOLE["OrderPlaced"], "order_number": name})


# ---- Values ----

CURRENCIES = ("usd", "XXX", "ABCDEFGHIJK", "", "US", "U$D", "BHD", "\u0405\u0405\u0405")
COUNTRIES = ("XX", "se", "SWE", "", "ZZ", "\u00c5L")


def orders_at_fault(table):
    table.group = "values of orders"
    kind = "OrderPlaced"

    def refused(name, reason, says="", /, **changes):
        table.add(name, kind, declined(reason), changes=changes, says=says)
    for value in CURRENCIES:
        refused(f"an order in {value!r}", "CURRENCY_UNSUPPORTED",
                f"currency {value} is not accepted".replace("$", "\\$"), currency=value)
    refused("an order in EUR", "CURRENCY_MISMATCH", currency="EUR")
    for value in COUNTRIES:
        refused(f"an order to {value!r}", "UNKNOWN_COUNTRY", "not in ISO 3166-1", destination_country=value)
        refused(f"an order from {value!r}", "UNKNOWN_COUNTRY", "not in ISO 3166-1", origin_country=value)
    for value in (0, -1, INT_MAX, -INT_MAX - 1, 10**6 + 1):
        refused(f"an order of {value} pieces", "INVALID_QUANTITY", f"quantity {value} of sku A",
                lines=one("A", value))
    refused("an order of twice 2147483647 pieces", "INVALID_QUANTITY", lines=one("A", INT_MAX) * 2)
    refused("an order of twice 600000 pieces", "INVALID_QUANTITY", "quantity 600000 of sku A",
            lines=one("A", 600000) * 2)
    for label, value in (("a cent less", "9.99"), ("a cent more", "10.01"), ("0", "0.00"),
                         ("all digits", "999999999999.99")):
        refused(f"a total of {label}", "TOTAL_MISMATCH", total_amount=value)
    refused("a total of -0.01", "INVALID_FIELD", "negative", total_amount="-0.01")
    refused("a total of the least number", "INVALID_FIELD", "negative", total_amount="-999999999999.99")
    refused("a price of -0.01", "INVALID_FIELD", "negative", lines=one("A", 1, "-0.01"))
    refused("a price of 100000000.00", "PRICE_MISMATCH", lines=one("A", 1, "100000000.00"),
            total_amount="100000000.00")
    refused("an order of 100000000.00", "AMOUNT_OUT_OF_RANGE", "above 99999999.99",
            lines=one("HALF", 2, "50000000.00"), total_amount="100000000.00")
    refused("an order of 10.50 yen", "INVALID_FIELD", "finer than JPY", currency="JPY", total_amount="10.50")
    refused("no lines", "EMPTY_ORDER", lines=[])
    refused("501 lines", "TOO_MANY_LINES", lines=one() * 501)
    refused("an order number of 251 characters", "INVALID_FIELD", order_number="n" * 251)
    refused("no order number", "INVALID_FIELD", order_number="")
    refused("a company of 256 characters", "INVALID_FIELD", "company_id", company_id="c" * 256)
    refused("a time limit of -1 s", "INVALID_FIELD", "reservation_ttl_s is -1", reservation_ttl_s=-1)
    refused("a product of another company", "COMPANY_MISMATCH", lines=one("THEIRS"))
    refused("an order of a viewer", "FORBIDDEN_ROLE", "viewer", customer_id="U-viewer")
    refused("an order from an inactive company", "COMPANY_INACTIVE", "company C-off is not active",
            company_id="C-off")
    refused("an order of an inactive customer", "CUSTOMER_INACTIVE", "customer U-off is not active",
            customer_id="U-off")
    refused("weight 0 abroad", "WEIGHT_UNKNOWN", "sku WEIGHTLESS", **FOREIGN, lines=one("WEIGHTLESS"))
    refused("twice 99999.999 kg abroad", "AMOUNT_OUT_OF_RANGE", "sku HEAVY", **FOREIGN, total_amount="20.00",
            lines=one("HEAVY", 2))
    for name, what, reason, changes in (
            ("an unknown company", "company", "UNKNOWN_COMPANY", {"company_id": "C-nobody"}),
            ("an unknown customer", "customer", "UNKNOWN_CUSTOMER", {"customer_id": "U-nobody"}),
            ("an unknown product", "product", "UNKNOWN_PRODUCT", {"lines": one("NOTHING")})):
        table.add(f"an order of {name}", kind, declined(reason), changes=changes, waits=what)


def status_of(number_):
    return ("order_db", f"SELECT status FROM orders WHERE order_number = '{number_}'")


def orders_at_edges(table):
    """What only looks wrong, and what is accepted and then ends."""
    table.group = "orders that are only strange"
    good, kind = applied("OrderAccepted"), "OrderPlaced"
    for name, changes in (("an order placed a year ago", {"placed_at": WHEN - 365 * DAY * MICROS}),
                          ("an order placed in an hour", {"placed_at": WHEN + 3650 * DAY * MICROS}),
                          ("an order of the year 1", {"placed_at": -62135596800 * MICROS}),
                          ("an order of the year 9999", {"placed_at": 253402300799 * MICROS})):
        table.add(name, kind, good, changes=changes, leaves=(*status_of(name), "confirmed"))
    table.add("3 of two lots of 2147483647", kind, good,
              changes=order("x", (("MAX", 3, "10.00"),), order_number="3 of two lots of 2147483647"),
              leaves=(*status_of("3 of two lots of 2147483647"), "confirmed"))
    table.add("an order of an expired lot", kind, good, also=(("OrderCancelled", "INSUFFICIENT_STOCK"),),
              changes={"lines": one("OLD")},
              leaves=(*status_of("an order of an expired lot"), "cancelled"))
    table.add("an order of 2 of 1 piece", kind, good, also=(("OrderCancelled", "INSUFFICIENT_STOCK"),),
              changes=order("x", (("ONE", 2, "10.00"),), order_number="an order of 2 of 1 piece"))
    table.add("99999.999 kg abroad", kind, good, changes={**FOREIGN, "lines": one("HEAVY")},
              leaves=(*status_of("99999.999 kg abroad"), "cancelled"))


def goods_at_fault(table):
    table.group = "values of goods"
    kind = "GoodsReceived"

    def refused(name, reason, says="", /, **changes):
        table.add(name, kind, declined(reason), changes=changes, says=says)
    for value in (0, -1, -INT_MAX - 1):
        refused(f"goods of {value} pieces", "INVALID_QUANTITY", f"quantity {value} is not above 0", quantity=value)
    refused("2147483647 pieces more", "INVALID_QUANTITY", "would hold more than 2147483647 pieces", quantity=INT_MAX)
    for name in ("sku", "location", "reference_number", "received_by"):
        refused(f"goods with an empty {name}", "INVALID_FIELD", f"{name} is empty", **{name: ""})
        refused(f"goods with a {name} of 256 characters", "INVALID_FIELD", name, **{name: "\u00e9" * 256})
    refused("goods with a batch of 256 characters", "INVALID_FIELD", "batch_number", batch_number="b" * 256)
    for name in ("min_stock_level", "max_stock_level"):
        refused(f"goods with a {name} of -1", "INVALID_FIELD", name, **{name: -1})
    refused("an expired lot with another date", "INVALID_FIELD", "expiry_date", sku="OLD", batch_number="B-1",
            expiry_date=WHEN)
    table.add("goods of an unknown product", kind, declined("UNKNOWN_PRODUCT"), waits="product",
              changes={"sku": "NOTHING"})
    table.add("more of an expired lot", kind, applied("StockReceived"),
              changes={"sku": "OLD", "batch_number": "B-1", "expiry_date": WHEN - 365 * DAY * MICROS})
    table.add("goods of the year 9999", kind, applied("StockReceived"),
              changes={"batch_number": "B-9999", "expiry_date": 253402300799 * MICROS})


def listings_at_fault(table):
    table.group = "values of products"
    kind = "ProductListingRequested"

    def refused(name, reason, says="", /, **changes):
        table.add(name, kind, declined(reason), changes=changes, says=says)
    for value in CURRENCIES:
        refused(f"a product in {value!r}", "CURRENCY_UNSUPPORTED", currency=value)
    for value in COUNTRIES:
        refused(f"a product from {value!r}", "UNKNOWN_COUNTRY", country_of_origin=value)
    for name in ("price", "cost", "weight", "length"):
        refused(f"a {name} below 0", "INVALID_FIELD", name,
                **{name: {"weight": "-0.001", "length": "-0.1"}.get(name, "-0.01")})
    for name in ("price", "cost"):
        refused(f"a product's {name} of 100000000.00", "AMOUNT_OUT_OF_RANGE", **{name: "100000000.00"})
    refused("a product of 10.50 yen", "INVALID_FIELD", "price", currency="JPY", price="10.50")
    for value in ("95", "950300123456", "95O3.00", "9503.0"):
        refused(f"hs code {value}", "INVALID_FIELD", "hs_code", hs_code=value)
    refused("a sku of 256 characters", "INVALID_FIELD", "sku", sku="s" * 256)
    refused("a name of 501 characters", "INVALID_FIELD", "name", name="n" * 501)
    refused("a sku that is taken", "DUPLICATE_SKU", "another product's", sku="A")
    refused("a product of an inactive company", "COMPANY_INACTIVE", "C-off", company_id="C-off")
    table.add("a product of an unknown company", kind, declined("UNKNOWN_COMPANY"), waits="company",
              changes={"company_id": "C-nobody"})
    for value in ("0.000", "99999.999"):
        table.add(f"a product of {value} kg", kind, applied("ProductListed"), changes={"weight": value})


def customers_at_fault(table):
    table.group = "values of customers"
    for label, address in (("of 300 characters", "a" * 288 + "@example.com"),
                           ("of 256 characters", "a" * 244 + "@example.com"),
                           ("without @", "ann"), ("without a domain", "ann@"),
                           ("in Cyrillic", "\u0430nn@example.com"),
                           ("with ESC", "a\x1b@example.com"), ("in two lines", "a\n@example.com"), ("empty", "")):
        table.add(f"an address {label}", "UserRegistrationRequested", declined("INVALID_EMAIL"),
                  changes={"email": address},
                  says="email.* is not an address")
    for name, reason, changes in (
            ("role root", "INVALID_ROLE", {"role": "root"}), ("an empty role", "INVALID_ROLE", {"role": ""}),
            ("an empty user id", "INVALID_FIELD", {"unique_id": ""}),
            ("a username of 256", "INVALID_FIELD", {"username": "n" * 256}),
            ("a hash of 256", "INVALID_FIELD", {"password_hash": "h" * 256}),
            ("a phone of 51", "INVALID_FIELD", {"phone": "1" * 51}),
            ("a user that is there", "DUPLICATE_USER", {"unique_id": "U-1"}),
            ("a user of an inactive company", "COMPANY_INACTIVE", {"company_id": "C-off"})):
        table.add(name, "UserRegistrationRequested", declined(reason), changes=changes)
    table.add("a user of an unknown company", "UserRegistrationRequested", declined("UNKNOWN_COMPANY"),
              waits="company",
              changes={"company_id": "C-nobody"})
    for name, reason, changes in (
            ("an empty company id", "INVALID_FIELD", {"company_id": ""}),
            ("a company name of 501", "INVALID_FIELD", {"name": "n" * 501}),
            ("an unknown type of document", "UNKNOWN_DOCUMENT_TYPE", {"document_type": "x", "document_number": "1"}),
            ("a company that is there", "DUPLICATE_COMPANY", {"company_id": "C-1"})):
        table.add(name, "CompanyRegistrationRequested", declined(reason), changes=changes)
    # Its type has a secret: the bytes stay in the database.
    frame, payload, _ = encode("UserRegistrationRequested", user("secret"))
    table.add("a user cut off", "UserRegistrationRequested", dead("undecodable"), value=frame + payload[:-1],
              says=CUT)


def shipments_at_fault(table):
    table.group = "values of shipments"
    reports, pickups = "CustomsDecisionReported", "PickupReported"

    def refused(name, kind, reason, data, says=""):
        table.add(name, kind, declined(reason), data=data, says=says)
    refused("approved without a number", reports, "INVALID_TRACKING", customs("F-3", tracking_number=None),
            "without a tracking_number")
    for label, value in (("short", "A"), ("small", "trk00000001"), ("ESC", "TRK\x1b[31m000"),
                         ("postal", "RR000000000SE"),
                         ("long", "T" * 36)):
        refused(f"a tracking number that is {label}", reports, "INVALID_TRACKING",
                customs("F-3", tracking_number=value),
                "is not one of the carrier's")
    refused("the tracking number of another", reports, "DUPLICATE_TRACKING",
            customs("F-3", tracking_number="TRK0000000001"))
    refused("customs decide about what has left", reports, "ILLEGAL_TRANSITION",
            customs("F-2", approved=False, tracking_number=None))
    refused("a pickup of what is not approved", pickups, "ILLEGAL_TRANSITION", pickup("F-4"))
    refused("a pickup by nobody", pickups, "INVALID_FIELD", pickup("F-1", carrier=""), "carrier is empty")
    refused("a carrier of 256 characters", pickups, "INVALID_FIELD", pickup("F-1", carrier="c" * 256))
    table.add("a pickup by an unknown carrier", pickups, applied("ManifestShipped"),
              data=pickup("F-1", carrier="NOBODY\x1b\u202e"),
              leaves=(*status_of("F-1"), "shipped"))
    for name, kind, data in (("customs about an unknown manifest", reports, customs("F-99")),
                             ("a pickup of an unknown manifest", pickups, pickup("F-99"))):
        table.add(name, kind, declined("UNKNOWN_MANIFEST"), data=data, waits="manifest")
    frame, payload, _ = encode(pickups, pickup("F-4"))
    table.add("a pickup cut off", pickups, dead("undecodable"), value=frame + payload[:-1], says=CUT)


def steps_at_fault(table):
    table.group = "steps that are not allowed"
    confirms, cancels = "OrderConfirmationRequested", "OrderCancellationRequested"

    def cancel(number_, reason="changed my mind"):
        return {"order_number": number_, "reason": reason, "requested_by": "ann"}
    for name, kind, data, reason, says in (
            ("confirm what is confirmed", confirms, {"order_number": "DONE"}, "ILLEGAL_TRANSITION",
             "the order is confirmed"),
            ("confirm what is cancelled", confirms, {"order_number": "GONE"}, "ILLEGAL_TRANSITION",
             "the order is cancelled"),
            ("cancel what is cancelled", cancels, cancel("GONE", "again"), "ILLEGAL_TRANSITION",
             "the order is cancelled"),
            ("cancel what is shipped", cancels, cancel("F-2"), "ALREADY_SHIPPED", "the order is shipped")):
        table.add(name, kind, declined(reason), data=data, says=says)
    for name, kind, data in (("confirm what is unknown", confirms, {"order_number": "NOTHING"}),
                             ("cancel what is unknown", cancels, cancel("NOTHING"))):
        table.add(name, kind, declined("UNKNOWN_ORDER"), data=data, waits="order")
    table.add("cancel what was cancelled for the same reason", cancels, repeated, data=cancel("GONE"))


# ---- Sequence ----

def sequences(table):
    table.group = "sequences"
    kind, good = "GoodsReceived", applied("StockReceived")
    once = goods("once")
    table.add("once", kind, good)
    table.add("the same again", kind, duplicate, event_id="once", data=once)
    table.add("the same again with another key", kind, duplicate, event_id="once", data=once, key="other")
    table.add("the same id with other bytes", kind, dead("id_reused"), event_id="once", data=goods("other"))
    table.add("the same id with another type", "ProductListingRequested", dead("id_reused"), event_id="once")
    table.add("the same id of another source", kind, repeated, event_id="once", source="/test/other", data=once)
    table.add("the same request under a new id", kind, repeated, data=once)
    table.add("a dead one", kind, dead("undecodable"), value=b"\0\0")
    table.add("a good one of a dead one's id", kind, good, event_id="a dead one")
    cancel = {"order_number": "placed later", "reason": "too early", "requested_by": "ann"}
    table.add("cancelled before it is placed", "OrderCancellationRequested", applied("OrderCancelled"), data=cancel)
    table.add("placed later", "OrderPlaced", applied("OrderAccepted"),
              leaves=(*status_of("placed later"), "cancelled"))
    table.add("placed", "OrderPlaced", applied("OrderAccepted"), leaves=(*status_of("placed"), "confirmed"))
    table.add("placed twice under a new id", "OrderPlaced", repeated, data=order("placed"))
    table.add("placed twice with other content", "OrderPlaced", declined("DUPLICATE_ORDER_NUMBER"),
              data=order("placed", (("A", 2, "10.00"),)))
    year, hour = 365 * DAY, 3599
    for name, seconds in (("a year old", -year), ("an hour in the future", hour)):
        table.add(name, kind, good, headers=envelope(kind, name, time=moment(seconds)), timestamp=seconds)


# ---- Facts ----

def facts_at_fault(lane):
    """On a topic of facts, where nobody but a relay may write."""
    table = Table()
    table.group = "facts"
    kind, data = "CompanyRegistered", {"company_id": "C-false", "name": "False", "active": True}
    frame, payload, _ = encode(kind, data)
    whole = {"time": moment(0), "subject": "C-false", "sequence": "5"}
    for name, verdict, headers, value in (
            ("a fact without its own headers", dead("bad_envelope"), {}, frame + payload),
            ("a fact of sequence 0", dead("bad_envelope"), {**whole, "sequence": "0"}, frame + payload),
            ("a fact before itself", dead("bad_envelope"), {**whole, "previoussequence": "5"}, frame + payload),
            ("a fact of no known outcome", dead("bad_envelope"), {**whole, "outcome": "maybe"}, frame + payload),
            ("a fact cut off", dead("undecodable"), whole, frame + payload[:-1]),
            ("a fact of an unknown schema", dead("unknown_schema"), {**whole, "sequence": "6", "previoussequence": "5"},
             b"\0\0\0\0\1" + payload)):
        table.add(name, kind, verdict, value=value, data=data, lane=lane, key=lane,
                  headers=envelope(kind, name, "/quenty/customer_db/0/1", **headers))
    return table.cases


def moment(seconds):
    """ce_time of so many seconds from the days in which this was written; which, nothing looks at."""
    return "2025-11-29T00:00:00Z" if seconds < 0 else "2026-11-29T23:59:59.999999Z"


RULES = (headers_at_fault, header_edges, types_at_fault, keys_at_fault, frames_at_fault, avro_cut, avro_longer,
         avro_numbers, avro_booleans, avro_blocks, avro_texts, avro_decimals, orders_at_fault, orders_at_edges,
         goods_at_fault, listings_at_fault, customers_at_fault, shipments_at_fault, steps_at_fault, sequences)
GOOD_EVERY, OTHERS = 3, ("C-2", "C-3", "C-4", "C-5")


def good_one(table, topic, count):
    """One that is nothing but good, for a topic: by turns on the lane of the bad ones and on others."""
    lane = KEY if count % 2 else OTHERS[count // 2 % len(OTHERS)]
    where = {"key": lane, "lane": lane}
    name = f"good {count}"
    if topic == STOCK:
        table.add(name, "GoodsReceived", applied("StockReceived"), **where)
    elif topic == ORDER:
        table.add(name, "OrderPlaced", applied("OrderAccepted"), **where)
    elif topic == CUSTOMER:
        table.add(name, "CompanyRegistrationRequested", applied("CompanyRegistered"), **where)
    elif table.abroad:
        number_ = f"F-{table.abroad.pop()}"
        table.add(f"approve {number_}", "CustomsDecisionReported", applied("ManifestApproved"), data=customs(number_),
                  **where)


def phases():
    """Lists of cases; each is sent when the one before it has come to rest. The last is the bad one."""
    table, found = Table(), []
    for rule in (furnish, place_orders, move_orders):
        table.cases = []
        rule(table)
        found.append(table.cases)
    table.cases = []
    for rule in RULES:
        rule(table)
    bad, table.cases, table.group, table.abroad = table.cases, [], "good ones between", list(GOOD_ABROAD)
    for count, case in enumerate(bad):
        table.cases.append(case)
        if count % GOOD_EVERY == 0 and case.group != "sequences" or case.topic == SHIPPING:
            good_one(table, case.topic, count // GOOD_EVERY if case.topic != SHIPPING else 10**6 + count)
    found.append(table.cases)
    return found
