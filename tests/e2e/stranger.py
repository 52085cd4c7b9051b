"""A second program for the network, written from docs/formats.md and docs/protocol.md and sharing nothing with the C++: it
speaks TLS, keeps frames, writes rows, and talks as caller and as answerer. What it may be told to do besides is what a
program of the next version would: greet with version 2, say messages of kinds from 64 on, write kinds, types and schemas
that nobody knows yet. The forms of single objects are those of tests/vectors/reader.py."""
import hashlib
import json
import os
import select
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field

import nacl.pwhash.argon2id
import nacl.secret
import nacl.signing
import zstandard
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL, crypto

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors"))
import reader  # noqa: E402

MIB = 1024 * 1024
# 2.25.95533369980165446718567832416035292963, a number that few libraries can hold.
CERTIFICATE_OID = bytes.fromhex("06146981 8fdf87b2f1abc29ea1a290c0dcd69fd18e23")
BATCH, PIECE_LIST, PIECE, ANSWERS, DONE, GREETING, REFUSAL, TIPS, HOLDING = 2, 3, 4, 5, 6, 7, 8, 9, 10
WANT_PIECES, NO_PIECES, PROPOSE, PROPOSED, ENOUGH = 11, 12, 13, 14, 15
ASK, ANSWER, TELL = 0, 1, 2
STORED, KNOWN, WAITING_FOR_FRAME, NEEDS_NEWER = 0, 1, 3, 7


class Ended(Exception):
    """The other side ended it; the text is its reason."""


def expect(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(each) for each in what))


# ------------------------------------------------------------------------------------------------------------- keys

class Key:
    """A device's key: opened from its key file under a passphrase."""

    def __init__(self, folder, passphrase):
        with open(os.path.join(folder, "keys", "device.key"), "rb") as file:
            held = json.load(file)
        secret = nacl.pwhash.argon2id.kdf(32, passphrase.encode(), bytes.fromhex(held["salt"]), opslimit=held["ops"],
                                          memlimit=held["mem"])
        seed = nacl.secret.SecretBox(secret).decrypt(bytes.fromhex(held["box"]), bytes.fromhex(held["nonce"]))
        self.signing = nacl.signing.SigningKey(seed)
        self.public = bytes(self.signing.verify_key)
        expect(self.public.hex() == held["key"], "the key file holds another key")
        self.device = hashlib.sha256(self.public).hexdigest()

    def sign(self, name_space, message):
        return self.signing.sign(reader.signed_text(name_space, message)).signature


# ---------------------------------------------------------------------------------------------- changesets and payloads

def varint(number):
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def changeset(rows):
    """Of rows (id, bytes, signature or None)."""
    made = b""
    value = lambda data: b"\x04" + varint(len(data)) + data  # noqa: E731
    records = [row for row in rows if row[2] is not None]
    revisions = [row for row in rows if row[2] is None]
    if records:
        made += b"T\x03\x01\x00\x00record\x00"
        made += b"".join(b"\x12\x00" + value(bytes.fromhex(id)) + value(sig) + value(data) for id, data, sig in records)
    if revisions:
        made += b"T\x02\x01\x00revision\x00"
        made += b"".join(b"\x12\x00" + value(bytes.fromhex(id)) + value(data) for id, data, _ in revisions)
    return made


def rows_of(data):
    """(id, bytes, signature or None) of a changeset."""
    at, rows, columns = 0, [], 0

    def take(count):
        nonlocal at
        expect(at + count <= len(data), "a changeset is cut")
        at += count
        return data[at - count:at]

    def number():
        value = 0
        while True:
            byte = take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    while at < len(data):
        mark = take(1)
        if mark == b"T":
            columns = take(1)[0]
            expect(take(columns) == b"\x01" + bytes(columns - 1), "another key")
            name = b"record\x00" if columns == 3 else b"revision\x00"
            expect(take(len(name)) == name, "another table")
            continue
        expect(mark == b"\x12" and take(1) == b"\x00" and columns, "no insert")
        values = []
        for _ in range(columns):
            expect(take(1) == b"\x04", "no blob")
            values.append(take(number()))
        id, content = values[0].hex(), values[-1]
        expect(hashlib.sha256(content).hexdigest() == id, "a row of another id")
        rows.append((id, content, values[1] if columns == 3 else None))
    return rows


def unzipped(data, prefix=None):
    known = zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if prefix else None
    return zstandard.ZstdDecompressor(dict_data=known, max_window_size=8 * MIB).decompress(data, max_output_size=8 * MIB)


def lengthened(short):
    """The message behind a short form: runs of hexadecimal digits are written there as bytes."""
    out, at = bytearray(), 0
    while at < len(short):
        if short[at] != 0xFF:
            out.append(short[at])
            at += 1
            continue
        count = short[at + 1]
        expect(count <= 64, "a run of the short form")
        out += b"\xff" if count == 0 else short[at + 2:at + 2 + count].hex().encode()
        at += 2 + count
    return bytes(out)


# --------------------------------------------------------------------------------------------------------- the frames

@dataclass
class Frame:
    header: bytes
    signature: bytes
    payload: tuple = None     # (codec, bytes)
    id: str = ""
    says: dict = field(default_factory=dict)

    def __post_init__(self):
        self.id = hashlib.sha256(self.header).hexdigest()
        self.says = json.loads(self.header)

    def size(self):
        return len(self.header) + 64 + (len(self.payload[1]) if self.payload else 0)


class Shelf:
    """What a replica holds: frames in the order they came, and what the registry among them says."""

    def __init__(self):
        self.frames, self.log, self.rows = {}, [], {}
        self.keys, self.people, self.kinds, self.scopes, self.grants = {}, {}, {}, {}, {}
        self.head, self.school, self.domain, self.open_scopes = None, None, None, []
        self.epoch = os.urandom(16)

    def take(self, frame):
        """The answer to it. A frame comes after its predecessor, as the protocol promises."""
        if frame.id in self.frames:
            return KNOWN
        if frame.says.get("v") != 1 or frame.says.get("prev", frame.id) not in (*self.frames, frame.id):
            return NEEDS_NEWER if frame.says.get("v") != 1 else WAITING_FOR_FRAME
        reader.check_header(frame.header)
        rows = self.rows_in(frame) if frame.payload and frame.says["schema"] == 1 else []
        listed = {("d" if sig is None else "r") + id for id, _, sig in rows}
        expect(listed == set(frame.says["items"]) or not rows, "other rows than the header lists")
        for id, data, signature in rows:
            self.rows[id] = (data, signature)
        if frame.says["scope"] == "registry":
            for item in frame.says["items"]:
                self.enter(item[1:])
        key = self.keys.get(frame.says["device"])
        expect(key, "a frame of a device that the registry does not know", frame.says["device"])
        reader.check_signature(key, "frame@" + self.domain, frame.header, frame.signature)
        self.frames[frame.id] = frame
        self.log.append(frame)
        return STORED

    def rows_in(self, frame):
        codec, data = frame.payload
        if codec == 0:
            return rows_of(data)
        if codec == 1:
            return rows_of(unzipped(data))
        return rows_of(unzipped(data[32:], self.rows[data[:32].hex()][0]))

    def enter(self, id):
        """An entry of the registry. Who decides what is left to the keeper; here only its signature is looked at."""
        data, signature = self.rows[id]
        record = json.loads(data)
        if "school" not in record:
            self.school = id
        act = json.loads(record["body"]["act"])
        kind = act["act"]
        if "policy" in act:
            self.open_scopes = act["policy"]["open"]
        if kind == "root" and "domain" in act:
            self.domain = act["domain"]
            self.knows(bytes.fromhex(act["key"]), act["person"], "person")
        elif kind == "device":
            request = json.loads(act["request"])
            self.knows(bytes.fromhex(request["key"]), request["person"], "person")
        elif kind == "server":
            device = self.knows(bytes.fromhex(act["key"]), None, act["role"])
            self.scopes[device] = act.get("scopes", [])
        elif kind == "grant":
            self.grants[id] = (act["person"], act["scope"])
        elif kind == "revoke" and "grant" in act:
            self.grants.pop(act["grant"], None)
        reader.check_signature(self.keys[record["by"]["device"]], kind + "@" + self.domain, data, signature)
        self.head = {"seq": record["reg"]["seq"] + 1 if "reg" in record else 1, "hash": id}

    def knows(self, key, person, kind):
        device = hashlib.sha256(key).hexdigest()
        self.keys[device], self.people[device], self.kinds[device] = key, person or device, kind
        return device

    def may_read(self, device, scope):
        if scope == "registry" or scope in self.open_scopes or self.kinds.get(device) == "server":
            return True
        if self.kinds.get(device) == "hub":
            return scope in self.scopes[device]
        covers = lambda granted: granted == scope or granted == "college" and scope.startswith("unit/")  # noqa: E731
        return any(person == self.people.get(device) and covers(granted) for person, granted in self.grants.values())

    def shared(self, frame, one, other):
        scope, writer = frame.says["scope"], frame.says["device"]
        here, there = self.may_read(one, scope), self.may_read(other, scope)
        return (here or writer == one) and (there or writer == other) and (here or there)

    def tips(self):
        followed = {frame.says.get("prev") for frame in self.log}
        tips = [frame for frame in self.log if frame.id not in followed]
        return sorted(tips, key=lambda tip: (tip.says["scope"], tip.says["device"], tip.id))

    def digest(self, salt, one, other):
        text = b"spiral-digest-v1" + salt
        for tip in self.tips():
            if self.shared(tip, one, other):
                scope = tip.says["scope"].encode()
                text += bytes([len(scope)]) + scope + bytes.fromhex(tip.says["device"]) + bytes.fromhex(tip.id)
        return hashlib.sha256(text).digest()[:16]

    def beyond(self, tips, reader_device):
        """Frames that whoever has these tips lacks, in the order they came."""
        known, look = set(), [tip for tip in tips if tip in self.frames]
        while look:
            at = look.pop()
            if at not in known:
                known.add(at)
                look += [self.frames[at].says["prev"]] if "prev" in self.frames[at].says else []
        return [frame for frame in self.log
                if frame.id not in known and (self.may_read(reader_device, frame.says["scope"]) or frame.says["device"] == reader_device)]


class Pen:
    """Writes frames of one device and person onto a shelf."""

    def __init__(self, shelf, key, role):
        self.shelf, self.key, self.role, self.inc = shelf, key, role, os.urandom(16).hex()
        self.person = shelf.people[key.device]
        self.clock = 0

    def now(self):
        self.clock = max(self.clock + 1, int(time.time() * 1000))
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.clock // 1000)) + ".%03dZ" % (self.clock % 1000)

    def revision(self, scope, type, fields, doc=None, parents=(), **more):
        return self.row({"by": self.by(), "c": 0, "doc": doc or os.urandom(16).hex(), "fields": fields, "n": os.urandom(16).hex(),
                         "parents": sorted(parents), "school": self.shelf.school, "scope": scope, "t": self.now(), "type": type, "v": 1,
                         **more})

    def record(self, scope, kind, of, body=None):
        row = self.row({"body": body or {}, "by": self.by(), "kind": kind, "n": os.urandom(16).hex(), "of": {"id": of, "scope": scope},
                        "reg": self.shelf.head, "role": self.role, "school": self.shelf.school, "scope": scope, "t": self.now(), "v": 1})
        return row[0], row[1], self.key.sign(kind.rpartition(".v")[0] + "@" + self.shelf.domain, row[1])

    def by(self):
        return {"device": self.key.device, "person": self.person}

    @staticmethod
    def row(value):
        data = reader.encode(value)
        return hashlib.sha256(data).hexdigest(), data, None

    def frame(self, scope, rows, schema=1, payload=None, **more):
        """A frame that follows this device's tip. `payload`: of a schema that nobody can read."""
        tip = max((frame for frame in self.shelf.log if frame.says["device"] == self.key.device and frame.says["scope"] == scope),
                  key=lambda frame: frame.says["seq"], default=None)
        header = {"device": self.key.device, "inc": self.inc, "items": [("r" if row[2] else "d") + row[0] for row in rows],
                  "reg": self.shelf.head, "schema": schema, "school": self.shelf.school, "scope": scope,
                  "seq": tip.says["seq"] + 1 if tip else 1, "t": self.now(), "v": 1, **more}
        if tip:
            header["prev"] = tip.id
        data = reader.encode(header)
        return Frame(data, self.key.sign("frame@" + self.shelf.domain, data), (0, payload or changeset(rows)))

    def writes(self, scope, rows, **unusual):
        made = self.frame(scope, rows, **unusual)
        expect(self.shelf.take(made) == STORED, "what was just written does not stand")
        return made


# ----------------------------------------------------------------------------------------------------------- messages

def u32(number):
    return struct.pack("<I", number)


def u64(number):
    return struct.pack("<Q", number)


def blob(data):
    return u32(len(data)) + data


def text(words):
    return blob(words.encode())


def optional(value):
    return b"\x00" if value is None else b"\x01" + value


def message(kind, body=b""):
    return bytes([1, kind]) + body


def greeting(school, device, head, proof=None, versions=(1, 1), extension=b""):
    oldest, newest = versions
    point = None if head is None else u64(head["seq"]) + bytes.fromhex(head["hash"])
    return message(GREETING, u32(newest) + u32(oldest) + bytes.fromhex(school) + bytes.fromhex(device) + optional(proof)
                   + optional(point) + blob(extension))


def batch(frames):
    body = u32(len(frames))
    for frame in frames:
        body += blob(frame.header) + frame.signature
        body += optional(None if frame.payload is None else bytes([frame.payload[0]]) + blob(frame.payload[1]))
    return message(BATCH, body)


def tips_message(tips):
    tips = sorted(tips, key=lambda tip: (tip.says["scope"], tip.says["device"], tip.id, tip.says["seq"]))
    return message(TIPS, u32(len(tips)) + b"".join(
        text(tip.says["scope"]) + bytes.fromhex(tip.says["device"]) + bytes.fromhex(tip.id) + u64(tip.says["seq"]) for tip in tips))


def holding(kind, epoch, position, seen, digest):
    return message(HOLDING, bytes([kind]) + epoch + u64(position) + seen[0] + u64(seen[1]) + digest)


def answers(runs):
    return message(ANSWERS, u32(len(runs)) + b"".join(bytes([what]) + u32(count) + text(reason) + text("") for what, count, reason in runs))


class Body:
    """Reads the fields of one message, one after the other."""

    def __init__(self, data):
        expect(data[:1] == b"\x01", "not little-endian")
        self.data, self.at, self.kind = data, 2, data[1]

    def raw(self, count):
        expect(self.at + count <= len(self.data), "a message is cut")
        self.at += count
        return self.data[self.at - count:self.at]

    def u8(self):
        return self.raw(1)[0]

    def u32(self):
        return struct.unpack("<I", self.raw(4))[0]

    def u64(self):
        return struct.unpack("<Q", self.raw(8))[0]

    def blob(self):
        return self.raw(self.u32())

    def text(self):
        return self.blob().decode()

    def optional(self, read):
        return read() if self.u8() else None

    def many(self, read):
        return [read() for _ in range(self.u32())]

    def end(self):
        expect(self.at == len(self.data), "bytes after a message of kind", self.kind)

    def frames(self):
        made = self.many(lambda: Frame(self.blob(), self.raw(64), self.optional(lambda: (self.u8(), self.blob()))))
        self.end()
        return made

    def greeting(self):
        told = {"newest": self.u32(), "oldest": self.u32(), "school": self.raw(32).hex(), "device": self.raw(32).hex(),
                "proof": self.optional(lambda: self.raw(64)), "head": self.optional(lambda: (self.u64(), self.raw(32).hex())),
                "extension": self.blob()}
        self.end()
        return told

    def refusal(self):
        return self.text(), self.text()

    def tips(self):
        made = self.many(lambda: (self.text(), self.raw(32).hex(), self.raw(32).hex(), self.u64()))
        self.end()
        return [frame for _, _, frame, _ in made]

    def holding(self):
        told = {"kind": self.u8(), "epoch": self.raw(16), "position": self.u64(), "seen": (self.raw(16), self.u64()), "digest": self.raw(16)}
        self.end()
        return told

    def answers(self):
        runs = self.many(lambda: (self.u8(), self.u32(), self.text(), self.text()))
        self.end()
        return [(what, reason) for what, count, reason, _ in runs for _ in range(count)]


def messages_of_file(path):
    """Of an exchange file, after its hash was checked."""
    with open(path, "rb") as file:
        data = file.read()
    expect(data[:9] == b"SPIRAL1\nX" and hashlib.sha256(data[:-32]).digest() == data[-32:], "not an exchange file")
    stream, at, made = zstandard.ZstdDecompressor(max_window_size=8 * MIB).decompressobj().decompress(data[9:-32]), 0, []
    while at < len(stream):
        size = struct.unpack("<I", stream[at:at + 4])[0]
        made.append(Body(stream[at + 4:at + 4 + size]))
        at += 4 + size
    return made


# ---------------------------------------------------------------------------------------------------------------- TLS

class Line:
    """Messages over TLS 1.3 with one other side."""

    def __init__(self, context, connected, accepts):
        self.socket = connected
        self.tls = SSL.Connection(context, connected)
        (self.tls.set_accept_state if accepts else self.tls.set_connect_state)()
        self.tls.do_handshake()
        expect(self.tls.get_protocol_version_name() == "TLSv1.3" and self.tls.get_alpn_proto_negotiated() == b"spiral/1", "not our TLS")
        self.secret = self.tls.export_keying_material(b"EXPORTER-spiral-session", 32)
        self.held = b""

    def send(self, made):
        packed = b"\x01" + zstandard.ZstdCompressor().compress(made) if len(made) > 1000 else b"\x00" + made
        self.tls.sendall(u32(len(packed)) + packed)

    def receive(self, seconds=60):
        """The next message, or Ended."""
        while len(self.held) < 4 or len(self.held) < 4 + struct.unpack("<I", self.held[:4])[0]:
            if not self.tls.pending() and not select.select([self.socket], [], [], seconds)[0]:
                raise Ended("silence")
            try:
                self.held += self.tls.recv(65536)
            except (SSL.ZeroReturnError, SSL.SysCallError, SSL.Error, OSError):
                raise Ended("closed") from None
        size = struct.unpack("<I", self.held[:4])[0]
        packed, self.held = self.held[4:4 + size], self.held[4 + size:]
        if packed[:1] == b"\x02":
            size = struct.unpack("<I", packed[1:5])[0]
            message = lengthened(unzipped(packed[5:]))
            expect(len(message) == size, "a short form of another size")
            return Body(message)
        return Body(packed[1:] if packed[:1] == b"\x00" else unzipped(packed[1:]))

    def close(self):
        """Says goodbye, and reads until the other side has gone: a socket closed with bytes unread resets the line, and what
        was said last is lost."""
        try:
            self.tls.shutdown()
            self.socket.shutdown(socket.SHUT_WR)
            while select.select([self.socket], [], [], 5)[0] and self.socket.recv(65536):
                pass
        except (SSL.Error, OSError):
            pass
        self.socket.close()


def context_for(accepts):
    context = SSL.Context(SSL.TLS_SERVER_METHOD if accepts else SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    if accepts:
        context.set_alpn_select_callback(lambda line, offered: b"spiral/1" if b"spiral/1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    else:
        context.set_alpn_protos([b"spiral/1"])
    return context


def tls_text(public_key):
    spki = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b"spiral-tls-v1" + hashlib.sha256(spki).digest()


def connect(port, server_key, domain):
    line = Line(context_for(False), socket.create_connection(("127.0.0.1", port)), False)
    certificate = line.tls.get_peer_certificate()
    data = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
    expect(data.count(CERTIFICATE_OID) == 1, "not one extension that binds the certificate")
    value = data.partition(CERTIFICATE_OID)[2][:100]
    expect(value[:4] == b"\x04\x62\x04\x60" and value[4:36] == server_key, "a certificate of another server")
    reader.check_signature(server_key, "tls@" + domain, tls_text(certificate.get_pubkey().to_cryptography_key()), value[36:])
    return line


def der(tag, *parts):
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + length + body


def certificate_of(key, domain):
    """Made at each start, and bound to the device by one extension. Names and dates in it mean nothing."""
    private = ec.generate_private_key(ec.SECP256R1())
    spki = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ecdsa_sha256 = der(0x30, bytes.fromhex("06082a8648ce3d040302"))
    name = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0C, b"spiral"))))
    dates = der(0x30, der(0x17, b"200101000000Z"), der(0x17, b"491231235959Z"))
    value = der(4, key.public + key.sign("tls@" + domain, tls_text(private.public_key())))
    extensions = der(0xA3, der(0x30, der(0x30, CERTIFICATE_OID, der(4, value))))
    signed = der(0x30, der(0xA0, b"\x02\x01\x02"), b"\x02\x01\x01", ecdsa_sha256, name, dates, name, spki, extensions)
    signature = private.sign(signed, ec.ECDSA(hashes.SHA256()))
    whole = der(0x30, signed, ecdsa_sha256, der(3, b"\x00" + signature))
    return crypto.PKey.from_cryptography_key(private), crypto.load_certificate(crypto.FILETYPE_ASN1, whole)


# ----------------------------------------------------------------------------------------------------------- sessions

def proof_text(secret, school, caller, answerer):
    return b"spiral-session-v1" + secret + bytes.fromhex(school) + bytes.fromhex(caller) + bytes.fromhex(answerer)


def in_batches(frames):
    made, size = [], MIB
    for frame in frames:
        if size + frame.size() > MIB or len(made[-1]) == 500:
            made.append([])
            size = 0
        made[-1].append(frame)
        size += frame.size()
    return made


class Unusual:
    """What a newer program says besides: to be passed over by who does not know it."""

    def __init__(self, versions=(1, 1), extension=b"", kinds=()):
        self.versions, self.extension, self.kinds = versions, extension, kinds

    def notes(self):
        return [message(kind, os.urandom(300)) for kind in self.kinds]


class Told:
    def __init__(self):
        self.agreed, self.stored, self.answers, self.greeting, self.asks = False, 0, [], None, 0


def call(port, server_key, shelf, key, unusual=None, extra=()):
    """One session as caller, till both hold the same or nothing more helps. `extra`: frames to be offered besides, which are
    not on the shelf."""
    unusual, told = unusual or Unusual(), Told()
    answerer = hashlib.sha256(server_key).hexdigest()
    line = connect(port, server_key, shelf.domain)
    proof = key.sign("session@" + shelf.domain, proof_text(line.secret, shelf.school, key.device, answerer))
    line.send(greeting(shelf.school, key.device, shelf.head, proof, unusual.versions, unusual.extension))
    for note in unusual.notes():
        line.send(note)
    common = lambda: [tip for tip in shelf.tips() if shelf.shared(tip, key.device, answerer)]  # noqa: E731
    line.send(tips_message(common()))
    sent_since, tips_left, theirs, gave, epoch = False, 1, None, set(), None
    extra = list(extra)
    try:
        while True:
            body = line.receive()
            if body.kind == GREETING:
                told.greeting = body.greeting()
                expect(told.greeting["oldest"] <= unusual.versions[1] and told.greeting["newest"] >= unusual.versions[0], "no version")
            elif body.kind == REFUSAL:
                raise Ended(body.refusal()[0])
            elif body.kind == BATCH:
                runs = []
                for frame in body.frames():
                    gave.add(frame.id)
                    what = shelf.take(frame)
                    told.stored += what == STORED
                    runs.append((what, 1, "" if what in (STORED, KNOWN) else "frame.newer"))
                line.send(answers(runs))
            elif body.kind == ANSWERS:
                told.answers += body.answers()
            elif body.kind == TIPS:
                for part in in_batches([frame for frame in shelf.beyond(body.tips(), answerer) if frame.id not in gave] + extra):
                    line.send(batch(part))
                    sent_since = True
                extra = []
            elif body.kind == HOLDING:
                theirs = body.holding()
                epoch = theirs["epoch"]
                ours = shelf.digest(epoch, key.device, answerer)
                if sent_since:
                    sent_since = False
                    told.asks += 1
                    line.send(holding(ASK, shelf.epoch, len(shelf.log), (epoch, theirs["position"]), ours))
                elif ours == theirs["digest"]:
                    told.agreed = True
                    return told
                elif tips_left:
                    tips_left -= 1
                    line.send(tips_message(common()))
                else:
                    return told
            elif body.kind == WANT_PIECES:
                line.send(message(NO_PIECES, text(body.text()) + body.raw(32)))
            # Kinds from 64 on, and pieces that nobody here asked for, are passed over.
    finally:
        line.close()


class Server(threading.Thread):
    """Answers callers, one after the other, on a port of its own, as a hub or server of the registry."""

    def __init__(self, shelf, key, port, unusual=None):
        super().__init__(daemon=True)
        self.shelf, self.key, self.unusual = shelf, key, unusual or Unusual()
        self.context = context_for(True)
        private, certificate = certificate_of(key, shelf.domain)
        self.context.use_privatekey(private)
        self.context.use_certificate(certificate)
        self.listener = socket.create_server(("127.0.0.1", port))
        self.failures, self.sessions, self.greetings = [], 0, []
        self.start()

    def run(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.serves(Line(self.context, near, True))
            except (Ended, SSL.Error) as ended:
                if str(ended) not in ("closed", ""):
                    self.failures.append(str(ended))
            except Exception as failure:   # told by the script
                self.failures.append(repr(failure))

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(timeout=30)

    def serves(self, line):
        said = line.receive()
        expect(said.kind == GREETING, "no greeting first")
        caller = said.greeting()
        self.greetings.append(caller)
        shelf, device = self.shelf, caller["device"]
        if caller["oldest"] > self.unusual.versions[1] or caller["newest"] < self.unusual.versions[0]:
            line.send(message(REFUSAL, text("session.version") + text("")))
            line.close()
            return
        if device not in shelf.keys:
            line.send(message(REFUSAL, text("session.unknown-device") + text("")))
            line.close()
            return
        reader.check_signature(shelf.keys[device], "session@" + shelf.domain,
                               proof_text(line.secret, shelf.school, device, self.key.device), caller["proof"])
        line.send(greeting(shelf.school, self.key.device, shelf.head, None, self.unusual.versions, self.unusual.extension))
        self.sessions += 1
        tips_sent, gave = False, set()

        def gives(frames):
            for part in in_batches([frame for frame in frames if frame.id not in gave]):
                for note in self.unusual.notes():
                    line.send(note)
                line.send(batch(part))

        def tells():
            line.send(holding(ANSWER, shelf.epoch, len(shelf.log), (bytes(16), 0), shelf.digest(shelf.epoch, self.key.device, device)))

        def tips():
            line.send(tips_message([tip for tip in shelf.tips() if shelf.shared(tip, self.key.device, device)]))

        while True:
            body = line.receive()
            if body.kind == BATCH:
                runs = []
                for frame in body.frames():
                    what = shelf.take(frame)
                    gave.add(frame.id)
                    runs.append((what, 1, "" if what in (STORED, KNOWN) else "frame.newer"))
                line.send(answers(runs))
            elif body.kind == TIPS:
                gives(shelf.beyond(body.tips(), device))
                if not tips_sent:
                    tips()
                tips_sent = False
                tells()
            elif body.kind == HOLDING:
                asked = body.holding()
                epoch, position = asked["seen"]
                if epoch == shelf.epoch and position <= len(shelf.log):
                    gives([frame for frame in shelf.log[position:]
                           if shelf.may_read(device, frame.says["scope"]) and frame.says["device"] != device])
                elif asked["digest"] != shelf.digest(shelf.epoch, self.key.device, device):
                    tips()
                    tips_sent = True
                tells()
            elif body.kind == REFUSAL:
                raise Ended(body.refusal()[0])
            elif body.kind == WANT_PIECES:
                line.send(message(NO_PIECES, text(body.text()) + body.raw(32)))
