"""How long lanes stood still, from a recorded history."""

import bisect
import collections
import datetime

from history import History
from shop import GROUPS
from world import PARTITIONS


def moment(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def waits_of(history, database, window):
    """{lane: (longest time between two commits, longest time from a record's arrival to its commit)}, in
    seconds, of what arrived in the window."""
    moves = collections.defaultdict(list)
    for move in history.moves(database):
        if move["old_offset"] != move["next_offset"]:
            moves[move["topic"], move["partition"]].append((move["next_offset"], moment(move["at"])))
    found = {}
    for topic in GROUPS[database]:
        for record in history.topic(topic):
            arrived, lane = record.time / 1000, (topic, record.partition)
            if not window[0] <= arrived <= window[1]:
                continue
            behind = bisect.bisect_right(moves[lane], (record.offset, float("inf")))
            applied = moves[lane][behind][1] if behind < len(moves[lane]) else float("inf")
            found[lane] = max(found.get(lane, 0), applied - arrived)
    return {lane: (longest_gap(moves[lane], window), wait) for lane, wait in found.items()}


def longest_gap(moves, window):
    times = [t for _offset, t in moves if window[0] <= t <= window[1]]
    return max((b - a for a, b in zip(times, times[1:])), default=0)


def check_waits(checks, folder, window, session_ms):
    history, worst = History(folder), 0
    print(f"longest time in ms between two commits / from arrival to commit, of each lane, while the workers were "
          f"restarted ({window[1] - window[0]:.0f} s)")
    for database in history.databases:
        found = waits_of(history, database, window)
        for topic in GROUPS[database]:
            lanes = [found.get((topic, p)) for p in range(PARTITIONS)]
            print(f"  {topic[7:-3]:<18} {database:<17} " +
                  " ".join("-" if f is None else f"{f[0] * 1000:.0f}/{f[1] * 1000:.0f}" for f in lanes))
        worst = max([worst] + [wait for _gap, wait in found.values()])
    checks.check(f"no lane stood still for longer than the session timeout ({session_ms} ms)",
                 0 < worst <= session_ms / 1000, f"{worst * 1000:.0f} ms at most")
