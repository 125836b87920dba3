"""The relay's promises, one check each, against real servers (started by `run`)."""

import faulthandler
import os
import random
import re
import signal
import subprocess
import sys
import time
import traceback

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

from judge import Verdict, Watcher, sql

BUILD, WORK, ROOT, SEED = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
BROKERS = os.environ["BROKERS"]
QUICK = bool(os.environ.get("EV_QUICK"))
RELAY = f"{BUILD}/workers/relay/quenty-relay"
LOAD = f"{BUILD}/tests/integration/relay/integration-relay-load"
REFUSED = f"{BUILD}/tests/integration/relay/integration-relay-refused"
FOUND_MAX = 120
SAMPLES_MIN = 100  # of a latency
REPEATED_MAX = 500  # what a killed relay's last requests may still add while the next one starts
DEADLINE_S = 900  # for everything together
dice = random.Random(SEED)
passed = failed = 0


def check(promise, holds, found=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
    if holds and len(str(found)) > FOUND_MAX:
        found = ""  # a log's end explains a failure and nothing else
    print(f"{'ok   ' if holds else 'FAIL '} {promise}{f' ({found})' if found != '' else ''}", flush=True)


def wait_until(condition, deadline_s, step_s=0.02):
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(step_s)
    return condition()


class Relay:
    """One process, its log and its end."""

    made = 0
    all = []

    def __init__(self, *settings, database="order_db", faults=None):
        Relay.made += 1
        self.log_path = f"{WORK}/relay-{Relay.made}.log"
        self.log_file = open(self.log_path, "w")
        self.process = subprocess.Popen(
            [RELAY, database, "-c", f"{WORK}/relay.conf", *settings], stderr=self.log_file,
            env=dict(os.environ, EV_FAULTS=faults) if faults else None)
        Relay.all.append(self.process)

    def log(self):
        with open(self.log_path) as file:
            return file.read()

    def has_said(self, event, deadline_s=20):
        return wait_until(lambda: event in self.log(), deadline_s)

    def ended(self, code, deadline_s):
        """Whether it ends by itself, with this code."""
        return wait_until(lambda: self.process.poll() is not None, deadline_s) and (
            self.process.returncode == code)

    def end(self, number=signal.SIGTERM, deadline_s=15):
        self.process.send_signal(number)
        return self.process.wait(deadline_s)


def write_config():
    with open(f"{WORK}/relay.conf", "w") as file:
        file.write(f"order_db.conninfo = dbname=order_db user=order_relay\nkafka.bootstrap.servers = {BROKERS}\n")


def start_load(writers, rows, pause_ms):
    environment = dict(os.environ, PGUSER="order_worker", PGDATABASE="order_db")
    return subprocess.Popen([LOAD, "write", str(writers), str(rows), str(pause_ms),
                             str(dice.randrange(1, 30000))], env=environment, start_new_session=True)


def committed():
    return int(sql("SELECT count(*) FROM ev.outbox"))


def top():
    return int(sql("SELECT coalesce(max(seq), 0) FROM ev.outbox"))


def position():
    return int(sql("SELECT seq FROM ev.relay_position WHERE name = 'outbox'"))


def drain(watcher, deadline_s=60):
    """Waits until the position is the last row and everything has been read."""
    done = wait_until(lambda: position() == top(), deadline_s, 0.1)
    watcher.catch_up()
    return done


def repetitions(watcher):
    watcher.catch_up()
    return len(watcher.records) - len(watcher.seen)


def judge(watcher, when, repeated_before=None):
    """Dead leaders leave hardly anything behind: their successors look at the topics' ends first."""
    verdict = Verdict(watcher)
    if repeated_before is not None:
        check(f"{when}: hardly anything was published twice",
              verdict.duplicates - repeated_before <= REPEATED_MAX,
              f"{verdict.duplicates - repeated_before} records")
    rows = len(verdict.rows)
    check(f"{when}: every committed row is on its topic", not verdict.missing,
          f"{rows} rows, missing {len(verdict.missing)} {verdict.missing[:5]}")
    check(f"{when}: nothing is there that was not committed", not verdict.extra, verdict.extra[:5] or "")
    check(f"{when}: first occurrences are in order of seq", not verdict.inverted,
          verdict.inverted[:5] or "")
    check(f"{when}: and of each aggregate in order of its commits", not verdict.inverted_aggregates,
          verdict.inverted_aggregates[:5] or "")
    check(f"{when}: a subscriber can prove by ce_previoussequence that he missed nothing",
          not verdict.broken_chain, verdict.broken_chain[:5] or "")
    check(f"{when}: every record is what its row says", not verdict.unlike_row,
          verdict.unlike_row[:5] or "")
    check(f"{when}: every key lies in the partition of murmur2", not verdict.wrong_partition,
          verdict.wrong_partition[:5] or "")
    check(f"{when}: what came twice has the same headers and bytes", not verdict.other_bytes,
          f"{verdict.duplicates} duplicates, other {verdict.other_bytes[:5]}")
    check(f"{when}: rows and ledgered gaps are all numbers, each once", not verdict.ledger,
          verdict.ledger or "")


def test_concurrent_writers(watcher):
    rows = 50000 if QUICK else 200000
    relay = Relay()
    check("a relay leads", relay.has_said("relay_leading"), "" if relay.process.poll() is None else relay.log())
    naive = subprocess.Popen([LOAD, "naive"], stdout=subprocess.PIPE, text=True,
                             env=dict(os.environ, PGUSER="order_worker", PGDATABASE="order_db"))
    began = time.monotonic()
    load = start_load(16, rows, 20)
    check("16 writers end", load.wait() == 0)
    print(f"      {committed()} rows committed in {time.monotonic() - began:.1f} s")
    check("the relay is done with them", drain(watcher), f"position {position()} of {top()}")
    naive.terminate()
    lost, _, total = naive.communicate()[0].split()
    check("a naive reader of the same table loses rows", int(lost) > 0, f"{lost} of {total}")
    relay.end()
    check("there were holes to wait for",
          int(sql("SELECT count(*) FROM ev.outbox_gap")) > rows / 1000,
          sql("SELECT count(*) FROM ev.outbox_gap"))
    judge(watcher, "16 writers")


def latency(seconds):
    """Samples, median and 99th percentile in µs; None where a record does not arrive at all."""
    done = subprocess.run([LOAD, "latency", str(seconds), BROKERS, "quenty.order.events.v1"],
                          capture_output=True, text=True, check=False,
                          env=dict(os.environ, PGUSER="order_worker", PGDATABASE="order_db"))
    if done.returncode:
        print(f"      {done.stderr.strip()}")
        return None
    return tuple(map(int, done.stdout.split()))


def measure_elsewhere():
    """Latency before, during and after a transaction that is open in another database."""
    before = latency(6)
    other = subprocess.Popen(
        ["psql", "-Xq", "-U", "postgres", "-d", "elsewhere", "-c", "BEGIN", "-c",
         "INSERT INTO ev.dead_letter (\"offset\", partition, group_name, topic, reason, headers) "
         "VALUES (1, 1, 'g', 't', 'poison', '')",
         "-c", "LOCK TABLE ev.outbox IN ROW EXCLUSIVE MODE", "-c", "SELECT txid_current()",
         "-c", "SELECT pg_sleep(600)"], stdout=subprocess.DEVNULL)
    held = wait_until(lambda: sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'elsewhere' "
                                  "AND backend_xid IS NOT NULL") == "1", 10)
    during = latency(10 if QUICK else 30)
    still = sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'elsewhere' "
                "AND backend_xid IS NOT NULL")
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'elsewhere'")
    other.wait()
    after = latency(6)
    if not (before and during and after):
        return held and still == "1", None
    for when, (count, p50, p99) in (("before", before), ("during", during), ("after", after)):
        print(f"      commit to topic {when}: n={count} p50={p50} µs p99={p99} µs")
    enough = min(before[0], during[0], after[0]) >= SAMPLES_MIN
    return held and still == "1", enough and during[2] <= 3 * max(before[2], after[2])


def test_transaction_elsewhere(_):
    """The other database is a copy, so its tables have the same oids as ours. What really holds up
    the relay does so each time; what only another tenant of the machine does, is measured again."""
    sql("DROP DATABASE IF EXISTS elsewhere", database="postgres")
    sql("CREATE DATABASE elsewhere TEMPLATE order_db", database="postgres")
    relay = Relay()
    relay.has_said("relay_leading")
    # Another writer, of whose transactions some are rolled back: without holes nobody is waited for.
    load = start_load(1, 1000000, 10)
    for _ in range(3):
        open_all_the_time, as_usual = measure_elsewhere()
        if as_usual is not False:
            break
    check("a transaction was open in another database all the time", open_all_the_time)
    check("it holds up nothing: p99 from commit to topic is at most three times what it is without",
          as_usual)
    os.killpg(load.pid, signal.SIGKILL)
    load.wait()
    relay.end()


def takeover(watcher, leader, number, limit_s, what):
    second = Relay()
    check(f"{what}: a second relay waits", second.has_said("relay_waiting"))
    load = start_load(4, 7000, 40)  # some nine seconds
    time.sleep(1)
    leader.process.send_signal(number)
    moment = time.monotonic()
    last = top()  # nobody but the second one can publish what is committed from here on
    seconds = watcher.first_above(last, moment, limit_s + 10)
    check(f"{what}: the second one goes on within {limit_s} s", second.has_said("relay_leading", 1) and
          seconds <= limit_s, f"{seconds:.2f} s")
    return second, load


def test_takeover(watcher):
    leader = Relay()
    leader.has_said("relay_leading")
    second, load = takeover(watcher, leader, signal.SIGKILL, 2, "leader killed")
    leader.process.wait()
    load.wait()
    third, load = takeover(watcher, second, signal.SIGSTOP, 5, "leader stopped")
    time.sleep(2)
    second.process.send_signal(signal.SIGCONT)
    check("the woken one finds that it leads no more", second.has_said("relay_waiting") and
          wait_until(lambda: second.log().count("relay_trouble") > 0 and
                     second.log().rstrip().rfind("relay_waiting") > second.log().rfind("relay_trouble"), 20))
    load.wait()
    check("after both: all is published", drain(watcher))
    judge(watcher, "takeovers")
    check("the woken one stops when told to", second.end() == 0)
    third.end()


def is_stopped(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"


def test_zombie(watcher):
    """Stopped with a page handed over and not sent: its records land behind its successor's."""
    zombie = Relay(faults="enqueued_all=stop:1@10")
    zombie.has_said("relay_leading")
    second = Relay()
    load = start_load(8, 20000, 5)
    check("a leader stops with records in hand", wait_until(lambda: is_stopped(zombie.process.pid), 20))
    check("another one goes on", second.has_said("relay_leading", 10))
    load.wait()
    check("all is published by that one", drain(watcher))
    before = len(watcher.records)
    zombie.process.send_signal(signal.SIGCONT)
    check("the woken one finds that it leads no more", zombie.has_said("relay_waiting", 20))
    watcher.catch_up()
    check("what it had in hand lands late", len(watcher.records) > before,
          f"{len(watcher.records) - before} records")
    zombie.end()
    second.end()
    judge(watcher, "zombie")


POINTS = (("relay_read", 5), ("enqueued_first", 9), ("enqueued_all", 12), ("acked_some", 1),
          ("position_saved", 2), ("position_committed", 2), ("stop_paused", 1), ("stop_drained", 1))


def test_points(watcher):
    """SIGKILL between every two steps whose order the proof is about."""
    before = repetitions(watcher)
    load = start_load(8, 20000, 3)
    reached = []
    for point, hit in POINTS:
        relay = Relay(faults=f"{point}=kill@{hit}")
        if point.startswith("stop_") and relay.has_said("relay_leading"):
            relay.process.send_signal(signal.SIGTERM)
        if load.poll() is not None:
            load = start_load(8, 20000, 3)
        if wait_until(lambda process=relay.process: process.poll() is not None, 15):
            reached.append((point, relay.process.returncode))
        else:
            relay.end(signal.SIGKILL)
    check(f"relays were killed at {len(POINTS)} points", [r for r in reached if r[1] == -9] == [
        (p, -9) for p, _ in POINTS], reached)
    relay = Relay()
    load.wait()
    check("after kills at points: all is published", drain(watcher))
    judge(watcher, "points", before)
    relay.end()


def test_kills(watcher):
    kills = 8
    before = repetitions(watcher)
    load = start_load(8, 8000 if QUICK else 24000, 8)
    table = []
    for number in range(kills):
        relay = Relay()
        if not relay.has_said("relay_leading"):
            check("a relay leads after a kill", False, relay.log())
            break
        after = dice.uniform(0.1, 0.6)
        time.sleep(after)
        if load.poll() is not None:
            load = start_load(8, 4000, 8)
            time.sleep(0.2)
        relay.process.send_signal(signal.SIGSTOP)
        rows = committed()
        relay.end(signal.SIGKILL)
        watcher.catch_up()
        table.append((number + 1, f"{after:.2f}", rows, len(watcher.seen), rows - len(watcher.seen),
                      position()))
    print("      kill   after s   committed   on topics   unpublished   saved position")
    for row in table:
        print("      %4d %9s %11d %11d %13d %16d" % row)
    check(f"{kills} relays were killed with rows unpublished",
          len(table) == kills and all(row[4] > 0 for row in table))
    load.wait()
    relay = Relay()
    check("after the kills: all is published", drain(watcher))
    relay.end()
    judge(watcher, "kills", before)


def kafka(*arguments):
    return subprocess.run(["kafka", arguments[0], f"{WORK}/kafka", *arguments[1:]], check=False,
                          stdout=subprocess.DEVNULL).returncode == 0


def test_broker_crash(watcher):
    relay = Relay()
    relay.has_said("relay_leading")
    load = start_load(8, 10000 if QUICK else 20000, 20)
    time.sleep(1)
    check("the broker is killed", kafka("stop", "-9"))
    time.sleep(1)
    behind = top() - position()
    check("while it is away facts wait", behind > 0, f"{behind} numbers")
    check("it starts again", kafka("start"))
    check("writers end as ever", load.wait() == 0)
    check("after the crash: all is published", drain(watcher), f"position {position()} of {top()}")
    check("the relay has lived through it", relay.end() == 0)
    judge(watcher, "broker crash")


def test_stop(watcher):
    relay = Relay()
    relay.has_said("relay_leading")
    load = start_load(8, 20000, 2)
    time.sleep(0.5)
    began = time.monotonic()
    code = relay.end()
    check("told to stop under load it ends with 0 within 10 s", code == 0 and
          time.monotonic() - began < 10, f"{code}, {time.monotonic() - began:.2f} s")
    watcher.catch_up()
    check("its position is the last fact on the topics", position() == max(watcher.seen),
          f"{position()}, {max(watcher.seen)}")
    relay = Relay()
    load.wait()
    check("its successor publishes the rest", drain(watcher))
    relay.end()
    check("and had nothing to skip", "skipped=0 " in relay.log(), relay.log()[-300:])


def insert_of(payload):
    return ("INSERT INTO ev.outbox (event_id, schema_id, source_id, topic, type, key, subject, payload) SELECT "
            "gen_random_uuid(), 700001, (SELECT max(source_id) FROM ev.source), (SELECT id FROM ev.dictionary "
            "WHERE name = 'quenty.order.events.v1'), (SELECT id FROM ev.dictionary WHERE name = "
            f"'quenty.test.Counted'), 'company-1', 'slow', convert_to('{payload}', 'UTF8')")


def test_steps(watcher):
    """A hole whose writer commits while it is waited for. What is asked about it, in this order, is the proof
    of flow/relay.c; a wrong order loses rows only now and then, so it is looked up in the server's log."""
    server_log = os.path.realpath(f"{WORK}/pg/home") + "/log"
    sql("ALTER ROLE order_relay SET log_statement = 'all'")
    relay = Relay()
    drain(watcher)
    began = os.path.getsize(server_log)

    def asked():
        with open(server_log, errors="replace") as file:
            file.seek(began)
            return re.findall(r"execute \w*relay_(outbox_page|outbox_top|writers)\b", file.read())

    holder = subprocess.Popen(["psql", "-Xq", "-U", "order_worker", "-d", "order_db"], stdin=subprocess.PIPE,
                              text=True, env=dict(os.environ, PGOPTIONS="-c idle_in_transaction_session_timeout=0"))
    holder.stdin.write(f"BEGIN; {insert_of('held:1')};\n")
    holder.stdin.flush()
    wait_until(lambda: sql("SELECT count(*) FROM pg_locks WHERE relation = 'ev.outbox'::regclass AND "
                           "mode = 'RowExclusiveLock'") == "1", 10)
    sql(insert_of("behind:1"), user="order_worker")
    number = top()
    wait_until(lambda: "writers" in asked(), 10)
    holder.communicate("COMMIT;\n")
    check("a number that is held is waited for, and its fact is published",
          wait_until(lambda: {number - 1, number} <= watcher.seen, 10))
    relay.end()
    sql("ALTER ROLE order_relay RESET log_statement")
    steps = asked()
    at = len(steps) - 1 - steps[::-1].index("outbox_top") if "outbox_top" in steps else 1
    check("at a hole: the page, the largest number, who writes, and the page again",
          steps[at - 1:at + 3] == ["outbox_page", "outbox_top", "writers", "outbox_page"], steps[max(at - 2, 0):at + 4])


def test_slow_writer(watcher):
    relay = Relay("--relay.writer_ms_max=3000")
    relay.has_said("relay_leading")
    slow = subprocess.Popen(["psql", "-Xq", "-U", "order_worker", "-d", "order_db", "-c",
                             f"BEGIN; {insert_of('slow:1')};"
                             " SELECT pg_sleep(20); COMMIT"], stderr=subprocess.DEVNULL)
    check("a writer holds a number",
          wait_until(lambda: sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN; INSERT%'"
                                 " AND wait_event = 'PgSleep'") == "1", 10))
    began = time.monotonic()
    sql(insert_of("quick:1"), user="order_worker")
    number = top()
    time.sleep(1.5)
    check("what is committed behind it waits", number not in watcher.seen)
    check("the log names it", relay.has_said("relay_writer_slow", 2))
    check("it is ended, and what waited is published", relay.has_said("relay_writer_ended") and
          wait_until(lambda: number in watcher.seen, 10), f"{time.monotonic() - began:.1f} s")
    slow.wait()
    relay.end()


def test_standby_away(watcher):
    """A commit waits for a synchronous standby that is away, for longer than the relay waits for a writer. To
    end its session would show rows that the standby does not have."""
    relay = Relay("--relay.writer_ms_max=5000")
    relay.has_said("relay_leading")
    drain(watcher)
    sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    sql("SELECT pg_reload_conf()")
    wait_until(lambda: sql("SHOW synchronous_standby_names") == "nobody", 10)
    holder = subprocess.Popen(["psql", "-Xq", "-U", "order_worker", "-d", "order_db"], stdin=subprocess.PIPE,
                              text=True, env=dict(os.environ, PGOPTIONS="-c idle_in_transaction_session_timeout=0"))
    holder.stdin.write(f"BEGIN; {insert_of('held:2')};\n")
    holder.stdin.flush()
    wait_until(lambda: sql("SELECT count(*) FROM pg_locks WHERE relation = 'ev.outbox'::regclass AND "
                           "mode = 'RowExclusiveLock'") == "1", 10)
    sql("SET synchronous_commit = local; " + insert_of("behind:2"), user="order_worker")
    holder.stdin.write("COMMIT;\n")
    holder.stdin.flush()
    number = top()
    waits = wait_until(lambda: sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1", 10)
    relay.has_said("relay_writer_ended", 15)
    time.sleep(1)  # what is seen by mistake is published within this time
    check("a writer whose commit waits for a standby is not ended, and not seen",
          waits and number - 1 not in watcher.seen and number not in watcher.seen)
    sql("ALTER SYSTEM RESET synchronous_standby_names")
    sql("SELECT pg_reload_conf()")
    holder.communicate()
    check("when the standby is there, it is published", wait_until(lambda: {number - 1, number} <= watcher.seen, 10))
    relay.end()


def test_hog(_):
    """A leader stopped in the middle of reading a page: idle_session_timeout never ends it."""
    hog = subprocess.Popen([LOAD, "hog"], stdout=subprocess.PIPE, text=True,
                           env=dict(os.environ, PGUSER="order_relay", PGDATABASE="order_db"))
    hog.stdout.readline()
    bystander = subprocess.Popen(["psql", "-Xq", "-U", "order_worker", "-d", "order_db", "-c",
                                  "SELECT pg_sleep(6)"], stdout=subprocess.DEVNULL)
    relay = Relay()
    began = time.monotonic()
    check("a leader that takes nothing from the server is unseated within 5 s",
          relay.has_said("relay_leading", 8) and "relay_unseated" in relay.log() and
          time.monotonic() - began <= 5, f"{time.monotonic() - began:.1f} s")
    check("and nobody else's session is ended for it", bystander.wait() == 0)
    hog.kill()
    hog.wait()
    relay.end()


def set_limit(topic, limit):
    """max.message.bytes; None: the default."""
    command = (ConfigEntry("max.message.bytes", limit or "", incremental_operation=AlterConfigOpType.SET
                           if limit else AlterConfigOpType.DELETE),)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=list(command))
    admin = AdminClient({"bootstrap.servers": BROKERS})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(20)


def test_refused(_):
    """What the client does behind a record that a real broker refuses, while nobody listens to it."""
    records, topic = 1000, "bench.refused"
    admin = AdminClient({"bootstrap.servers": BROKERS})
    for future in admin.create_topics([NewTopic(topic, 1, 1, config={"max.message.bytes": "300000"})]).values():
        future.result(30)
    done = subprocess.run([REFUSED, BROKERS, topic, "400000", str(records)], capture_output=True, text=True)
    check("behind a refused record the client stops by itself", done.stdout.strip() == "stopped",
          f"{done.stdout}{done.stderr}")
    asker = Consumer({"bootstrap.servers": BROKERS, "group.id": "refused", "log_level": 0})
    _, end = asker.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)
    asker.close()
    check("and nothing behind it is stored", 1 <= end <= records // 2, f"{end} records")


def test_oversize(watcher):
    """A fact that its topic refuses, with many behind it in its partition."""
    topic = "quenty.order.events.v1"
    relay = Relay()
    relay.has_said("relay_leading")
    set_limit(topic, "300000")
    start_load(1, 10, 0).wait()
    wait_until(lambda: position() == top(), 10)
    columns = "event_id, schema_id, source_id, topic, type, key, subject, payload"
    before, large = top(), 900
    # The relay's thread waits in a save of its position while the broker refuses the fact, so nothing
    # but the producer itself can keep back those behind it. All of them are on one page of 1000 rows, the
    # large one so far down that some before it are acknowledged, and there is something to save.
    lock = subprocess.Popen(["psql", "-Xq", "-U", "postgres", "-d", "order_db"], stdin=subprocess.PIPE, text=True)
    lock.stdin.write("BEGIN; LOCK TABLE ev.relay_position IN EXCLUSIVE MODE;\n")
    lock.stdin.flush()
    wait_until(lambda: sql("SELECT count(*) FROM pg_locks WHERE relation = 'ev.relay_position'::regclass AND "
                           "mode = 'ExclusiveLock' AND granted") == "1", 10)
    sql(f"INSERT INTO ev.outbox ({columns}) SELECT gen_random_uuid(), 700001, (SELECT max(source_id) "
        "FROM ev.source), (SELECT id FROM ev.dictionary WHERE name = 'quenty.order.events.v1'), "
        "(SELECT id FROM ev.dictionary WHERE name = 'quenty.test.Counted'), 'company-9', 'large', "
        f"convert_to('large:' || lpad(n::text, CASE n WHEN {large} THEN 400000 ELSE 400 END, '0'), 'UTF8') "
        "FROM generate_series(1, 3000) n; NOTIFY ev_outbox", user="order_worker")
    # Where the refusal comes before anything is acknowledged, there is nothing to save and nothing to wait
    # for; then only `refused` shows what the client does by itself.
    waits = wait_until(lambda: relay.process.poll() is not None or sql(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'quenty-relay' AND "
        "wait_event_type = 'Lock'") == "1", 10)
    print(f"      the relay waits while it is refused: {waits and relay.process.poll() is None}", flush=True)
    time.sleep(1)  # in which the client may do what it should not; the relay itself waits for 2 s
    lock.communicate("COMMIT;\n")
    check("a fact that its topic refuses halts the relay", relay.ended(1, 30), relay.log()[-300:])
    # The broker's refusal names the record; where the relay has begun anew before that was read, it ends
    # at its look at the topic's limit.
    named = f"record {before + large} " in relay.log() or f"topic {topic} takes 300000" in relay.log()
    check("which names the record or its topic, and says what to raise",
          named and "max.message.bytes" in relay.log(), relay.log()[-300:])
    watcher.catch_up()
    behind = sum(seq > before + large for seq in watcher.seen)
    check("and nothing behind it in its partition is published", behind == 0, f"{behind} facts")
    relay = Relay()
    check("one that starts refuses it before it is sent", relay.ended(1, 30) and
          "takes 300000" in relay.log(), relay.log()[-300:])
    set_limit(topic, None)
    relay = Relay()
    check("the limit raised, all is published", drain(watcher), f"position {position()} of {top()}")
    relay.end()
    judge(watcher, "oversize")


def encode_headers(headers):
    encoded = b""
    for name, value in headers:
        encoded += len(name).to_bytes(4, "big") + name
        encoded += b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4, "big") + value
    return encoded.hex()


def test_dead_letter(_):
    original = [(b"ce_id", b"x-1"), (b"ce_type", b"quenty.order.OrderPlaced"), (b"twice", b"1"),
                (b"twice", None), (b"bytes", b"\x00\xff")]
    relay = Relay()
    relay.has_said("relay_leading")
    sql("BEGIN; INSERT INTO ev.dead_letter (\"offset\", partition, group_name, topic, reason, headers) "
        "VALUES (1, 1, 'g', 't', 'poison', ''); ROLLBACK", user="order_worker")
    sql("INSERT INTO ev.dead_letter (\"offset\", partition, group_name, topic, reason, detail, key, "
        "headers, value) VALUES (42, 3, 'order', 'quenty.order.ingress.v1', 'undecodable', "
        f"'field total: 17 bytes', 'company-1', '\\x{encode_headers(original)}', '\\x00aabb')",
        user="order_worker")
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": "letters", "log_level": 0})
    consumer.assign([TopicPartition("quenty.order.dead-letters.v1", p, OFFSET_BEGINNING)
                     for p in range(6)])
    message = consumer.poll(10)
    check("a dead letter comes on its topic, one behind a gap", message is not None)
    if message is not None:
        wanted = [(n.decode(), v) for n, v in original] + [
            ("__connect.errors.topic", b"quenty.order.ingress.v1"),
            ("__connect.errors.partition", b"3"), ("__connect.errors.offset", b"42"),
            ("__connect.errors.exception.class.name", b"undecodable"),
            ("__connect.errors.exception.message", b"field total: 17 bytes"),
            ("dlq-reason", b"undecodable"), ("dlq-group", b"order"), ("dlq-withheld", b"value")]
        check("with the original headers untouched, and where it came from",
              message.headers() == wanted, message.headers() if message.headers() != wanted else "")
        check("with its key, and no bytes of a type that nobody vouches for",
              message.key() == b"company-1" and message.value() is None)
        check("its gap is on record, under its own name",
              sql("SELECT from_seq || '-' || to_seq FROM ev.outbox_gap WHERE name = 'dead_letter'") == "1-1")
    consumer.close()
    check("its position is saved", wait_until(
        lambda: sql("SELECT seq FROM ev.relay_position WHERE name = 'dead_letter'") == "2", 5))
    relay.end()


def test_forgotten_rows(_):
    """What a restore leaves: the topic has a fact, and the row is another or is not there."""
    number = top()
    row = f"seq = {number}"
    kept = sql(f"SELECT event_id FROM ev.outbox WHERE {row}")
    sql(f"UPDATE ev.outbox SET event_id = gen_random_uuid() WHERE {row}")
    relay = Relay()
    check("a row with another id than its record halts the relay", relay.ended(1, 20))
    check("which says so", "that this database does not have" in relay.log() and
          f"ce_sequence {number}" in relay.log(), relay.log()[-400:])
    sql(f"UPDATE ev.outbox SET event_id = '{kept}' WHERE {row}")
    sql(f"UPDATE ev.relay_position SET seq = seq - 1 WHERE name = 'outbox'")
    relay = Relay()
    check("so does a position that was set back without its chain", relay.ended(1, 20) and
          "changed by hand" in relay.log(), relay.log()[-400:])
    sql(f"UPDATE ev.relay_position SET seq = seq + 1 WHERE name = 'outbox'")
    sql("CREATE TABLE test.kept AS SELECT seq, chain FROM ev.relay_position WHERE name = 'outbox'")
    relay = Relay()
    start_load(1, 10, 0).wait()
    wait_until(lambda: position() == top(), 20)
    relay.end()
    sql("DELETE FROM ev.outbox WHERE seq > (SELECT seq FROM test.kept)")
    sql("UPDATE ev.relay_position p SET seq = k.seq, chain = k.chain FROM test.kept k WHERE name = 'outbox'")
    relay = Relay()
    check("so do rows that are gone behind the position", relay.ended(1, 20) and
          "Nothing is published" in relay.log() and "same timeline" in relay.log(), relay.log()[-400:])


def begin_timeline():
    """As a recovery to a point in time does at its end."""
    data = f"{os.path.realpath(WORK + '/pg/home')}/data"
    subprocess.run(["pg", "stop", f"{WORK}/pg"], check=True)
    with open(f"{data}/recovery.signal", "w"):
        pass
    subprocess.run(["pg", "start", f"{WORK}/pg", "-d", "-c", "restore_command=/bin/false"], check=True,
                   stdout=subprocess.DEVNULL)
    wait_until(lambda: sql("SELECT pg_is_in_recovery()") == "f", 20)


def test_lost_timeline(watcher):
    lost = sql("SELECT ev.current_source_uri()")
    begin_timeline()
    now = sql("SELECT ev.current_source_uri()")
    check("a recovery begins another ce_source", now != lost, now)
    relay = Relay()
    check("facts of the lost timeline halt the relay, which names the way on",
          relay.ended(1, 20) and f"the topics hold facts of {lost}" in relay.log() and
          "--relay.accept_fork" in relay.log(), relay.log()[-400:])
    relay = Relay(f"--relay.accept_fork={lost}")
    check("accepted by a person, it goes on", relay.has_said("relay_leading"), relay.log()[-400:])
    check("writers go on, too", start_load(2, 200, 0).wait() == 0)
    fresh = set(map(int, sql(f"SELECT seq FROM ev.outbox JOIN ev.source USING (source_id) "
                             f"WHERE uri = '{now}'").split()))
    check("new facts come under the new source", wait_until(
        lambda: fresh <= {r.seq for r in list(watcher.records)[-5000:] if r.header("ce_source") == now}, 10),
          f"{len(fresh)} facts")
    relay.end()
    relay = Relay()
    check("the decision is remembered", relay.has_said("relay_leading"), relay.log()[-400:])
    relay.end()


def complaint(relay, text, limit_s):
    began = time.monotonic()
    said = relay.has_said(text, limit_s)
    return said, time.monotonic() - began


def test_refusals(_):
    relay = Relay(database="customer_db")
    check("another number of partitions is refused", relay.ended(1, 20) and
          "quenty.customer.events.v1 has 3 partitions and must have 12" in relay.log(), relay.log()[-300:])
    relay = Relay("--kafka.bootstrap.servers=127.0.0.1:1")
    said, seconds = complaint(relay, "Kafka at 127.0.0.1:1", 10)
    check("a broker that is not there is named within 10 s", said, f"{seconds:.1f} s")
    check("and waited for", relay.process.poll() is None and relay.end() == 0)
    relay = Relay("--order_db.conninfo=host=/nowhere dbname=order_db user=order_relay")
    said, seconds = complaint(relay, "/nowhere", 10)
    check("so is a database", said, f"{seconds:.1f} s")
    check("and waited for, too", relay.process.poll() is None and relay.end() == 0)
    relay = Relay("--kafka.acks=1")
    check("a setting that would break the promise is refused with its reason",
          relay.ended(1, 20) and "kafka.acks cannot be changed" in relay.log(), relay.log()[-300:])


def test_contract(_):
    """What would make a hole in the numbers mean something else than it does."""
    for damage, repair in (("CACHE 20", "CACHE 1"), ("GENERATED BY DEFAULT", "GENERATED ALWAYS")):
        sql(f"ALTER TABLE ev.outbox ALTER COLUMN seq SET {damage}")
        relay = Relay()
        check(f"numbers with {damage} are refused", relay.ended(1, 20) and
              "ev.outbox.seq must be GENERATED ALWAYS AS IDENTITY with CACHE 1" in relay.log(), relay.log()[-300:])
        sql(f"ALTER TABLE ev.outbox ALTER COLUMN seq SET {repair}")


PARTS = {
    "writers": test_concurrent_writers,
    "elsewhere": test_transaction_elsewhere,
    "takeover": test_takeover,
    "zombie": test_zombie,
    "points": test_points,
    "kills": test_kills,
    "broker": test_broker_crash,
    "stop": test_stop,
    "refused": test_refused,
    "oversize": test_oversize,
    "steps": test_steps,
    "slow-writer": test_slow_writer,
    "standby-away": test_standby_away,
    "hog": test_hog,
    "dead-letter": test_dead_letter,
    "refusals": test_refusals,
    "contract": test_contract,
    "forgotten": test_forgotten_rows,
    "timeline": test_lost_timeline,  # the last: it moves all facts to another source
}


def main():
    faulthandler.dump_traceback_later(DEADLINE_S, exit=True)
    print(f"seed {SEED}", flush=True)
    write_config()
    watcher = Watcher(BROKERS)
    start_load(1, 10, 0).wait()  # the first writer gives names and source their numbers, for every part
    for part in sys.argv[5:] or PARTS:
        PARTS[part](watcher)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def end_with(code):
    """At once: the watcher's thread is still inside librdkafka."""
    for process in Relay.all:
        if process.poll() is None:
            process.kill()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        end_with(main())
    except BaseException:
        traceback.print_exc()
        end_with(1)
