"""TCP proxies between programs and servers, for faults on the way. They know the messages of PostgreSQL
(protocol 3.0) and of Kafka well enough to act at a chosen one; whole messages are handed on, and what is
inside of them is not changed.

    with Proxies() as proxies:
        proxy = proxies.listen(Postgres, "/path/.s.PGSQL.5432")   # or (host, port)
        proxy.arm("commit_unanswered")
        ...
        proxy.heal()

All proxies of one Proxies run in one thread; their methods may be called from any other. Sources:
PostgreSQL 15, "Frontend/Backend Protocol"; Kafka, "Protocol Guide" (frames, and the head of a request,
which is the same in every version)."""

import asyncio
import collections
import random
import socket
import struct
import threading
import time

CHUNK_BYTES = 65536
FRAME_BYTES_MAX = 256 << 20  # what is longer is no message but a misread stream
SLICED_BYTES = 256           # of each piece so many bytes go one by one: heads of messages, and what follows them
CALL_S = 10

# fault: whether it acts at a request or at an answer, and at which message. An unheard request never
# comes to the server; an unanswered one has been carried out when its answer is dropped.
AT_MESSAGE = {
    "commit_unheard": ("request", "commit"),
    "commit_unanswered": ("answer", "commit"),
    "produce_unheard": ("request", "produce"),
    "produce_unanswered": ("answer", "produce"),
}
ON_THE_WAY = ("delay", "narrow", "slices", "half_open", "refuse")
DELAY_S = (0.1, 0.9)           # of each piece of an answer: 500 ms +- 400
NARROW_BYTES, NARROW_S = 1024, 0.1  # 10 kB a second, each way


class Frames:
    """Cuts a stream into messages. size(buffer, begin) says how long the one is that begins there, or None
    while that is not known yet."""

    def __init__(self, size):
        self.size, self.buffer = size, bytearray()

    def feed(self, data):
        """Yields each message that is complete now. A message is looked at before the next one is cut
        off: how long that is may depend on it."""
        self.buffer += data
        begin = 0
        try:
            while (size := self.size(self.buffer, begin)) and begin + size <= len(self.buffer):
                begin += size
                yield bytes(self.buffer[begin - size:begin])
        finally:
            del self.buffer[:begin]


def int32_at(buffer, place):
    """None: it has not come yet. What is too long is no message, but a stream that was misread."""
    if len(buffer) < place + 4:
        return None
    number = struct.unpack_from("!i", buffer, place)[0]
    assert 0 < number <= FRAME_BYTES_MAX, number
    return number


class Postgres:
    """What a connection says. request() and answer() name the message, if it is one that faults act at."""

    ENCRYPTION = (80877103, 80877104)  # SSLRequest, GSSENCRequest: they lie where a version would

    def __init__(self):
        self.has_begun, self.is_asked_to_encrypt, self.commits = False, False, set()
        self.requests, self.answers = Frames(self.request_size), Frames(self.answer_size)

    def request_size(self, buffer, begin):
        """The first messages have no type."""
        if not self.has_begun:
            return int32_at(buffer, begin)
        return self.typed_size(buffer, begin)

    def answer_size(self, buffer, begin):
        """The answer to a request for encryption is a letter."""
        return 1 if self.is_asked_to_encrypt else self.typed_size(buffer, begin)

    @staticmethod
    def typed_size(buffer, begin):
        size = int32_at(buffer, begin + 1)
        return size and 1 + size

    @staticmethod
    def is_commit(text):
        lines = [line for line in text.decode("utf-8", "replace").splitlines() if not line.startswith("--")]
        return " ".join(lines).strip(" ;").upper() == "COMMIT"

    def request(self, message):
        if not self.has_begun:
            self.is_asked_to_encrypt = int32_at(message, 4) in self.ENCRYPTION
            self.has_begun = not self.is_asked_to_encrypt
            return None
        kind, body = message[:1], message[5:]
        if kind == b"P":  # Parse: name, text
            name, text = body.split(b"\0")[:2]
            (self.commits.add if self.is_commit(text) else self.commits.discard)(name)
        elif kind == b"B":  # Bind: portal, name of the statement
            return "commit" if body.split(b"\0", 2)[1] in self.commits else None
        elif kind == b"Q":  # Query
            return "commit" if self.is_commit(body[:-1]) else None
        return None

    def answer(self, message):
        if self.is_asked_to_encrypt:
            assert message == b"N", "the servers of tests speak no TLS"
            self.is_asked_to_encrypt = False
            return None
        return "commit" if message[:1] == b"C" and message[5:] == b"COMMIT\0" else None


class Kafka:
    """Answers carry no kind, only the number of their request."""

    PRODUCE = 0

    def __init__(self):
        self.requests, self.answers, self.produces = Frames(self.size), Frames(self.size), set()

    @staticmethod
    def size(buffer, begin):
        size = int32_at(buffer, begin)
        return size and 4 + size

    def request(self, message):
        kind, _version, number = struct.unpack_from("!hhi", message, 4)
        if kind != self.PRODUCE:
            return None
        self.produces.add(number)
        return "produce"

    def answer(self, message):
        number = struct.unpack_from("!i", message, 4)[0]
        if number not in self.produces:
            return None
        self.produces.remove(number)
        return "produce"


class Cut(Exception):
    """The connection ends here, for both sides."""


class Connection:
    def __init__(self, proxy, client, server):
        self.proxy, self.protocol = proxy, proxy.protocol()
        self.client, self.server = client, server  # (reader, writer)
        self.has_lost_bytes = False

    async def run(self):
        ways = [asyncio.ensure_future(self.carry("request", self.client[0], self.server[1])),
                asyncio.ensure_future(self.carry("answer", self.server[0], self.client[1]))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self.close()
            await asyncio.gather(*ways, return_exceptions=True)

    async def carry(self, way, reader, writer):
        """One direction, until its end."""
        frames = self.protocol.requests if way == "request" else self.protocol.answers
        while data := await reader.read(CHUNK_BYTES):
            passed, is_cut = self.look(way, frames.feed(data))
            if passed:
                await self.hand_on(way, b"".join(passed), writer)
            if is_cut:
                raise Cut

    def look(self, way, messages):
        """The messages up to the one where the armed fault acts, and whether there is one."""
        passed = []
        for message in messages:
            if self.proxy.acts_at(way, getattr(self.protocol, way)(message)):
                return passed, True
            passed.append(message)
        return passed, False

    async def hand_on(self, way, data, writer):
        fault = self.proxy.fault
        if fault == "half_open" or self.has_lost_bytes:
            self.has_lost_bytes = True
            self.proxy.hits["half_open"] += 1
            return
        if fault == "delay" and way == "answer":
            self.proxy.hits[fault] += 1
            await asyncio.sleep(self.proxy.random.uniform(*DELAY_S))
        elif fault == "narrow":
            self.proxy.hits[fault] += 1
            await self.write_in_pieces(data, NARROW_BYTES, NARROW_S, writer)
            return
        elif fault == "slices":
            self.proxy.hits[fault] += 1
            await self.write_in_pieces(data[:SLICED_BYTES], 1, 0, writer)
            data = data[SLICED_BYTES:]
        writer.write(data)
        await writer.drain()

    async def write_in_pieces(self, data, size, pause_s, writer):
        """What is left when the fault is over goes at once."""
        fault = self.proxy.fault
        for begin in range(0, len(data), size):
            if self.proxy.fault != fault:
                writer.write(data[begin:])
                break
            writer.write(data[begin:begin + size])
            await writer.drain()
            await asyncio.sleep(pause_s)
        await writer.drain()

    def close(self):
        """As a network would that is gone: what was written is sent, what was not read is dropped."""
        for _reader, writer in (self.client, self.server):
            writer.close()


class Proxy:
    """One address for clients, one server behind it. hits counts what each fault really did: connections
    cut or refused, pieces held up or swallowed."""

    def __init__(self, proxies, protocol, target):
        self.proxies, self.protocol, self.target = proxies, protocol, target
        self.hits, self.fault, self.pause_s, self.next_s = collections.Counter(), None, 0, 0
        self.random, self.connections, self.listener, self.port = random.Random(0), set(), None, None

    # ---- For other threads ----

    def arm(self, fault, pause_s=0.5):
        """From now on, until it is healed or another one is armed. One that acts at a message does so at
        the next of that kind, and again no sooner than pause_s later."""
        assert fault in AT_MESSAGE or fault in ON_THE_WAY, fault
        self.proxies.call(self._arm, fault, pause_s)

    def heal(self):
        """Connections that have lost bytes are of no use any more and end."""
        self.proxies.call(self._heal)

    def cut(self):
        """Ends all connections at once."""
        self.proxies.call(self._cut)

    # ---- For the proxies' thread ----

    def _arm(self, fault, pause_s):
        self._heal()
        self.fault, self.pause_s, self.next_s = fault, pause_s, 0

    def _heal(self):
        self.fault = None
        for connection in self.connections:
            if connection.has_lost_bytes:
                connection.close()

    def _cut(self):
        for connection in self.connections:
            self.hits["cut"] += 1
            connection.close()

    def acts_at(self, way, message):
        if message is None or AT_MESSAGE.get(self.fault) != (way, message) or time.monotonic() < self.next_s:
            return False
        self.hits[self.fault] += 1
        self.next_s = time.monotonic() + self.pause_s
        return True

    async def listen(self):
        self.listener = await asyncio.start_server(self.accept, "127.0.0.1", 0, limit=CHUNK_BYTES)
        self.port = self.listener.sockets[0].getsockname()[1]

    async def connect(self):
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target, limit=CHUNK_BYTES)
        return await asyncio.open_connection(*self.target, limit=CHUNK_BYTES)

    async def accept(self, reader, writer):
        if self.fault == "refuse":
            self.hits["refuse"] += 1
            reset(writer)
            return
        try:
            server = await self.connect()
        except OSError:  # the server is not there, and that is what a client gets to see
            reset(writer)
            return
        for one in (writer, server[1]):
            one.transport.set_write_buffer_limits(CHUNK_BYTES)
        connection = Connection(self, (reader, writer), server)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.remove(connection)


def reset(writer):
    """Ends a connection with RST, as where nobody listens."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxies:
    def __init__(self):
        self.loop, self.all = asyncio.new_event_loop(), []
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(CALL_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def end(self):
        for proxy in self.all:
            proxy.listener.close()
        running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def listen(self, protocol, target=None):
        """A proxy on a free port of 127.0.0.1. Its target may be set later, before a client comes."""
        proxy = Proxy(self, protocol, target)
        asyncio.run_coroutine_threadsafe(proxy.listen(), self.loop).result(CALL_S)
        self.all.append(proxy)
        return proxy

    def call(self, function, *arguments):
        """Runs it in the proxies' thread, and waits for it."""
        async def run():
            return function(*arguments)
        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(CALL_S)
