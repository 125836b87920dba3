"""Disks that fill up."""

import pathlib
import pwd
import shutil
import time

from stranger import Refused, Stranger
from system import Part
from world import wait_until

FULL_S = 4            # how long a disk stays full at least
SEEN_S = 60           # until a server must have seen it
NO_SPACE = "No space left on device"


class PgDiskFull(Part):
    """First the disk of the tables: statements fail with 53100. Then that of the WAL: the server goes down,
    and may need somebody who starts it."""

    pg = ("min_wal_size=32MB", "max_wal_size=64MB")

    def before(self, system):
        owner = pwd.getpwnam("postgres").pw_uid
        system.cut_postgres("stop")
        for folder, megabytes in (("base", 400), ("pg_wal", 160)):
            disk = system.world.mount(f"disk-{folder}", megabytes, owner)
            place = system.data() / folder
            for entry in list(place.iterdir()):
                shutil.move(entry, disk.folder)
            place.rmdir()
            place.symlink_to(disk.folder)
            for path in disk.folder.rglob("*"):
                shutil.chown(path, owner, owner)
            setattr(self, folder, disk)
        system.cut_postgres("start")

    def fault(self, system):
        before = system.postgres_log().count(NO_SPACE)
        self.base.fill()
        end = time.monotonic() + FULL_S
        wait_until("statements that fail", lambda: time.monotonic() > end and
                   system.postgres_log().count(NO_SPACE) > before + 2, SEEN_S)
        statements = system.postgres_log().count(NO_SPACE) - before
        self.base.free()
        panics = self.fill_wal(system)
        return {"statements refused": statements, "panics of the server": panics}

    def fill_wal(self, system):
        def panics():
            return system.postgres_log().count("PANIC:  could not write to file")
        before = panics()
        self.pg_wal.fill()
        try:
            with Stranger(system.world, "postgres") as stranger:
                while panics() == before:
                    stranger.ask("SELECT pg_logical_emit_message(false, 'fill', repeat('x', 1000000))")
        except (OSError, Refused):  # the server is down
            wait_until("a panic", lambda: panics() > before, SEEN_S)
        time.sleep(FULL_S)  # the fault itself
        self.pg_wal.free()
        system.cut_postgres("start")
        system.wait_for_postgres()
        return panics() - before


class BrokerDiskFull(Part):
    """A broker whose only log folder cannot be written ends; with room again, it is started."""

    def prepare(self, system):
        self.disk = system.world.mount("kafka/b1/data", 400)

    def fault(self, system):
        log = system.world.dir / "kafka/b1/log"

        def errors():
            return log.read_text(errors="replace").count(NO_SPACE)
        self.disk.fill()
        pid = system.broker_pid(1)
        try:
            wait_until("the broker to see it", errors, SEEN_S)
            wait_until("the broker's end", lambda: not alive(pid), FULL_S)
        except TimeoutError:
            print("the broker goes on without its folder", flush=True)
        hits = {"writes refused": errors(), "brokers ended": int(not alive(pid))}
        system.stop_broker(1)
        self.disk.free()
        system.start_broker(1)
        return hits


def alive(pid):
    try:
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
