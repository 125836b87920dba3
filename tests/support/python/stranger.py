"""A client of PostgreSQL that is not ours, for what tests do to a server beside the programs: it holds locks,
keeps transactions open, takes connections. Over the Unix socket of support/pg, without a password."""

import socket
import struct

from world import wait_until

PATIENCE_S = 30


class Refused(Exception):
    """The server has answered with an error; code is its SQLSTATE."""

    def __init__(self, fields):
        super().__init__(f"{fields.get('C')}: {fields.get('M')}")
        self.code = fields.get("C")


class Stranger:
    def __init__(self, world, database):
        self.buffer = b""
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.settimeout(PATIENCE_S)
            self.socket.connect(f"{world.pg['PGHOST']}/.s.PGSQL.{world.pg['PGPORT']}")
            pairs = f"user\0{world.pg['PGUSER']}\0database\0{database}\0application_name\0stranger\0\0".encode()
            self.socket.sendall(struct.pack("!ii", len(pairs) + 8, 3 << 16) + pairs)
            self.answer()
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, text):
        """Rows as tuples of text (None: NULL)."""
        self.socket.sendall(b"Q" + struct.pack("!i", len(text.encode()) + 5) + text.encode() + b"\0")
        return self.answer()

    def take(self, size):
        while len(self.buffer) < size:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the server has closed the connection")
            self.buffer += data
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def answer(self):
        """Reads to ReadyForQuery; a refused connection ends without one."""
        rows, refusal = [], None
        while True:
            kind, size = struct.unpack("!ci", self.take(5))
            body = self.take(size - 4)
            if kind == b"E":
                refusal = Refused({f[:1].decode(): f[1:].decode() for f in body.split(b"\0") if f})
                if b"VFATAL\0" in body:
                    raise refusal
            elif kind == b"D":
                rows.append(self.row(body))
            elif kind == b"Z":
                if refusal:
                    raise refusal
                return rows

    @staticmethod
    def row(body):
        fields, place = [], 2
        for _ in range(struct.unpack_from("!h", body)[0]):
            size = struct.unpack_from("!i", body, place)[0]
            place += 4
            fields.append(None if size < 0 else body[place:place + size].decode())
            place += max(size, 0)
        return tuple(fields)


def interrupted(world, database, table, *words):
    """An eventctl that is asked to end while its statement waits for the table; (exit code, what it said)."""
    with Stranger(world, database) as stranger:
        stranger.ask("BEGIN")
        stranger.ask(f"LOCK TABLE {table}")
        command = world.process("eventctl", *words).start()
        wait_until(f"{words[0]} to wait for {table}", lambda: world.number(database, """
            SELECT count(*) FROM pg_stat_activity WHERE application_name = 'eventctl' AND wait_event_type = 'Lock'""") == 1, 30)
        return command.stop(), command.tail()
