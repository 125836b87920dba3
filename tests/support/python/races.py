"""Several processes at one moment, and processes that are killed with work in hand: what tests of races
and of crashes share."""

import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import time

from world import wait_until

PACE_S = 0.01


class Gate:
    """Lets everybody look at a table, and nobody write, until it is opened."""

    def __init__(self, world, database, table):
        self.world, self.database = world, database
        self.psql = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", database], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True, env={
                                         **os.environ, "PGHOST": world.pg["PGHOST"], "PGUSER": world.pg["PGUSER"]})
        self.psql.stdin.write(f"BEGIN; LOCK TABLE {table} IN SHARE MODE; SELECT 'closed';\n")
        self.psql.stdin.flush()
        assert self.psql.stdout.readline().strip() == "closed"

    def wait_for_both(self, event="%"):
        """Waits until two workers stand before it, or before the row that one of them has locked (event
        'relation': before it), and opens it, also if they do not come."""
        try:
            wait_until("both lanes to stand before the gate", lambda: self.world.number(self.database, f"""
                SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'quenty-%'
                AND application_name <> 'quenty-relay' AND datname = current_database()
                AND wait_event_type = 'Lock' AND wait_event LIKE '{event}'""") == 2, 20)
        finally:
            self.psql.stdin.write("COMMIT;\n\\q\n")
            self.psql.stdin.close()
            self.psql.wait(10)


def lanes_of(workers):
    """How many lanes each worker took last, by its log."""
    logs = [pathlib.Path(w.log).read_text().split("event=lanes_taken lanes=") for w in workers]
    return [int(log[-1].split()[0]) if len(log) > 1 else 0 for log in logs]


@contextlib.contextmanager
def steadily(step):
    """Does it at a pace of its own, beside what is done meanwhile."""
    ended = threading.Event()

    def run():
        due = time.monotonic()
        while not ended.is_set():
            step()
            due += PACE_S
            time.sleep(max(0, due - time.monotonic()))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def newest(world, database):
    return world.number(database, "SELECT coalesce(max(seq), 0) FROM ev.outbox")


def published(world, database):
    return world.number(database, "SELECT seq FROM ev.relay_position WHERE name = 'outbox'")


def kill_in_turn(turns, wanted):
    """turns: (process, progress, in_hand) each. Each is killed with work in hand, after it has done some;
    returns how often."""
    kills = [0] * len(turns)
    while sum(kills) < wanted:
        turn = sum(kills) % len(turns)
        victim, progress, in_hand = turns[turn]
        before = progress()
        wait_until("progress since its start", lambda: progress() > before, 60)
        victim.send(signal.SIGSTOP)  # so that what is in hand can be counted
        wait_until("work in hand", in_hand, 20)
        victim.kill()
        kills[turn] += 1
        victim.start()
    return kills
