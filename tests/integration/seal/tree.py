"""Leaves, Merkle trees (RFC 6962), checkpoints and proofs once more, in Python: what the audit commands
say is recomputed from the rows that psql shows."""

import base64
import hashlib
import struct
import subprocess

# Columns of a leaf, in order (libevents/flow/leaf.h), as SQL gives their bytes in hexadecimal.
COLUMNS = (
    "int8send(seq)", "textsend(source)", "textsend(topic)", "textsend(type)",
    "int8send((extract(epoch FROM recorded_at) * 1000000)::bigint)", "uuid_send(event_id)", "textsend(key)",
    "textsend(subject)", "int4send(schema_id)", "payload", "textsend(correlation_id)", "textsend(causation_id)",
    "textsend(causation_source)",
    "int2send((array_position(ARRAY['accepted', 'refused', 'repeated'], outcome))::smallint)",
    "textsend(traceparent)", "textsend(tracestate)",
)
QUERY = (f"SELECT seq, event_id, {', '.join(f'encode({column}, $$hex$$)' for column in COLUMNS)} "
         "FROM ev.outbox_events ORDER BY seq")


def leaf_of(values):
    out = b"\x01"
    for value in values:
        data = None if value is None else bytes.fromhex(value)
        out += struct.pack(">i", -1 if data is None else len(data)) + (data or b"")
    return out


def rows_of(world, database):
    """(seq, event id, leaf) of every row."""
    return [(int(row[0]), str(row[1]), leaf_of(row[2:])) for row in world.sql(database, QUERY)]


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def root_of(leaves):
    """MTH of RFC 6962, 2.1, over hashes of leaves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(leaves[:k]) + root_of(leaves[k:])).digest()


def path_of(index, leaves):
    """PATH of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return path_of(index, leaves[:k]) + [root_of(leaves[k:])]
    return path_of(index - k, leaves[k:]) + [root_of(leaves[:k])]


def growth_of(size, leaves, is_whole=True):
    """SUBPROOF of RFC 6962, 2.1.2."""
    if size == len(leaves):
        return [] if is_whole else [root_of(leaves)]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if size <= k:
        return growth_of(size, leaves[:k], is_whole) + [root_of(leaves[k:])]
    return growth_of(size - k, leaves[k:], False) + [root_of(leaves[:k])]


def checkpoint_of(note):
    """(origin, size, root, last seq)."""
    origin, size, root, last = note.split("\n\n")[0].split("\n")[:4]
    assert last.startswith("last-seq ")
    return origin, int(size), base64.b64decode(root), int(last[len("last-seq "):])


def proof_of(text):
    """(leaf, index, hashes, note) of a tlog-proof."""
    head, note = text.split("\n\n", 1)
    lines = head.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("extra ") and lines[2].startswith("index ")
    return (base64.b64decode(lines[1][6:]), int(lines[2][6:]), [base64.b64decode(line) for line in lines[3:]], note)


def is_signed(folder, note, public):
    """Whether OpenSSL takes the note's signature for one of this key."""
    name, key_hash, key = public.split("+", 2)
    key = base64.b64decode(key)
    text, line = note.rsplit("\n\n", 1)
    dash, signer, signature = line.strip().split(" ")
    signature = base64.b64decode(signature)
    expected = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if dash != "\u2014" or signer != name or signature[:4] != expected or key_hash != expected.hex() or key[0] != 1:
        return False
    # SubjectPublicKeyInfo of RFC 8410.
    (folder / "pub.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + key[1:])
    (folder / "signature").write_bytes(signature[4:])
    (folder / "text").write_bytes(text.encode() + b"\n")
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "pub.der", "-keyform", "DER",
                           "-rawin", "-in", folder / "text", "-sigfile", folder / "signature"], capture_output=True,
                          check=False)
    return done.returncode == 0
