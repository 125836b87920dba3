"""A recorded history, as the promises look at it: read line by line, with indexes of what is looked up.

Kept in memory is a little for each event (its id, its place, a digest), never a payload."""

import base64
import collections
import hashlib
import json
import pathlib

from record import CONTEXTS

Place = collections.namedtuple("Place", "topic partition offset")
BEGINNING = -2  # ev.consumer_offset: nothing read yet


def digest(*parts):
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).digest()


class Record:
    """A record of a topic."""

    __slots__ = ("topic", "partition", "offset", "time", "key", "headers", "value", "named")

    def __init__(self, topic, line):
        self.topic, self.partition, self.offset, self.time = topic, line["partition"], line["offset"], line["time"]
        self.key, self.value = (None if line[n] is None else base64.b64decode(line[n]) for n in ("key", "value"))
        self.headers = [(name, None if value is None else base64.b64decode(value))
                        for name, value in line["headers"]]
        self.named = {name: (value or b"").decode("utf-8", "backslashreplace") for name, value in self.headers}

    @property
    def place(self):
        return Place(self.topic, self.partition, self.offset)

    @property
    def identity(self):
        """(source, id), or None."""
        source, event_id = self.named.get("ce_source"), self.named.get("ce_id")
        return (source, event_id) if source and event_id else None


class History:
    def __init__(self, folder, always=False):
        self.folder, self.always = pathlib.Path(folder), always
        meta = json.loads((self.folder / "meta.json").read_text(encoding="utf-8"))
        self.recorded_at, self.bounds = meta["recorded_at"], meta["bounds"]
        self.databases = [d for d in CONTEXTS if (self.folder / "tables" / d).is_dir()]
        self._effects, self._lanes, self._aside, self._places = {}, {}, {}, None

    def lines(self, path):
        with open(self.folder / path, encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)

    def table(self, database, name):
        return self.lines(f"tables/{database}/{name}.ndjson")

    def has(self, path):
        return (self.folder / path).exists()

    def topic(self, name):
        for line in self.lines(f"topics/{name}.ndjson"):
            yield Record(name, line)

    def topics(self, databases, kind):
        """Names of the topics of these databases that were recorded."""
        return [t for t in (f"quenty.{c}.{kind}.v1" for d in databases for c in CONTEXTS[d]) if t in self.bounds]

    def begin_of(self, topic, partition):
        return self.bounds[topic].get(str(partition), [0, 0])[0]

    # ---- Indexes, made when they are first asked for ----

    def effects(self, database):
        """{(source, id) of a cause: [(seq, xid, type, outcome)]}, of all facts that have one."""
        if database not in self._effects:
            index = self._effects[database] = collections.defaultdict(list)
            for row in self.table(database, "outbox"):
                if row["causation_id"] is not None:
                    index[row["causation_source"], row["causation_id"]].append(
                        (row["seq"], row["xid"], row["type"], row["outcome"]))
        return self._effects[database]

    def lanes(self, database):
        """{(topic, partition): row of consumer_offset}."""
        if database not in self._lanes:
            self._lanes[database] = {(r["topic"], r["partition"]): r for r in self.table(database, "consumer_offset")}
        return self._lanes[database]

    def aside(self, database):
        """{place: why} of what was put aside."""
        if database not in self._aside:
            index = self._aside[database] = {}
            for row in self.table(database, "parked"):
                index[Place(row["topic"], row["partition"], row["offset"])] = (
                    "parked" if row["deadline"] is None else "waits")
            for row in self.table(database, "dead_letter"):
                index[Place(row["topic"], row["partition"], row["offset"])] = "dead letter"
        return self._aside[database]

    def places(self):
        """{(source, id): where it stands first} of every event on every topic."""
        if self._places is None:
            self._places = {}
            for topic in self.topics(self.databases, "ingress") + self.topics(self.databases, "events"):
                for record in self.topic(topic):
                    if record.identity:
                        self._places.setdefault(record.identity, record.place)
        return self._places

    def void(self, database):
        """Sources whose facts a person has declared void, where the database does not have them: what a restore
        or a standby that lagged has lost."""
        return {uri for row in self.table(database, "relay_position") for uri in row.get("void") or ()}

    def moves(self, database):
        """The kept moves of lanes, in order; none if nobody kept them."""
        return self.table(database, "offset_history") if self.has_moves(database) else ()

    def has_moves(self, database):
        return self.has(f"tables/{database}/offset_history.ndjson")

    def moves_begin(self, database):
        """From when on they were kept."""
        return next(self.table(database, "history_begin"))["at"]
