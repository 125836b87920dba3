"""Who used the processors, and how much of it was none of ours.

Figures of a machine that does other things meanwhile say little, so each measurement knows the share
of what others took. CPU time is that of processes and of all that they have started: utime + stime,
with those of children that have ended (proc(5)), and of the machine as a whole what /proc/stat says.
Time that the machine beneath gave to others (steal) is foreign as well."""

import os
import pathlib
import platform
import time

TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count()
FOREIGN_MAX = 0.10  # of the whole machine; a measurement with more is made again


def stat_of(pid):
    """parent and CPU seconds of a process, children that have ended included; None when it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return int(fields[1]), sum(map(int, fields[11:15])) / TICK


def cpu_of_trees(roots):
    """CPU seconds of each root's whole tree, by pid. One look at /proc for all of them."""
    stats = {int(entry): stat_of(entry) for entry in os.listdir("/proc") if entry.isdigit()}
    totals = dict.fromkeys(roots, 0.0)
    for pid, stat in stats.items():
        at = pid
        while at and at not in totals:
            at = stats[at][0] if stats.get(at) else 0
        if at and stat:
            totals[at] += stat[1]
    return totals


def busy_seconds():
    """Of all cores: everything but idle and iowait."""
    fields = list(map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / TICK


def resident_mb(pid, what="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def describe():
    """What the figures were measured on."""
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{CORES} cores of {model}, Linux {platform.release()}"


class Watch:
    """CPU seconds by part between start and end: parts is {name: [pid, …]}; this process is "driver"."""

    def __init__(self, parts):
        self.parts = {**parts, "driver": [os.getpid()]}
        self.begun = self._look()
        self.seconds, self.cpu, self.foreign = 0.0, {}, 0.0

    def _look(self):
        totals = cpu_of_trees([pid for pids in self.parts.values() for pid in pids])
        # Programs are children of this process; what is counted as a part is not counted twice, for a
        # tree ends where another one begins.
        return (time.monotonic(), busy_seconds(),
                {name: sum(totals[pid] for pid in pids) for name, pids in self.parts.items()})

    def add(self, name, process):
        """A part that begins now."""
        self.parts[name] = [process.pid]
        self.begun[2][name] = 0.0

    def end(self):
        then, busy, cpu = self.begun
        now, busy_now, cpu_now = self._look()
        self.seconds = now - then
        self.cpu = {name: cpu_now[name] - cpu[name] for name in cpu}
        self.foreign = max(0.0, busy_now - busy - sum(self.cpu.values())) / (self.seconds * CORES)
        return self
