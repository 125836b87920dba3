"""Outbox and topics, compared by `eventctl audit reconcile`."""

import json

from rebuilt import ctl


def reconcile(world, database, *words, conninfo=None):
    """(exit status, result, what was said); the database may be another one than the configuration says."""
    there = [f"--{database}.conninfo={conninfo}"] if conninfo else []
    done = ctl(world, *there, "audit", "reconcile", database, "--limit", "1000", "-o", "json", *words)
    return done.returncode, json.loads(done.stdout) if done.returncode in (0, 4) else {"findings": []}, done.stderr


def check_reconciled(checks, world, what="reconciled", databases=None):
    """I3: outbox = topics. It need not be at rest."""
    for database in databases or world.databases:
        code, found, said = reconcile(world, database)
        checks.check(f"I3 {what}: outbox and topics of {database} have no difference", code == 0 and
                     found["differences"] == 0 and (databases or found["facts"] > 0), f"{found} {said}" if code else
                     f"{found['facts']} facts, {found['later_facts']} later, {found['repeated']} repeated, "
                     f"{found['never_came']} never came")
