"""Avro's binary encoding, once more, from its specification: a datum's bytes, and where in them each
length, number, index, count and text lies, so that a test can put something else in its place."""

import decimal
from collections import namedtuple

# path: of the field; kind: what lies at start..end:
#   length, int, long, instant, union, enum, count (of a block), end (of an array): a number, zigzag
#   boolean: its byte; text, decimal: the length and what it is of; items: a block, its count included
Spot = namedtuple("Spot", "path kind start end")
LONG_BYTES = 10


def number(value):
    """Zigzag, seven bits a byte, the lowest first."""
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return number(len(value)) + value


class Encoder:
    """Encodes by a schema as JSON has it; `spots` are those of the last value."""

    def __init__(self, schema):
        self.schema, self.named, self.out, self.spots = schema, {}, bytearray(), []

    def encode(self, datum):
        self.out, self.spots = bytearray(), []
        self._value(self.schema, datum, "")
        return bytes(self.out)

    def _put(self, path, kind, data):
        start = len(self.out)
        self.out += data
        self.spots.append(Spot(path, kind, start, len(self.out)))

    def _sized(self, path, kind, data):
        start = len(self.out)
        self._put(path, "length", number(len(data)))
        self.out += data
        self.spots.append(Spot(path, kind, start, len(self.out)))

    def _array(self, items, datum, path):
        start = len(self.out)
        if datum:
            self._put(path, "count", number(len(datum)))
        for index, item in enumerate(datum):
            self._value(items, item, f"{path}[{index}]")
        if datum:
            self.spots.append(Spot(path, "items", start, len(self.out)))
        self._put(path, "end", number(0))

    def _value(self, schema, datum, path):
        if isinstance(schema, list):  # ["null", T]
            self._put(path, "union", number(0 if datum is None else 1))
            if datum is not None:
                self._value(schema[1], datum, path)
            return
        if isinstance(schema, str):
            schema = self.named.get(schema, {"type": schema})
        kind, logical = schema["type"], schema.get("logicalType")
        if "name" in schema:
            self.named[schema["name"]] = schema
        if kind == "record":
            for field in schema["fields"]:
                name = field["name"]
                self._value(field["type"], datum[name] if name in datum else field["default"],
                            f"{path}.{name}".lstrip("."))
        elif kind == "array":
            self._array(schema["items"], datum, path)
        elif kind == "enum":
            self._put(path, "enum", number(schema["symbols"].index(datum)))
        elif kind == "boolean":
            self._put(path, "boolean", bytes([datum]))
        elif kind == "string":
            self._sized(path, "text", datum.encode())
        elif logical == "decimal":
            self._sized(path, "decimal", unscaled(datum, schema["scale"]))
        elif logical == "timestamp-micros":
            self._put(path, "instant", number(datum))
        else:
            assert kind in ("int", "long"), kind
            self._put(path, kind, number(datum))


def unscaled(datum, scale):
    """Two's complement, big-endian, in as few bytes as it takes."""
    value = int(decimal.Decimal(datum).scaleb(scale))
    return value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True)


def replaced(data, spot, new):
    return data[:spot.start] + new + data[spot.end:]
