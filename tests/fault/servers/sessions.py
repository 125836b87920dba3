"""What becomes of sessions: their settings, what they are told, and who may open one."""

import os
import secrets
import time

from stranger import Stranger
from system import DATABASES, Part, role
from world import wait_until

SEEN_S = 60
LEVEL_S = 6           # of load under an isolation level
EVERY = 25            # rows between two failures of serialization
REFUSED_S = 2         # how long the secret in the file is not the one that counts
# What each session has to have set for itself, and what is acceptable; times as PostgreSQL shows them.
SETTINGS = {
    "default_transaction_isolation": {"read committed"},
    "synchronous_commit": {"on"},
    "statement_timeout": {"30s", "10s"},
    "lock_timeout": {"5s", "2s"},
    "idle_in_transaction_session_timeout": {"3s", "2s"},
}
NOTE_SESSION = """
    SET client_min_messages = warning;
    CREATE SCHEMA IF NOT EXISTS test;
    CREATE TABLE test.session (program text, pid integer, level text, name text, setting text);
    CREATE FUNCTION test.note_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM test.session WHERE pid = pg_backend_pid()
                       AND level = current_setting('transaction_isolation')) THEN
            INSERT INTO test.session
            SELECT current_setting('application_name'), pg_backend_pid(), current_setting('transaction_isolation'),
                   name, current_setting(name)
            FROM unnest(array[%s]) name;
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_session AFTER UPDATE ON ev.consumer_offset
    FOR EACH STATEMENT EXECUTE FUNCTION test.note_session();
    CREATE TRIGGER note_session AFTER UPDATE ON ev.relay_position
    FOR EACH STATEMENT EXECUTE FUNCTION test.note_session();
""" % ", ".join(f"'{name}'" for name in SETTINGS)
# The number is drawn also by a transaction that is rolled back, so that the next try succeeds.
CONFLICT = """
    CREATE SEQUENCE test.conflict;
    CREATE FUNCTION test.conflict() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        IF nextval('test.conflict') %% %d = 0 THEN
            RAISE EXCEPTION 'a conflict that a stranger made' USING ERRCODE = 'serialization_failure';
        END IF;
        RETURN NEW;
    END $$;
""" % EVERY
CONFLICTS = {"customer_db": ("users",), "order_db": ("stock_movements", "orders"), "intl_shipping_db": ("manifests",)}
PROGRAMS_OF = {"customer_db": "quenty-customer", "order_db": "quenty-order", "intl_shipping_db": "quenty-shipping"}


def end_sessions(system):
    """Those of all programs, which connect again. Returns how many."""
    with Stranger(system.world, "postgres") as stranger:
        # MATERIALIZED, or the server may end sessions first and look afterwards at whose they are.
        return len(stranger.ask("""
            WITH known AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE usename ~ '_(worker|relay)$')
            SELECT pid FROM known WHERE pg_terminate_backend(pid)"""))


def set_for_roles(system, setting):
    for service in {role(s): s for s in system.services}.values():
        system.world.sql("postgres", f"ALTER ROLE {role(service)} IN DATABASE {service.database} {setting}")


class Isolation(Part):
    """Roles get another level of isolation, which sessions must not take: that holes in the outbox are told
    from slow writers rests on a new snapshot for each statement. And conflicts are raised by a stranger."""

    def before(self, system):
        for database in DATABASES:
            system.world.sql(database, NOTE_SESSION)
            system.world.sql(database, CONFLICT)
            for table in CONFLICTS[database]:
                system.world.sql(database, f"CREATE TRIGGER conflict BEFORE INSERT ON {table} FOR EACH ROW "
                                           "EXECUTE FUNCTION test.conflict()")

    def fault(self, system):
        ended = 0
        for level in ("serializable", "repeatable read"):
            set_for_roles(system, f"SET default_transaction_isolation = '{level}'")
            ended += end_sessions(system)
            time.sleep(LEVEL_S)  # load with sessions that were opened under it
        set_for_roles(system, "RESET default_transaction_isolation")
        for database in DATABASES:
            for table in CONFLICTS[database]:
                system.world.sql(database, f"DROP TRIGGER conflict ON {table}")
        return {"sessions opened again": ended,
                "conflicts": system.postgres_log().count("a conflict that a stranger made")}

    def healed(self, system, checks):
        for database in DATABASES:
            rows = system.world.sql(database, "SELECT DISTINCT program, level, name, setting FROM test.session")
            wrong = [row for row in rows if row[1] != "read committed" or row[3] not in SETTINGS[row[2]]]
            programs = {row[0] for row in rows}
            checks.check(f"{database}: sessions set for themselves what they rest on", not wrong and programs == {
                PROGRAMS_OF[database], "quenty-relay"}, f"{wrong or sorted(programs)}")


class CredentialsRotated(Part):
    """The password of every role changes twice, once before and once after the file of it."""

    def prepare(self, system):
        self.folder = system.world.dir / "secrets"
        self.folder.mkdir(mode=0o700)
        self.known = []

    def write(self, name, secret):
        """As a careful operator would: the file is the old one or the new one."""
        part = self.folder / f"{name}.part"
        part.write_text(secret + "\n")
        part.chmod(0o600)
        os.replace(part, self.folder / name)

    def before(self, system):
        names = sorted({role(s) for s in system.services})
        self.rotate(system, names, [self.give_role, self.give_file])
        rules = system.data() / "pg_hba.conf"
        rules.write_text("".join(f"local all {name} scram-sha-256\n" for name in names) + rules.read_text())
        system.world.sql("postgres", "SELECT pg_reload_conf()")

    def words(self, service):
        return [f"--{service.database}.password_file={self.folder / role(service)}"]

    def give_role(self, system, name, secret):
        system.world.sql("postgres", f"ALTER ROLE {name} PASSWORD '{secret}'")

    def give_file(self, _system, name, secret):
        self.write(name, secret)

    def rotate(self, system, names, steps, between=lambda: None):
        """A new secret for each role, by these steps."""
        fresh = {name: secrets.token_hex(12) for name in names}
        self.known += fresh.values()
        for number, step in enumerate(steps):
            if number:
                between()
            for name, secret in fresh.items():
                step(system, name, secret)

    def fault(self, system):
        names, ended = sorted({role(s) for s in system.services}), 0
        refused = "password authentication failed"
        before = system.postgres_log().count(refused)
        for steps in ([self.give_role, self.give_file], [self.give_file, self.give_role]):
            def between():
                nonlocal ended
                ended += end_sessions(system)
                time.sleep(REFUSED_S)  # the file says one thing, the server another
            self.rotate(system, names, steps, between)
            ended += end_sessions(system)
            self.wait_for_sessions(system)
        return {"sessions ended": ended, "refused by the server": system.postgres_log().count(refused) - before}

    def wait_for_sessions(self, system):
        with Stranger(system.world, "postgres") as stranger:
            wait_until("each role to have a session again", lambda: int(stranger.ask(
                "SELECT count(DISTINCT usename) FROM pg_stat_activity WHERE usename ~ '_(worker|relay)$'")[0][0]) ==
                len({role(s) for s in system.services}), SEEN_S)

    def after(self, system, checks):
        logs = system.logs()
        shown = [name for name, log in logs.items() if any(secret in log for secret in self.known)]
        checks.check("no secret is in a log", logs and not shown, f"{len(self.known)} secrets, {' '.join(shown)}")
