"""One fault for each thing that a promise says, planted into a copy of a recorded history.

A plant gets the history's Editor, breaks something, and returns what the checker has to name: a text that
stands in one of its lines."""

import base64
import json
import pathlib

ORDER = "tables/order_db"
STOCK, ORDERS = "topics/quenty.stock.events.v1", "topics/quenty.order.events.v1"
PLACED = "topics/quenty.stock.ingress.v1"


class Editor:
    """Files of a history, as lists of rows."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def rows(self, name):
        return [json.loads(line) for line in (self.folder / f"{name}.ndjson").read_text().splitlines()]

    def write(self, name, rows):
        (self.folder / f"{name}.ndjson").write_text("".join(json.dumps(r) + "\n" for r in rows))

    def change(self, name, wanted, act):
        """Does something to the first row that is wanted; returns it as it was."""
        rows = self.rows(name)
        index = next(i for i, row in enumerate(rows) if wanted(row))
        before = dict(rows[index])
        act(rows, index)
        self.write(name, rows)
        return before


def remove(rows, index):
    del rows[index]


def repeat(rows, index):
    rows.append(dict(rows[index]))


def setting(**values):
    return lambda rows, index: rows[index].update(values)


def is_outcome(row):
    return row["outcome"] is not None


def is_received(row):
    return row["type"] == "quenty.stock.StockReceived"


def any_row(_row):
    return True


# ---- I1 ----

def outcome_is_missing(e):
    """Its other facts go too, as if the event had never been applied."""
    fact = e.change(f"{ORDER}/outbox", lambda r: is_outcome(r) and is_received(r), remove)
    e.write(f"{ORDER}/outbox", [r for r in e.rows(f"{ORDER}/outbox") if r["causation_id"] != fact["causation_id"]])
    return fact["causation_id"]


def acknowledged_and_gone(e):
    """The last of a partition, with all that it did not do yet."""
    record = e.change(PLACED, any_row, remove)
    return f"@{record['offset']}, and not there"


def acknowledged_other_bytes(e):
    return e.change("sent", lambda r: r["topic"] == "quenty.stock.ingress.v1", setting(sha="0" * 64))["id"]


def waits_at_rest(e):
    letter = e.rows(f"{ORDER}/dead_letter")[0]
    e.write(f"{ORDER}/parked", [{**letter, "aggregate": "X", "deadline": "2026-01-01T00:00:00Z"}])
    e.write(f"{ORDER}/dead_letter", e.rows(f"{ORDER}/dead_letter")[1:])
    return f"{letter['topic']} [{letter['partition']}] @{letter['offset']}: waits"


# ---- I2 ----

def two_outcomes(e):
    fact = e.change(f"{ORDER}/outbox", is_outcome, lambda rows, i: rows.append({
        **rows[i], "seq": rows[-1]["seq"] + 1, "event_id": "00000000-0000-7000-8000-000000000001"}))
    return fact["causation_id"]


def two_transactions(e):
    """A fact of an event that has more than one."""
    facts = e.rows(f"{ORDER}/outbox")
    causes = [r["causation_id"] for r in facts]
    return e.change(f"{ORDER}/outbox", lambda r: not is_outcome(r) and r["causation_id"] and
                    causes.count(r["causation_id"]) > 1, setting(xid="1"))["causation_id"]


def id_is_forgotten(e):
    return e.change(f"{ORDER}/inbox", lambda r: r["source"] == "/test/shop" and is_decided(e, r["event_id"]),
                    remove)["event_id"]


def is_decided(e, event_id):
    return any(r["causation_id"] == event_id and r["outcome"] for r in e.rows(f"{ORDER}/outbox"))


def moved_twice(e):
    return e.change(f"{ORDER}/stock_movements", any_row, repeat)["event_id"]


def moved_nothing(e):
    return e.change(f"{ORDER}/stock_movements", lambda r: r["movement_type"] == "IN", remove)["event_id"]


# ---- I3 ----

def not_published(e):
    return header(e.change(STOCK, lambda r: header(r, "ce_type") == "quenty.stock.StockReserved", remove), "ce_id")


def not_committed(e):
    """As of a transaction that was rolled back."""
    return e.change(f"{ORDER}/outbox", lambda r: r["type"] == "quenty.stock.StockReserved", remove)["event_id"]


def other_payload(e):
    return e.change(f"{ORDER}/outbox", any_row, setting(payload="00"))["event_id"]


def other_bytes_again(e):
    def again(rows, i):
        rows.append({**rows[i], "offset": rows[-1]["offset"] + 1000, "time": rows[i]["time"] + 1})
    return header(e.change(STOCK, any_row, again), "ce_id")


def letter_is_missing(e):
    rows = e.rows("topics/quenty.order.dead-letters.v1")
    e.write("topics/quenty.order.dead-letters.v1", rows[1:])
    return f"@{header(rows[0], '__connect.errors.offset')}"


# ---- I4 ----

def swapped(e):
    """Two facts of a partition, each in the other's place."""
    rows = e.rows(STOCK)
    first = next(i for i, r in enumerate(rows) if rows[i + 1]["partition"] == r["partition"])
    rows[first], rows[first + 1] = ({**rows[first + 1], "offset": rows[first]["offset"]},
                                    {**rows[first], "offset": rows[first + 1]["offset"]})
    e.write(STOCK, rows)
    return header(rows[first + 1], "ce_id")


def committed_late(e):
    """A transaction's facts have lower numbers than those of one before it on the same lane."""
    rows = e.rows(f"{ORDER}/outbox")
    caused = {r["xid"] for r in rows if r["causation_id"]}
    every = [m for m in e.rows(f"{ORDER}/offset_history") if m["xid"] in caused]
    moves = [m for m in every if m["topic"] == "quenty.stock.ingress.v1"]
    # The two that are nearest to each other: others in between would be found behind the first one as well, and
    # only so many faults are told.
    order, last, pairs = list(dict.fromkeys(m["xid"] for m in every)), {}, []
    for move in moves:
        before, last[move["partition"]] = last.get(move["partition"]), move["xid"]
        if before not in (None, move["xid"]):
            pairs.append((order.index(move["xid"]) - order.index(before), before, move["xid"]))
    _, first, second = min(pairs)
    for row in rows:
        if row["xid"] in (first, second):
            row["xid"] = second if row["xid"] == first else first
    e.write(f"{ORDER}/outbox", rows)
    return f"of transaction {second} was committed behind"


def other_predecessor(e):
    """A subscriber could not prove any more that it has seen all."""
    def rename(rows, i):
        other = base64.b64encode(b"1").decode()
        rows[i]["headers"] = [[n, other if n == "ce_previoussequence" else v] for n, v in rows[i]["headers"]]
    return header(e.change(STOCK, lambda r: any(n == "ce_previoussequence" and base64.b64decode(v) != b"1"
                                                for n, v in r["headers"]), rename), "ce_id")


def status_leaps(e):
    """What led an order from one status to the next is not there."""
    ended = {r["subject"] for r in e.rows(f"{ORDER}/outbox") if r["type"] == "quenty.order.OrderProcessing"}
    fact = e.change(ORDERS, lambda r: header(r, "ce_type") == "quenty.order.OrderConfirmed" and
                    header(r, "ce_subject") in ended, remove)
    return f"of {header(fact, 'ce_subject')} at"


# ---- I5 ----

def moves_of_a_lane(e, least=3):
    moves = e.rows(f"{ORDER}/offset_history")
    lanes = [(m["topic"], m["partition"]) for m in moves if m["operation"] == "update" and
             m["next_offset"] != m["old_offset"]]
    return next(lane for lane in lanes if lanes.count(lane) >= least)


def is_move_of(lane):
    return lambda m: (m["topic"], m["partition"]) == lane and m["operation"] == "update" and (
        m["old_offset"] not in (None, -2, m["next_offset"]))


def gap(e):
    lane = moves_of_a_lane(e)
    e.change(f"{ORDER}/offset_history", is_move_of(lane), remove)
    return f"{lane[0]} [{lane[1]}]"


def backwards(e):
    lane = moves_of_a_lane(e)
    move = e.change(f"{ORDER}/offset_history", is_move_of(lane), setting(next_offset=-2))
    return f"went back from {move['old_offset']} to -2"


def beyond_the_log(e):
    lane = e.change(f"{ORDER}/consumer_offset", any_row, setting(next_offset=10**6))
    return f"{lane['topic']} [{lane['partition']}]: stands at 1000000"


# ---- I6 ----

def two_owners(e):
    lane = moves_of_a_lane(e)
    e.change(f"{ORDER}/offset_history", is_move_of(lane), setting(owner="an-intruder"))
    return "an-intruder"


def epoch_leaps(e):
    lane = moves_of_a_lane(e)
    move = e.change(f"{ORDER}/offset_history", is_move_of(lane), lambda rows, i: rows[i].update(epoch=rows[i]["epoch"] + 7))
    return f"epoch {move['old_epoch']} became {move['epoch'] + 7}"


def fenced_fact(e):
    """Committed by a transaction that held no lane."""
    fact = e.change(f"{ORDER}/outbox", lambda r: r["causation_source"] == "/test/shop", lambda rows, i: None)
    rows = e.rows(f"{ORDER}/outbox")
    e.write(f"{ORDER}/outbox", [{**r, "xid": "1"} if r["causation_id"] == fact["causation_id"] else r for r in rows])
    return f"{fact['event_id']} of transaction 1: that transaction held no lane"


def nobody_kept(e):
    for name in ("offset_history", "history_begin"):
        (e.folder / f"{ORDER}/{name}.ndjson").unlink()
    return "nobody kept the moves"


# ---- I7 ----

def reserved_too_little(e):
    row = e.change(f"{ORDER}/stock_reservations", lambda r: r["status"] == "open", remove)
    number = next(o["order_number"] for o in e.rows(f"{ORDER}/orders") if o["id"] == row["order_id"])
    return number


def manifest_has_more(e):
    item = e.change("tables/intl_shipping_db/manifest_items", any_row,
                    lambda rows, i: rows[i].update(quantity=rows[i]["quantity"] + 1))
    manifests = e.rows("tables/intl_shipping_db/manifests")
    return next(m["unique_id"] for m in manifests if m["id"] == item["manifest_id"])


def manifest_is_missing(e):
    number = next(o["order_number"] for o in e.rows(f"{ORDER}/orders") if o["status"] == "confirmed" and
                  o["origin_country"] != o["destination_country"])
    e.change("tables/intl_shipping_db/manifests", lambda m: m["order_number"] == number, remove)
    return f"order {number} is confirmed, goes abroad and has 0 manifests"


# ---- I9 ----

def letter_of_other_bytes(e):
    row = e.change(f"{ORDER}/dead_letter", any_row, setting(value="00" * 32))
    return f"@{row['offset']}: value not as it came"


def letter_without_headers(e):
    row = e.change("tables/customer_db/dead_letter", any_row, setting(headers="00" * 32))
    return f"@{row['offset']}: headers not as it came"


def letter_of_nothing(e):
    e.change(f"{ORDER}/dead_letter", any_row, setting(offset=10**9))
    return "@1000000000, where nothing stands"


# ---- I12 ----

def fact_with_a_secret(e):
    fact = e.change("topics/quenty.customer.events.v1", any_row, lambda rows, i: rows[i]["headers"].append(
        ["hash", base64.b64encode(b"$argon2id$test").decode()]))
    return f"{header(fact, 'ce_id')} from {header(fact, 'ce_source')} at quenty.customer.events.v1"


def header(record, name):
    return next(base64.b64decode(value).decode() for key, value in record["headers"] if key == name)


# (promise that must break, plant); others may break with it, where one recording says the same twice.
PLANTS = (
    ("I1", outcome_is_missing), ("I1", acknowledged_and_gone), ("I1", acknowledged_other_bytes), ("I1", waits_at_rest),
    ("I2", two_outcomes), ("I2", two_transactions), ("I2", id_is_forgotten), ("I2", moved_twice), ("I2", moved_nothing),
    ("I3", not_published), ("I3", not_committed), ("I3", other_payload), ("I3", other_bytes_again),
    ("I3", letter_is_missing),
    ("I4", swapped), ("I4", other_predecessor), ("I4", status_leaps), ("I4", committed_late),
    ("I5", gap), ("I5", backwards), ("I5", beyond_the_log),
    ("I6", two_owners), ("I6", epoch_leaps), ("I6", fenced_fact), ("I6", nobody_kept),
    ("I7", reserved_too_little), ("I7", manifest_has_more), ("I7", manifest_is_missing),
    ("I9", letter_of_other_bytes), ("I9", letter_without_headers), ("I9", letter_of_nothing),
    ("I12", fact_with_a_secret),
)
