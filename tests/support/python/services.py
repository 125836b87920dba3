"""Programs that are to run while something is done to them or around them: who has ended is started again,
as an installation's supervisor would, and it is noted whether he may have ended."""

import pathlib
import threading

from stranger import Refused, Stranger
from world import SUPPORT, wait_until

# Two of what has the most to do, so that there is another one to take over.
PROGRAMS = (("quenty-order", "order_db"), ("quenty-order", "order_db"), ("quenty-customer", "customer_db"),
            ("quenty-shipping", "intl_shipping_db"), ("quenty-relay", "order_db"), ("quenty-relay", "order_db"),
            ("quenty-relay", "customer_db"), ("quenty-relay", "intl_shipping_db"))
READY = {"quenty-relay": "event=relay_leading"}
SANITIZERS = ("AddressSanitizer", "runtime error:", "LeakSanitizer", "Assertion")
READY_S = 90      # until a program is at work
STOP_S = 20       # until a program that was asked to end has ended
WATCH_S = 0.2


class Service:
    """A program that is to run; its process changes."""

    def __init__(self, number, program, database):
        self.name, self.program, self.database = f"{program}.{number}", program, database
        self.is_relay = program == "quenty-relay"
        self.process, self.is_killed = None, False

    def log(self):
        return pathlib.Path(self.process.log).read_text(errors="replace")

    def is_at_work(self):
        return READY.get(self.program, "event=lanes_taken") in self.log()


class Services:
    """make_process(service, owner) makes the process of a service, whose sessions say that they are that
    owner's, so that the checker can tell owners apart."""

    def __init__(self, world, make_process, programs=PROGRAMS):
        self.world, self.make_process = world, make_process
        self.services = [Service(n, *row) for n, row in enumerate(programs, 1)]
        self.started, self.tried_again, self.ends = 0, 0, []
        self.is_ended, self.threads = threading.Event(), [threading.Thread(target=self.watch, daemon=True)]

    def start_all(self):
        for service in self.services:
            self.start(service)
        for thread in self.threads:
            thread.start()
        self.wait_at_work()

    def end_threads(self):
        self.is_ended.set()
        for thread in self.threads:
            if thread.is_alive():
                thread.join()

    def wait_at_work(self):
        """Every program has a process that works. Of two relays one leads, the other waits."""
        def is_at_work(service):
            return any(s.is_at_work() for s in self.of(service.database, service.is_relay))
        wait_until("programs to be at work", lambda: all(s.is_at_work() if not s.is_relay else is_at_work(s)
                                                         for s in self.services), READY_S)

    def start(self, service):
        self.started += 1
        service.process = self.make_process(service, f"{service.name}.{self.started}").start()

    def of(self, database, is_relay):
        return [s for s in self.services if s.database == database and s.is_relay == is_relay]

    def kill(self, service):
        """SIGKILL; watch() starts it again."""
        service.is_killed = True
        service.process.kill()

    def watch(self):
        while not self.is_ended.wait(WATCH_S):
            for service in self.services:
                if not service.process.runs():
                    self.note_end(service)
                    self.start(service)

    def note_end(self, service):
        """Trouble of a server ends a program that starts, and no other."""
        code, is_killed, service.is_killed = service.process.handle.returncode, service.is_killed, False
        if code == 1 and not service.is_at_work():
            self.tried_again += 1
        elif not is_killed:
            self.ends.append(f"{service.process.name} ended with {code}:\n{service.process.tail(5)}")

    def stop_all(self):
        """Asked to end, each ends with 0. Returns what did not."""
        self.end_threads()
        return [f"{s.process.name} ended with {code}" for s in self.services
                if (code := s.process.stop(STOP_S)) != 0]

    def complaints(self):
        """What sanitizers and asserts have said, in any log."""
        found = []
        for process in self.world.processes:
            lines = pathlib.Path(process.log).read_text(errors="replace").splitlines()
            found += [f"{process.name}: {line}" for line in lines if any(s in line for s in SANITIZERS)][:1]
        return found

    # ---- Servers ----

    def broker_pid(self, number):
        return int((self.world.dir / f"kafka/b{number}/pid").read_text())

    def stop_broker(self, number):
        self.run("kafka", "stop", "kafka", "-b", str(number), "-9")

    def start_broker(self, number):
        """Returns when it answers, also if it runs already."""
        self.run("kafka", "start", "kafka", "-b", str(number))

    def run(self, script, what, folder, *options):
        self.world._run(SUPPORT / script, what, self.world.dir / folder, *options)  # pylint: disable=protected-access

    def wait_for_postgres(self):
        def answers():
            try:
                with Stranger(self.world, "postgres") as stranger:
                    return stranger.ask("SELECT NOT pg_is_in_recovery()") == [("t",)]
            except (OSError, Refused):
                return False
        wait_until("PostgreSQL to answer", answers, 60)

    def postgres_log(self):
        return pathlib.Path(self.world.pg["PG_LOG"]).read_text(errors="replace")
