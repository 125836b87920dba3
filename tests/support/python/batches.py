"""Record batches and Produce requests, byte by byte: what a client with a fault, or with bad intent, could
send. Sources: Kafka's protocol guide (Produce, version 3) and its description of record batches."""

import socket
import struct
import time


def _crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC_TABLE = _crc_table()
_ATTRIBUTES_AT = 21  # from here on the checksum counts


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def varint(number):
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def record(value, delta=0, key=b"K", size=None):
    """One record; `size` says more of the value than is there, for a value that follows."""
    size = len(value) if size is None else size
    head = b"\0" + varint(0) + varint(delta) + varint(len(key)) + key + varint(size)
    tail = b"" if size > len(value) else varint(0)
    return varint(len(head) + size + 1) + head + value + tail


def batch(records, count, codec=0, crc=None):
    """A batch of version 2 around the bytes of its records, which are compressed already where codec says so."""
    now = int(time.time() * 1000)
    rest = struct.pack(">hiqqqhii", codec, count - 1, now, now, -1, -1, -1, count) + records
    crc = crc32c(rest) if crc is None else crc
    return struct.pack(">qiibI", 0, 9 + len(rest), 0, 2, crc) + rest


def _receive(connection, size):
    out = b""
    while len(out) < size:
        part = connection.recv(size - len(out))
        if not part:
            raise ConnectionError("the broker has closed the connection")
        out += part
    return out


def produce(broker, topic, partition, data):
    """Sends a batch as it is: (error code, offset)."""
    host, port = broker.rsplit(":", 1)
    name = topic.encode()
    body = struct.pack(">hhih4shhi", 0, 3, 1, 4, b"test", -1, -1, 60000)
    body += struct.pack(">ih", 1, len(name)) + name + struct.pack(">iii", 1, partition, len(data)) + data
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        answer = _receive(connection, struct.unpack(">i", _receive(connection, 4))[0])
    at = 4 + 4 + 2 + len(name) + 4
    _, code, offset = struct.unpack(">ihq", answer[at:at + 14])
    return code, offset


def damage(path, needle, change):
    """Changes the batch of a log file that has `needle` in it, on the disk; `change` gets it as a bytearray."""
    data = bytearray(path.read_bytes())
    at, start = data.index(needle), 0
    while True:
        end = start + 12 + struct.unpack(">i", data[start + 8:start + 12])[0]
        if at < end:
            break
        start = end
    part = data[start:end]
    change(part)
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(part)


def seal(part):
    """Makes the checksum of a changed batch right again."""
    part[17:_ATTRIBUTES_AT] = struct.pack(">I", crc32c(part[_ATTRIBUTES_AT:]))
