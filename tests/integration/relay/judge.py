"""Reads the topics of facts all the time, and judges them against the table.

Nothing here trusts a count: every record is compared with the row that it says it is.
"""

import csv
import io
import pathlib
import subprocess
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

SUPPORT = pathlib.Path(__file__).resolve().parents[2] / "support"
sys.path[:0] = [str(SUPPORT / "python"), str(SUPPORT / "checker")]
from promises import headers_of  # noqa: E402
from topics import partition_of  # noqa: E402

csv.field_size_limit(1 << 24)  # a payload may be large

TOPICS = ("quenty.order.events.v1", "quenty.stock.events.v1")
PARTITIONS = 12
OUTCOMES = {"1": "accepted", "2": "refused", "3": "repeated", "": None}

ROWS = """
COPY (SELECT o.seq, s.uri, o.event_id, topic.name, type.name, o.key, o.subject, o.schema_id,
             encode(o.payload, 'escape'), o.correlation_id, o.causation_id, o.causation_source,
             o.outcome, to_char(o.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
             floor(extract(epoch FROM o.recorded_at) * 1000)::bigint
      FROM ev.outbox o JOIN ev.source s USING (source_id)
      JOIN ev.dictionary topic ON topic.id = o.topic JOIN ev.dictionary type ON type.id = o.type
      ORDER BY o.seq) TO STDOUT (FORMAT csv)
"""


def sql(text, user="postgres", database="order_db"):
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database,
                           "-c", text], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


class Record:
    __slots__ = ("topic", "partition", "seq", "headers", "key", "value", "timestamp", "arrived")

    def __init__(self, message):
        self.topic = message.topic()
        self.partition = message.partition()
        self.headers = tuple(message.headers() or ())
        self.key = message.key()
        self.value = message.value()
        self.timestamp = message.timestamp()[1]
        self.arrived = time.monotonic()
        self.seq = int(self.header("ce_sequence"))

    def header(self, name):
        for key, value in self.headers:
            if key == name:
                return value.decode()
        return None

    def same_as(self, other):
        return (self.topic, self.partition, self.headers, self.key, self.value, self.timestamp) == (
            other.topic, other.partition, other.headers, other.key, other.value, other.timestamp)


class Watcher(threading.Thread):
    """Keeps every record of the topics of facts, in the order of each partition."""

    def __init__(self, brokers):
        super().__init__(daemon=True)
        settings = {"bootstrap.servers": brokers, "group.id": "watcher",
                    "enable.auto.commit": False, "fetch.wait.max.ms": 50,
                    "reconnect.backoff.max.ms": 200, "log_level": 0}
        self.consumer = Consumer(settings)
        # The thread sits in the consumer all the time; a question from another one would hang.
        self.asker = Consumer(settings)
        self.partitions = [TopicPartition(t, p, OFFSET_BEGINNING)
                           for t in TOPICS for p in range(PARTITIONS)]
        self.consumer.assign(self.partitions)
        self.records = []
        self.seen = set()
        self.next_offsets = {}
        self.is_over = False
        self.start()

    def run(self):
        while not self.is_over:
            for message in self.consumer.consume(1000, 0.1):
                if message.error():
                    continue
                record = Record(message)
                self.records.append(record)
                self.seen.add(record.seq)
                self.next_offsets[(record.topic, record.partition)] = message.offset() + 1

    def catch_up(self, deadline_s=30):
        """Waits until everything that is on the topics now is here."""
        deadline = time.monotonic() + deadline_s
        ends = {(p.topic, p.partition): self.end_of(p, deadline) for p in self.partitions}
        while any(self.next_offsets.get(k, 0) < end for k, end in ends.items()):
            if time.monotonic() > deadline:
                raise RuntimeError("the watcher did not catch up")
            time.sleep(0.01)

    def end_of(self, partition, deadline):
        """A partition that was just made, or whose broker has just started, has no leader yet."""
        while True:
            try:
                return self.asker.get_watermark_offsets(partition, timeout=20)[1]
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def first_above(self, seq, moment, deadline_s):
        """Seconds from `moment` to the arrival of a fact with a higher number."""
        while time.monotonic() < moment + deadline_s:
            arrived = [r.arrived for r in self.records[-20000:] if r.seq > seq]
            if arrived:
                return min(arrived) - moment
            time.sleep(0.02)
        return float("inf")


COLUMNS = ("seq", "source", "event_id", "topic", "type", "key", "subject", "schema_id", "payload", "correlation_id",
           "causation_id", "causation_source", "outcome", "recorded_at")


def expected_headers(row, previous):
    fields = {**dict.fromkeys(("traceparent", "tracestate")), **dict(zip(COLUMNS, row))}
    return headers_of({**fields, "outcome": OUTCOMES[fields["outcome"]]}, previous)


class Verdict:
    """What is wrong, by kind; empty lists are what a relay should leave behind."""

    def __init__(self, watcher):
        self.rows = {int(row[0]): row for row in csv.reader(io.StringIO(sql(ROWS)))}
        self.records = list(watcher.records)
        self.firsts = {}
        self.duplicates = 0
        self.other_bytes, self.inverted, self.unlike_row, self.broken_chain = [], [], [], []
        self.wrong_partition = []
        self.judge_records()
        self.missing = sorted(set(self.rows) - set(self.firsts))
        self.extra = sorted(set(self.firsts) - set(self.rows))
        self.inverted_aggregates = self.judge_aggregates()
        self.ledger = self.judge_ledger()

    def judge_records(self):
        last = {}
        for record in self.records:
            first = self.firsts.get(record.seq)
            if first is not None:
                self.duplicates += 1
                if not record.same_as(first):
                    self.other_bytes.append(record.seq)
                continue
            self.firsts[record.seq] = record
            lane = (record.topic, record.partition)
            if record.seq < last.get(lane, 0):
                self.inverted.append(record.seq)
            self.judge_against_row(record, last.get(lane, 0))
            last[lane] = record.seq

    def judge_against_row(self, record, previous):
        row = self.rows.get(record.seq)
        if row is None:
            return
        # What a subscriber can prove by himself: the predecessor is the one he saw last.
        if int(record.header("ce_previoussequence") or 0) != previous:
            self.broken_chain.append(record.seq)
        value = b"\0" + int(row[7]).to_bytes(4, "big") + row[8].encode()
        chain = record.header("ce_previoussequence")
        if (sorted(record.headers) != expected_headers(row, chain) or record.value != value or
                record.key != row[5].encode() or record.topic != row[3] or
                record.timestamp != int(row[14])):
            self.unlike_row.append(record.seq)
        if record.partition != partition_of(record.key.decode(), PARTITIONS):
            self.wrong_partition.append(record.seq)

    def judge_aggregates(self):
        """The payload says "aggregate:version"; versions must count up on the topic."""
        wrong, versions = [], {}
        for record in self.firsts.values():
            aggregate, version = record.value[5:].decode().split(":")
            number = int(version.lstrip("0"))  # one of the payloads has very many of them
            if number != versions.get(aggregate, 0) + 1:
                wrong.append(record.seq)
            versions[aggregate] = number
        return wrong

    def judge_ledger(self):
        """Rows and gaps together must be every number up to the last row, each once."""
        numbers = list(self.rows)
        gaps = sql("SELECT from_seq, to_seq FROM ev.outbox_gap WHERE name = 'outbox'").split()
        for gap in gaps:
            first, last = map(int, gap.split("|"))
            numbers.extend(range(first, last + 1))
        numbers.sort()
        return [n for n, expected in zip(numbers, range(1, len(numbers) + 1)) if n != expected][:5]
