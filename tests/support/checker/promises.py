"""The promises, each a function over a history: it examines, and says what breaks it.

A function is a row of PROMISES; what it finds it tells the verdict. Names of events are (source, id),
places are topic [partition] @offset, facts are DATABASE #seq."""

import collections
import hashlib
import io
import json
import pathlib

import fastavro

from history import BEGINNING, digest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHOWN_MAX = 10
FRAME_BYTES = 5


class Verdict:
    """What came out for one promise."""

    def __init__(self):
        self.examined, self.broken, self.shown = 0, 0, []

    def breaks(self, text):
        self.broken += 1
        if self.broken <= SHOWN_MAX:
            self.shown.append(text)


def at(place):
    return f"{place[0]} [{place[1]}] @{place[2]}" if len(place) > 2 else f"{place[0]} [{place[1]}]"


def named(identity):
    return f"{identity[1]} from {identity[0]}" if identity else "without an id"


# ---- I1: nothing acknowledged is lost ----

def fate(history, database, record):
    """What became of a record of an ingress topic: None if nothing did."""
    aside = history.aside(database).get(record.place)
    if aside:
        return aside
    if record.identity and any(e[3] for e in history.effects(database).get(record.identity, ())):
        return "decided"
    lane = history.lanes(database).get((record.topic, record.partition))
    if lane is None or lane["next_offset"] <= record.offset:
        return "to come"
    return None


def examine_input(history, database, topic, sent, verdict):
    for record in history.topic(topic):
        verdict.examined += 1
        wanted = sent.pop(record.place, None)
        if wanted and (wanted["id"] != record.named.get("ce_id") or
                       wanted["sha"] != hashlib.sha256(record.value or b"").hexdigest()):
            verdict.breaks(f"{wanted['id']}: acknowledged at {at(record.place)}, where {named(record.identity)} stands")
        became = fate(history, database, record)
        if became is None:
            verdict.breaks(f"{named(record.identity)} at {at(record.place)}: its lane has passed it, and it has no "
                           "outcome, is not parked and no dead letter")
        elif not history.always and became in ("to come", "waits"):
            verdict.breaks(f"{named(record.identity)} at {at(record.place)}: {became}, although all is at rest")


def input_is_accounted_for(history, verdict):
    sent = {}
    if history.has("sent.ndjson"):
        sent = {(e["topic"], e["partition"], e["offset"]): e for e in history.lines("sent.ndjson")}
        verdict.examined += len(sent)
    for database in history.databases:
        for topic in history.topics([database], "ingress"):
            examine_input(history, database, topic, sent, verdict)
    for place, event in sent.items():
        if place[0] in history.bounds and place[2] >= history.begin_of(*place[:2]):
            verdict.breaks(f"{event['id']}: acknowledged at {at(place)}, and not there")


# ---- I2: one effect for one event ----

def one_transaction_for_one_event(history, database, verdict):
    for identity, facts in history.effects(database).items():
        verdict.examined += 1
        outcomes = [f"#{f[0]} {f[2]}" for f in facts if f[3]]
        if len(outcomes) > 1:
            verdict.breaks(f"{named(identity)} has {len(outcomes)} outcomes in {database}: {', '.join(outcomes)}")
        elif len({f[1] for f in facts}) > 1:
            verdict.breaks(f"{named(identity)} had effect in several transactions of {database}: "
                           + ", ".join(f"#{f[0]} {f[2]} in {f[1]}" for f in facts))


def one_claim_for_one_event(history, database, verdict):
    """A decided request whose id nobody remembers would have effect again."""
    known = {(r["source"], r["event_id"]) for r in history.table(database, "inbox")}
    for topic in history.topics([database], "ingress"):
        for record in history.topic(topic):
            if record.identity and fate(history, database, record) == "decided" and record.identity not in known:
                verdict.breaks(f"{named(record.identity)} at {at(record.place)} is decided and not in the inbox of "
                               f"{database}")


def one_row_for_one_fact(history, database, verdict):
    """Ledger and orders: as many rows as facts that make them, each of its fact."""
    facts, received, accepted = set(), {}, collections.Counter()
    for row in history.table(database, "outbox"):
        facts.add(row["event_id"])
        if row["type"] == "quenty.stock.StockReceived":
            received[row["event_id"]] = row["seq"]
        elif row["type"] == "quenty.order.OrderAccepted":
            accepted[row["subject"]] += 1
    seen = collections.Counter()
    for move in history.table(database, "stock_movements"):
        verdict.examined += 1
        seen[move["event_id"], move["inventory_item_id"], move["movement_type"]] += 1
        if move["event_id"] is not None and move["event_id"] not in facts:
            verdict.breaks(f"a movement of lot {move['inventory_item_id']} names fact {move['event_id']}, "
                           f"which {database} does not have")
    for (event_id, lot, kind), count in seen.items():
        if event_id is not None and count > 1:
            verdict.breaks(f"fact {event_id} moved lot {lot} {count} times ({kind})")
    moved = {e for e, _lot, _kind in seen}
    for event_id, seq in received.items():
        if event_id not in moved:
            verdict.breaks(f"{database} #{seq} StockReceived {event_id} moved nothing")
    for number, count in accepted.items():
        if count > 1:
            verdict.breaks(f"order {number} was accepted {count} times")


def one_effect(history, verdict):
    for database in history.databases:
        one_transaction_for_one_event(history, database, verdict)
        one_claim_for_one_event(history, database, verdict)
    if "order_db" in history.databases:
        one_row_for_one_fact(history, "order_db", verdict)


# ---- I3: topic = committed outbox ----

OPTIONAL = (("subject", "ce_subject"), ("correlation_id", "ce_correlationid"), ("causation_id", "ce_causationid"),
            ("causation_source", "ce_causationsource"), ("outcome", "ce_outcome"), ("traceparent", "traceparent"),
            ("tracestate", "tracestate"))


def headers_of(row, previous):
    """What the relay makes of a row; its predecessor is judged by I4."""
    headers = [("ce_specversion", "1.0"), ("ce_id", row["event_id"]), ("ce_source", row["source"]),
               ("ce_type", row["type"]), ("ce_time", row["recorded_at"]), ("ce_sequence", str(row["seq"])),
               ("content-type", "application/avro"), ("ce_previoussequence", previous)]
    headers += [(header, row[column]) for column, header in OPTIONAL]
    return sorted((name, value.encode()) for name, value in headers if value)


def parts_of_row(row, previous):
    value = b"\0" + row["schema_id"].to_bytes(4, "big") + bytes.fromhex(row["payload"])
    return {"topic": row["topic"], "key": digest(row["key"].encode()), "value": digest(value),
            "headers": digest(headers_of(row, previous))}


def parts_of(record):
    return {"topic": record.topic, "key": digest(record.key), "value": digest(record.value),
            "headers": digest(sorted(record.headers))}


def read_facts(history, database, verdict):
    """{id: (place, parts, predecessor)} of first occurrences; a second one must be like the first."""
    firsts = {}
    for topic in history.topics([database], "events"):
        for record in history.topic(topic):
            verdict.examined += 1
            event_id = record.named.get("ce_id")
            exact = digest(record.key, record.headers, record.value, record.time)
            first = firsts.setdefault(event_id, (record.place, parts_of(record), exact, record.named))
            if first[2] != exact:
                verdict.breaks(f"fact {event_id} at {at(record.place)} is not as it was first, at {at(first[0])}")
    return firsts


def topic_is_outbox(history, database, verdict):
    firsts, newest, oldest = read_facts(history, database, verdict), 0, None
    position = next(r["seq"] for r in history.table(database, "relay_position") if r["name"] == "outbox")
    for row in history.table(database, "outbox"):
        verdict.examined += 1
        newest, oldest = row["seq"], row["seq"] if oldest is None else oldest
        first = firsts.pop(row["event_id"], None)
        where = f"{database} #{row['seq']} {row['type']} {row['event_id']}"
        if first is None:
            if row["seq"] <= position or not history.always:
                verdict.breaks(f"{where}: committed, and not on {row['topic']}")
            continue
        wanted = parts_of_row(row, first[3].get("ce_previoussequence"))
        wrong = [name for name, part in wanted.items() if part != first[1][name]]
        if wrong:
            verdict.breaks(f"{where} at {at(first[0])}: {', '.join(wrong)} not as in its row")
    for event_id, (place, _parts, _exact, headers) in firsts.items():
        sequence = int(headers.get("ce_sequence", 0))
        if headers.get("ce_source") in history.void(database):
            continue
        # Rows below the oldest are past their retention; those behind the newest came after the snapshot.
        if (oldest or 0) <= sequence and (sequence <= newest or not history.always):
            verdict.breaks(f"fact {event_id} (ce_sequence {sequence}) at {at(place)}: not in the outbox of {database}")


def letters_are_on_their_topic(history, database, verdict):
    found = set()
    for topic in history.topics([database], "dead-letters"):
        for record in history.topic(topic):
            found.add((record.named.get("__connect.errors.topic"), record.named.get("__connect.errors.partition"),
                       record.named.get("__connect.errors.offset")))
    position = next(r["seq"] for r in history.table(database, "relay_position") if r["name"] == "dead_letter")
    for row in history.table(database, "dead_letter"):
        verdict.examined += 1
        place = (row["topic"], str(row["partition"]), str(row["offset"]))
        if place not in found and (row["seq"] <= position or not history.always):
            verdict.breaks(f"{database}: the dead letter of {at(place)} is not on its topic")


def published_is_committed(history, verdict):
    for database in history.databases:
        topic_is_outbox(history, database, verdict)
        letters_are_on_their_topic(history, database, verdict)


# ---- I4: in order of commit ----

class Story:
    """What facts say of before and after: of an aggregate's status, and of a lot's quantity."""

    FIRST = ("OrderAccepted", "ManifestDrafted")

    def __init__(self):
        self.schemas, self.status, self.pieces = {}, {}, {}
        for line in (ROOT / "schemas/ids").read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                number, _name, _version, file = line.split()[:4]
                self.schemas[int(number)] = json.loads((ROOT / "schemas" / file).read_text(encoding="utf-8"))

    def decode(self, record):
        number = int.from_bytes(record.value[1:FRAME_BYTES], "big")
        schema = self.schemas[number] = fastavro.parse_schema(self.schemas[number])
        return fastavro.schemaless_reader(io.BytesIO(record.value[FRAME_BYTES:]), schema, schema)

    def tell(self, record, verdict):
        fact, subject, kind = self.decode(record), record.named.get("ce_subject"), record.named["ce_type"]
        what = f"{kind} {record.named['ce_id']} of {subject} at {at(record.place)}"
        if fact.get("new_status"):
            before = self.status.get((record.topic, subject), fact["old_status"])
            if before != fact["old_status"]:
                verdict.breaks(f"{what}: from {fact['old_status']}, and the fact before it led to {before}")
            self.status[record.topic, subject] = fact["new_status"]
        elif kind.rsplit(".", 1)[1] in self.FIRST:
            self.status[record.topic, subject] = fact["status"]
        if kind == "quenty.stock.StockReceived":
            lot, after = fact["inventory_item_id"], fact["quantity_after"]
            if after != self.pieces.get(lot, after - fact["quantity"]) + fact["quantity"]:
                verdict.breaks(f"{what}: {after} pieces in lot {lot} after {fact['quantity']} came to "
                               f"{self.pieces[lot]}")
            self.pieces[lot] = after
        elif kind == "quenty.stock.StockConsumed":
            for lot in fact["lots"]:
                if lot["inventory_item_id"] in self.pieces:
                    self.pieces[lot["inventory_item_id"]] -= lot["quantity"]
        elif kind in ("quenty.stock.StockAdjusted", "quenty.stock.StockTransferred", "quenty.stock.StockExpired",
                      "quenty.stock.ReturnAccepted"):
            self.pieces.clear()


def order_on_topics(history, database, verdict):
    """Void facts stand in order too, but tell nothing of what became of an aggregate."""
    story, last, seen, void = Story(), {}, set(), history.void(database)
    had = {row["event_id"] for row in history.table(database, "outbox")} if void else ()
    for topic in history.topics([database], "events"):
        for record in history.topic(topic):
            if record.named.get("ce_id") in seen:
                continue
            seen.add(record.named.get("ce_id"))
            verdict.examined += 1
            lane = (record.named.get("ce_source"), topic, record.partition)
            before, sequence = last.get(lane), int(record.named["ce_sequence"])
            previous = record.named.get("ce_previoussequence")
            what = f"{database} #{sequence} {record.named['ce_id']} at {at(record.place)}"
            if before is not None and sequence <= before:
                verdict.breaks(f"{what} stands behind #{before}")
            elif before is not None and previous != str(before):
                verdict.breaks(f"{what} names #{previous} as the one before it, which is #{before}")
            last[lane] = sequence
            if record.named.get("ce_source") not in void or record.named.get("ce_id") in had:
                story.tell(record, verdict)


def order_of_commits(history, database, verdict):
    """Numbers of facts of one lane grow from commit to commit."""
    facts = collections.defaultdict(list)
    for row in history.table(database, "outbox"):
        if row["causation_id"] is not None:
            facts[row["xid"]].append(row["seq"])
    highest = {}
    for move in history.moves(database):
        numbers, lane = facts.get(move["xid"]), (move["topic"], move["partition"])
        if not numbers:
            continue
        before = highest.get(lane)
        if before and before[1] != move["xid"] and min(numbers) < before[0]:
            verdict.breaks(f"{database} #{min(numbers)} of transaction {move['xid']} was committed behind #{before[0]} "
                           f"of {before[1]} on {at(lane)}")
        highest[lane] = (max(numbers), move["xid"])


def order_is_kept(history, verdict):
    for database in history.databases:
        order_on_topics(history, database, verdict)
        order_of_commits(history, database, verdict)


# ---- I5: offsets only grow, without a gap ----

def follow_lane(moves, row, verdict):
    """One lane's moves, from the first to what its row says."""
    before = None
    for move in moves:
        verdict.examined += 1
        where = f"{at((move['topic'], move['partition']))} in transaction {move['xid']} of {move['owner']}"
        if move["operation"] == "delete":
            verdict.breaks(f"{where}: its row was deleted")
        elif before is not None and move["old_offset"] != before:
            verdict.breaks(f"{where}: moved from {move['old_offset']}, and stood at {before}")
        elif move["old_offset"] is not None and move["next_offset"] < move["old_offset"]:
            verdict.breaks(f"{where}: went back from {move['old_offset']} to {move['next_offset']}")
        elif before is None and move["operation"] == "insert" and move["next_offset"] != BEGINNING:
            verdict.breaks(f"{where}: begins at {move['next_offset']}")
        before = move["next_offset"]
    if row is None or row["next_offset"] != before:
        verdict.breaks(f"{at((moves[-1]['topic'], moves[-1]['partition']))}: stands at "
                       f"{row and row['next_offset']}, its last move went to {before}")


def offsets_only_grow(history, verdict):
    for database in history.databases:
        lanes, by_lane = history.lanes(database), collections.defaultdict(list)
        for (topic, partition), row in lanes.items():
            verdict.examined += 1
            begin, end = history.bounds.get(topic, {}).get(str(partition), [0, row["next_offset"]])
            if row["next_offset"] > end or BEGINNING < row["next_offset"] < begin:
                verdict.breaks(f"{database} {at((topic, partition))}: stands at {row['next_offset']}, the log has "
                               f"{begin} to {end}")
        for move in history.moves(database):
            by_lane[move["topic"], move["partition"]].append(move)
        for lane, moves in by_lane.items():
            follow_lane(moves, lanes.get(lane), verdict)
        for lane, row in lanes.items():
            if history.has_moves(database) and lane not in by_lane:
                verdict.breaks(f"{database} {at(lane)}: stands at {row['next_offset']} without a move")


# ---- I6: one owner, and no trace of who lost a lane ----

def one_owner_at_a_time(history, database, verdict):
    """Of each epoch: whose session moved the lane. One that has lost it does not come back."""
    owners, epochs = {}, {}
    for move in history.moves(database):
        lane = (move["topic"], move["partition"])
        where = f"{database} {at(lane)} in transaction {move['xid']}"
        verdict.examined += 1
        if move["old_epoch"] is not None and move["epoch"] not in (move["old_epoch"], move["old_epoch"] + 1):
            verdict.breaks(f"{where}: epoch {move['old_epoch']} became {move['epoch']}")
        elif lane in epochs and move["old_epoch"] is not None and move["old_epoch"] != epochs[lane]:
            verdict.breaks(f"{where}: epoch {move['old_epoch']}, and it was {epochs[lane]}")
        epochs[lane] = move["epoch"]
        if (move["old_offset"], move["old_epoch"]) == (move["next_offset"], move["epoch"]) or not move["owner"]:
            continue
        names = owners.setdefault((lane, move["epoch"]), [])
        if names and names[-1] == move["owner"]:
            continue
        # A session that is lost is followed by another of the same process; one with a name is not.
        if move["owner"] in names or (names and not move["owner"].startswith("session ")):
            verdict.breaks(f"{where}: {move['owner']} and {names[-1]} both moved it in epoch {move['epoch']}")
        names.append(move["owner"])


def facts_are_of_owners(history, database, verdict):
    """Each fact with a cause was committed with the move of its cause's lane; a fenced attempt left none."""
    moves, begin = collections.defaultdict(dict), history.moves_begin(database)
    for move in history.moves(database):
        moves[move["xid"]][move["topic"], move["partition"]] = move["next_offset"]
    for row in history.table(database, "outbox"):
        if row["causation_id"] is None or row["recorded_at"] <= begin:
            continue
        verdict.examined += 1
        what = f"{database} #{row['seq']} {row['type']} {row['event_id']} of transaction {row['xid']}"
        place = history.places().get((row["causation_source"], row["causation_id"]))
        lanes = moves.get(row["xid"])
        if not lanes:
            verdict.breaks(f"{what}: that transaction held no lane")
        elif place and place[:2] not in lanes:
            verdict.breaks(f"{what}: that transaction did not hold {at(place[:2])}, where its cause stands")
        elif place and lanes[place[:2]] <= place.offset:
            verdict.breaks(f"{what}: its cause at {at(place)} lies ahead of what was applied, {lanes[place[:2]]}")


def one_owner(history, verdict):
    for database in history.databases:
        if not history.has_moves(database):
            verdict.breaks(f"{database}: nobody kept the moves of its lanes (see README.md)")
            continue
        one_owner_at_a_time(history, database, verdict)
        facts_are_of_owners(history, database, verdict)


# ---- I7: the databases agree ----

def pieces_of(history, verdict):
    """{order number: (row, {product: ordered}, {product: held})}."""
    orders = {r["id"]: (r, collections.Counter(), collections.Counter()) for r in history.table("order_db", "orders")}
    for line in history.table("order_db", "order_items"):
        orders[line["order_id"]][1][line["product_id"]] += line["quantity"]
    for held in history.table("order_db", "stock_reservations"):
        if held["status"] != "released":
            orders[held["order_id"]][2][held["product_id"]] += held["quantity"]
    verdict.examined += len(orders)
    return {row["order_number"]: (row, ordered, held) for row, ordered, held in orders.values()}


def ordered_is_reserved_or_refused(history, orders, verdict):
    waiting = {r["subject"] for r in history.table("order_db", "outbox")
               if r["type"] in ("quenty.order.OrderBackordered", "quenty.stock.StockShort")}
    for number, (row, ordered, held) in orders.items():
        if row["status"] == "cancelled" and +held:
            verdict.breaks(f"order {number} is cancelled and holds {dict(held)}")
        elif row["status"] != "cancelled" and held != ordered and not (number in waiting or row["backorder"]):
            verdict.breaks(f"order {number} is {row['status']}: ordered {dict(ordered)}, reserved {dict(held)}")


def manifests_are_reserved(history, orders, verdict):
    items, found = collections.defaultdict(collections.Counter), collections.Counter()
    for item in history.table("intl_shipping_db", "manifest_items"):
        items[item["manifest_id"]][item["product_id"]] += item["quantity"]
    for manifest in history.table("intl_shipping_db", "manifests"):
        number = manifest["order_number"]
        if number is None:
            continue
        verdict.examined += 1
        found[number] += 1
        row, ordered, held = orders.get(number, (None, None, None))
        if row is None:
            verdict.breaks(f"manifest {manifest['unique_id']} is of order {number}, which is not there")
        elif items[manifest["id"]] != ordered:
            verdict.breaks(f"manifest {manifest['unique_id']} has {dict(items[manifest['id']])}, order {number} "
                           f"{dict(ordered)}")
        elif row["status"] != "cancelled" and held != items[manifest["id"]]:
            verdict.breaks(f"manifest {manifest['unique_id']} has {dict(items[manifest['id']])}, of which "
                           f"{dict(held)} are reserved")
    for number, (row, _ordered, _held) in orders.items():
        abroad = row["origin_country"] != row["destination_country"]
        if abroad and row["status"] not in ("pending", "cancelled") and found[number] != 1 and not history.always:
            verdict.breaks(f"order {number} is {row['status']}, goes abroad and has {found[number]} manifests")


def databases_agree(history, verdict):
    if not {"order_db", "intl_shipping_db"} <= set(history.databases):
        verdict.breaks("order_db and intl_shipping_db were not both recorded")
        return
    orders = pieces_of(history, verdict)
    ordered_is_reserved_or_refused(history, orders, verdict)
    # Snapshots of two databases taken while all runs are of two moments.
    if not history.always:
        manifests_are_reserved(history, orders, verdict)


# ---- I9: what is put aside is kept whole ----

KEPT_MAX = 4 * 1024 * 1024  # bytes of a part; what is larger stays on its topic only


def packed(headers):
    """As ev.headers() reads them: lengths of 4 bytes, big-endian, -1 for null."""
    return b"".join(len(name.encode()).to_bytes(4, "big") + name.encode() +
                    (b"\xff" * 4 if value is None else len(value).to_bytes(4, "big") + value)
                    for name, value in headers)


def kept_parts(record):
    parts = {"key": record.key, "headers": packed(record.headers), "value": record.value}
    return {name: None if part is None or len(part) > KEPT_MAX else hashlib.sha256(part).hexdigest()
            for name, part in parts.items()}


def aside_is_whole(history, verdict):
    for database in history.databases:
        rows = {(r["topic"], r["partition"], r["offset"]): (name, r)
                for name in ("parked", "dead_letter") for r in history.table(database, name)}
        topics = {place[0] for place in rows} & set(history.bounds) | set(history.topics([database], "ingress"))
        for topic in sorted(topics):
            for record in history.topic(topic):
                verdict.examined += 1
                name, row = rows.pop(record.place, (None, None))
                if row is None:
                    continue
                wrong = [part for part, wanted in kept_parts(record).items() if wanted != row[part]]
                if wrong:
                    verdict.breaks(f"{database}: {name} of {named(record.identity)} at {at(record.place)}: "
                                   f"{', '.join(wrong)} not as it came")
        for place, (name, row) in rows.items():
            if not row["reason"]:
                verdict.breaks(f"{database}: {name} of {at(place)} without a reason")
            if place[0] in topics and place[2] >= history.begin_of(*place[:2]):
                verdict.breaks(f"{database}: {name} of {at(place)}, where nothing stands")


# ---- I12: secrets stay where they belong ----

class Secrets:
    """Values of the fields that their schema calls secret, in requests that can be read."""

    def __init__(self):
        self.fields, self.schemas = {}, {}
        for line in (ROOT / "schemas/ids").read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                number, _name, _version, file = line.split()[:4]
                schema = json.loads((ROOT / "schemas" / file).read_text(encoding="utf-8"))
                names = [f["name"] for f in schema["fields"] if f.get("secret")]
                if names:
                    self.fields[int(number)] = names
                    self.schemas[int(number)] = fastavro.parse_schema(schema)

    def of(self, record):
        value = record.value or b""
        number = int.from_bytes(value[1:FRAME_BYTES], "big")
        if value[:1] != b"\0" or number not in self.fields:
            return
        try:
            fields = fastavro.schemaless_reader(io.BytesIO(value[FRAME_BYTES:]), self.schemas[number], None)
        except (EOFError, ValueError, IndexError, UnicodeDecodeError):
            return  # nobody can read it
        yield from (str(fields[name]).encode() for name in self.fields[number] if fields[name])


def secrets_are_kept(history, verdict):
    """No fact says what a request keeps secret. What is put aside is the request itself, for operators."""
    secrets, found = Secrets(), set()
    for topic in history.topics(history.databases, "ingress"):
        for record in history.topic(topic):
            found.update(secrets.of(record))
    for topic in history.topics(history.databases, "events"):
        for record in history.topic(topic):
            verdict.examined += 1
            told = b"".join([record.key or b"", packed(record.headers), record.value or b""])
            if any(secret in told for secret in found):
                verdict.breaks(f"{named(record.identity)} at {at(record.place)} tells a secret")


PROMISES = {
    "I1": ("no acknowledged input is lost", input_is_accounted_for),
    "I2": ("one effect for one event", one_effect),
    "I3": ("topic = committed outbox", published_is_committed),
    "I4": ("facts are in order of commit", order_is_kept),
    "I5": ("offsets only grow, without a gap", offsets_only_grow),
    "I6": ("one owner of a lane at a time", one_owner),
    "I7": ("the databases agree", databases_agree),
    "I9": ("what is put aside is kept whole", aside_is_whole),
    "I12": ("facts tell no secrets", secrets_are_kept),
}
