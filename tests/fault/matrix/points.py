"""Every fault point of libevents/base/fault.h, and how each program is brought to it under load.

A cell is a point in a program. `faults` arms it, {} is the action; more points may be armed before it where
it is reached through trouble only. `how` names what the harness does beside the load, by a function of
`run`; without one the load alone leads there."""

import collections
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[3]

Cell = collections.namedtuple("Cell", "point program faults how", defaults=(None,))


def cell(point, program, hit, how=None, through=""):
    return Cell(point, program, f"{through}{point}={{}}@{hit}", how)


WORKER = (
    # Hits later than the first: by then each lane has committed, and no lane comes under suspicion.
    ("batch_polled", 9), ("batch_decoded", 9), ("transaction_begun", 9), ("offsets_locked", 9), ("inbox_claimed", 9),
    ("first_write", 9), ("last_write", 9), ("outbox_written", 9), ("commit_sent", 9), ("commit_known", 9),
    ("before_kafka_commit", 1),
    ("in_backoff", 1, None, "transaction_begun=error@9;"),
    ("in_rollback", 1, None, "offsets_locked=error@9;"),
    ("dead_letter_written", 2), ("dead_letter_committed", 2),
    ("epoch_bumped", 1), ("offsets_read", 1), ("partitions_assigned", 1),
    ("revoked_while_collecting", 1, "rebalance_in_flood"),
    ("before_unassign", 1, "rebalance"), ("after_unassign", 1, "rebalance"),
    ("config_loaded", 1), ("migrations_checked", 1), ("database_connected", 1), ("clients_made", 1),
    ("stop_paused", 1, "stop"), ("stop_drained", 1, "stop"), ("stop_closed", 1, "stop"),
)
RELAY = (
    ("relay_read", 9), ("enqueued_first", 9), ("enqueued_all", 9), ("acked_some", 3), ("position_saved", 5),
    ("position_committed", 5),
    ("leadership_lost", 1, None, "acked_some=error@3;"),
    ("producer_fatal", 1, "refuse"),
    ("clients_made", 1), ("database_connected", 1),
    ("stop_paused", 1, "stop"), ("stop_drained", 1, "stop"),
)
MIGRATOR = (("migration_between", 9), ("migration_before_version", 5))
REBUILDER = (("replay_read", 1, "rebuild"), ("replay_between_commits", 1, "rebuild"))
EXPORTER = (("archive_written", 1, "export"), ("archive_promised", 1, "export"), ("archive_renamed", 1, "export"),
            ("archive_made", 1, "export"), ("outbox_detached", 1, "drop"))
SEALER = (("seal_read", 1, "seal"), ("seal_committed", 1, "seal"), ("seal_sent", 1, "seal"), ("file_written", 1, "seal"))

CHAINS = {  # those of a chain follow each other, chains run beside each other
    "quenty-order": [cell(row[0], "quenty-order", *row[1:]) for row in WORKER],
    "quenty-relay": [cell(row[0], "quenty-relay", *row[1:]) for row in RELAY],
    "eventctl": [cell(row[0], "eventctl", *row[1:]) for row in MIGRATOR + REBUILDER + EXPORTER + SEALER],
}


def declared():
    """The points of fault.h."""
    text = (ROOT / "libevents/base/fault.h").read_text(encoding="utf-8")
    return set(re.findall(r"^\s+X\((\w+)\)", text, re.M))


def reached():
    """The points that stand in code."""
    found = set()
    for folder in ("libevents", "workers"):
        for path in (ROOT / folder).rglob("*.c"):
            found |= set(re.findall(r"\bEV_FAULT\((\w+)\)", path.read_text(encoding="utf-8")))
    return found


def faults_of_table():
    """What is wrong with the tables above, as lines."""
    cells = {c.point for chain in CHAINS.values() for c in chain}
    lines = [f"{p} is a point of fault.h without a cell" for p in declared() - cells]
    lines += [f"{p} has a cell and is no point of fault.h" for p in cells - declared()]
    lines += [f"{p} has a cell and stands in no code" for p in cells - reached()]
    return lines
