#!/usr/bin/python3
"""Makes the golden objects in this folder from docs/formats.md, without any of our C++.

    /usr/bin/python3 make.py            writes the files (Debian: python3, python3-nacl)
    /usr/bin/python3 make.py --check    exits 1 if a file in the folder differs from what would be written

Nothing here is random: keys, ids and nonces are SHA-256 of a label, so every run gives the same bytes. The seeds are in
golden.json for tests to sign with; they protect nothing. Once people sign with a format its golden bytes never change:
add files, do not edit them.
"""
import base64
import hashlib
import json
import pathlib
import struct
import sys

from nacl.signing import SigningKey

FOLDER = pathlib.Path(__file__).resolve().parent
DOMAIN = "qa.example.edu.cn"
MIB = 1024 * 1024

files = {}    # name -> bytes
objects = []  # lines of golden.json


def sha(data):
    return hashlib.sha256(data).hexdigest()


def label(text, digits=32):
    """Stands for random digits."""
    return sha(b"spiral golden " + text.encode())[:digits]


def strict(value):
    """The one encoding: sorted keys, no spaces, UTF-8, escapes only where JSON demands them."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Device:
    def __init__(self, name, is_machine=False):
        self.name = name
        self.seed = bytes.fromhex(label("seed of " + name, 64))
        self.secret = SigningKey(self.seed)
        self.key = bytes(self.secret.verify_key)
        self.id = sha(self.key)
        self.person = self.id if is_machine else label("person " + name)

    def by(self):
        return {"person": self.person, "device": self.id}


FOUNDER, CLERK, LEADER, SERVER = Device("founder"), Device("clerk"), Device("leader"), Device("server", True)
DEVICES = [FOUNDER, CLERK, LEADER, SERVER]


def string(data):
    return struct.pack(">I", len(data)) + data


def sign(device, name_space, message):
    """SSHSIG (openssh PROTOCOL.sshsig): the 64 raw bytes, and the armour that ssh-keygen reads."""
    space = name_space.encode()
    text = b"SSHSIG" + string(space) + string(b"") + string(b"sha512") + string(hashlib.sha512(message).digest())
    raw = device.secret.sign(text).signature
    public = string(b"ssh-ed25519") + string(device.key)
    blob = (b"SSHSIG" + struct.pack(">I", 1) + string(public) + string(space) + string(b"") + string(b"sha512")
            + string(string(b"ssh-ed25519") + string(raw)))
    text = base64.b64encode(blob).decode()
    lines = [text[i:i + 70] for i in range(0, len(text), 70)]
    armour = "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])
    return raw.hex(), armour.encode()


def add(name, kind, value, signer=None, purpose=None, **more):
    data = strict(value)
    line = {"file": name + ".json", "kind": kind, "id": sha(data), **more}
    files[line["file"]] = data
    if signer:
        line["signer"], line["namespace"] = signer.name, purpose + "@" + DOMAIN
        line["signature"], files[name + ".sig"] = sign(signer, line["namespace"], data)
        line["armour"] = name + ".sig"
    objects.append(line)
    return line["id"]


def record(name, kind, signer, role, scope, time, body, of=None, reg=None, school=None, **more):
    value = {"v": 1, "kind": kind, "scope": scope, "by": signer.by(), "role": role, "body": body, "t": time,
             "n": label("nonce of " + name), **more}
    for key, part in (("of", of), ("reg", reg), ("school", school)):
        if part:
            value[key] = part
    return add(name, "record", value, signer, kind.rpartition(".v")[0])


def header(name, signer, school, scope, seq, items, time, prev=None, reg=None, **more):
    value = {"v": 1, "school": school, "scope": scope, "device": signer.id, "inc": label("start of " + signer.name),
             "seq": seq, "items": items, "schema": 1, "t": time, **more}
    for key, part in (("prev", prev), ("reg", reg)):
        if part:
            value[key] = part
    return add(name, "frame-header", value, signer, "frame")


def revision(name, time, c=0, **fields):
    value = {"v": 1, "school": SCHOOL, "scope": "unit/jwc", "doc": DOC, "type": "task.v1", "parents": [], "fields": {},
             "by": CLERK.by(), "t": time, "c": c, "n": label("nonce of " + name)}
    expect = fields.pop("expect", None)
    value.update(fields)
    return add(name, "revision", value, **({"expect": expect} if expect else {}))


def attachment(name, size, kind, person_name, date=None):
    """The content is not stored: byte i of each is i mod 251."""
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    pieces = b"".join(hashlib.sha256(content[i:i + MIB]).digest() for i in range(0, size, MIB))
    value = {"sha256": sha(content), "size": size, "type": kind, "name": person_name, "chunks": sha(pieces)}
    if date:
        value["date"] = date
    add("attachment-" + name, "attachment", value)
    return value


# ------------------------------------------------------------------------------------------ registry: the first entries
ALONE = {"persons": [FOUNDER.person], "threshold": 1}
ACT = strict({"act": "root", "college": "示例职业学院", "domain": DOMAIN, "person": FOUNDER.person,
              "key": FOUNDER.key.hex(), "root": ALONE, "admin": ALONE, "n": label("nonce of the founding act"),
              "policy": {"high_roles": ["admin", "quality"], "open": ["college"], "kinds": [
                  {"k": "approve", "v": {"differ": ["author"], "roles": ["head"]}},
                  {"k": "submit", "v": {"differ": [], "roles": ["clerk"]}},
                  {"k": "write", "v": {"differ": [], "roles": ["clerk", "head"]}}]}})


def decided(act):
    """The body of a registry entry: the exact act, and who agreed to it."""
    return {"act": act.decode(), "agreed": [{"person": FOUNDER.person, "device": FOUNDER.id,
                                             "sig": sign(FOUNDER, "agree@" + DOMAIN, act)[0]}]}


SCHOOL = record("record-entry-1", "root.v1", FOUNDER, "keeper@registry", "registry", "2026-03-02T06:00:00.000Z",
                decided(ACT))
head = AT_ENTRY_1 = {"seq": 1, "hash": SCHOOL}
for minute, (act, members) in enumerate([
        ("unit", {"unit": "jwc", "name": "教务处", "campus": "east"}),
        ("person", {"person": CLERK.person}),
        ("grant", {"person": CLERK.person, "role": "clerk", "scope": "unit/jwc", "from": "2026-03-01T16:00:00.000Z"})]):
    body = decided(strict({"act": act, "school": SCHOOL, "reg": head, "n": label("nonce of the act " + act), **members}))
    head = {"seq": head["seq"] + 1,
            "hash": record("record-" + act, act + ".v1", FOUNDER, "keeper@registry", "registry",
                           "2026-03-02T06:0%d:00.000Z" % (minute + 3), body, reg=head, school=SCHOOL)}
AT_GRANT = head
REGISTRY_1 = header("header-registry-1", FOUNDER, SCHOOL, "registry", 1, ["r" + SCHOOL], "2026-03-02T06:00:00.001Z")
REGISTRY_2 = header("header-registry-2", FOUNDER, SCHOOL, "registry", 2,
                    ["r" + line["id"] for line in objects if line["file"] in (
                        "record-unit.json", "record-person.json", "record-grant.json")],
                    "2026-03-02T06:05:00.001Z", prev=REGISTRY_1, reg=AT_ENTRY_1)

# ------------------------------------------------------------------------------------------ attachments
EMPTY = attachment("empty", 0, "text/plain", "空.txt")
ONE = attachment("one-byte", 1, "application/octet-stream", "one byte")
EXACT = attachment("one-mib", MIB, "application/pdf", "2026年春季学期教学检查报告.pdf", "2026-03-01")
OVER = attachment("one-mib-and-one", MIB + 1, "application/vnd.ms-excel", "成绩 (终).xls")

# ------------------------------------------------------------------------------------------ revisions of one document
DOC = label("document")
FIRST = revision("revision-first", "2026-03-02T14:05:11.123Z")
CHINESE = revision("revision-chinese", "2026-03-02T14:06:00.000Z", parents=[FIRST], fields={
    "title": "第三周教学督导整改任务",
    "plan": "一、问题：教案与大纲不符。\n二、整改：\t三月底前修订，由“教务处”复核。",
    "rare": "𠮷野家 \u2028 \u007f é e\u0301 \U0001f600",
    "escapes": "\"\\\b\f\n\r\t\u0000\u001f/<>&",
    "progress": [{"k": "一月", "v": "0.5"}, {"k": "二月", "v": "1"}],
    "due": "2026-03-31", "owner": CLERK.person, "empty": "", "list": [], "map": {}})
LEFT = revision("revision-left", "2026-03-02T14:07:00.000Z", parents=[CHINESE], fields={"title": "甲"})
RIGHT = revision("revision-right", "2026-03-02T14:07:00.000Z", c=65535, parents=[CHINESE], by=LEADER.by(),
                 fields={"title": "乙"})
MERGE = revision("revision-merge", "2026-03-02T14:08:30.999Z", c=1, parents=sorted([LEFT, RIGHT]),
                 fields={"title": "甲、乙"})
ATTACHED = revision("revision-attachment", "2026-03-02T14:09:00.000Z", parents=[MERGE],
                    fields={"title": "甲、乙", "evidence": [EXACT["sha256"], OVER["sha256"]]},
                    files=sorted([EMPTY, ONE, EXACT, OVER], key=lambda file: file["sha256"]))
UNKNOWN = revision("revision-unknown-keys", "2026-03-02T14:10:00.000Z", parents=[ATTACHED],
                   fields={"title": "甲、乙"}, a_key_of_later={"deep": [1, [True, False]]}, zone="Asia/Shanghai")
CRIT = revision("revision-critical-known", "2026-03-02T14:11:00.000Z", parents=[UNKNOWN],
                fields={"title": "甲、乙"}, crit=["parents", "type"])
nest = "seven"
for _ in range(30):  # with the object itself and `fields`: 32 containers deep
    nest = [nest]
LIMITS = revision("revision-limits", "9999-12-31T23:59:59.999Z", c=65535, scope="review/" + "z" * 32, parents=[CRIT],
                  fields={"largest": 2**53 - 1, "smallest": -(2**53 - 1), "zero": 0, "yes": True, "no": False,
                          "depth": nest}, type="a" * 61 + ".v1")
NEWER_CRITICAL = revision("revision-newer-critical", "2026-03-02T14:12:00.000Z", parents=[CRIT], crit=["sealed"],
                          sealed=True, expect="newer.critical")
NEWER_ENC = revision("revision-newer-enc", "2026-03-02T14:12:30.000Z", parents=[CRIT], crit=["enc"],
                     enc={"to": "reserved"}, expect="newer.critical")
NEWER_VERSION = add("revision-newer-version", "revision", {"v": 2, "what": "we cannot know"}, expect="newer.version")

# ------------------------------------------------------------------------------------------ acts
SUBMIT = record("record-submit", "submit.v1", CLERK, "clerk@unit/jwc", "unit/jwc", "2026-03-02T14:12:00.000Z", {},
                of={"scope": "unit/jwc", "id": ATTACHED}, reg=AT_GRANT, school=SCHOOL)
UNIT_1 = header("header-unit-1", CLERK, SCHOOL, "unit/jwc", 1,
                ["d" + FIRST, "d" + CHINESE, "d" + LEFT, "d" + MERGE, "d" + ATTACHED, "r" + SUBMIT],
                "2026-03-02T14:12:00.010Z", reg=AT_GRANT)
UNIT_2 = header("header-unit-2", CLERK, SCHOOL, "unit/jwc", 2, ["d" + UNKNOWN, "d" + CRIT],
                "2026-03-02T14:13:00.000Z", prev=UNIT_1, reg=AT_GRANT)
APPROVE = record("record-approve", "approve.v1", LEADER, "head@unit/jwc", "unit/jwc", "2026-03-02T15:00:00.000Z",
                 {"comment": "同意。"}, of={"scope": "unit/jwc", "id": ATTACHED}, reg=AT_GRANT, school=SCHOOL)
RECEIPT = record("record-receipt", "receipt.v1", SERVER, "server@college", "unit/jwc", "2026-03-02T15:00:01.250Z",
                 {"frames": [UNIT_1, UNIT_2], "place": 41, "time": "2026-03-02T15:00:01.250Z"}, reg=AT_GRANT, school=SCHOOL)
CONFIRM = record("record-confirm", "confirm.v1", CLERK, "clerk@unit/jwc", "unit/jwc", "2026-03-03T01:00:00.000Z",
                 {"tip": UNIT_2}, reg=AT_GRANT, school=SCHOOL)
FULL = header("header-500-items", LEADER, SCHOOL, "unit/jwc", 1,
              [("r" if i % 10 == 9 else "d") + label("item %d" % i, 64) for i in range(500)],
              "2026-03-04T00:00:00.000Z", reg=AT_GRANT, hint={"later": "versions may say more"})


# ------------------------------------------------------------------------------------------ what must be refused
# One rule each: a golden object with one thing changed. `None` removes a key.
VALUES = {line["file"]: (line["kind"], json.loads(files[line["file"]])) for line in objects}
refused = []


def refuse(reason, claim, base, change=None, raw=None, code="malformed"):
    kind, value = VALUES[base + ".json"]
    if raw is None:
        value = {key: part for key, part in {**value, **(change or {})}.items() if part is not None}
        raw = strict(value)
    try:
        text = {"text": raw.decode()}
    except UnicodeDecodeError:
        text = {"hex": raw.hex()}
    refused.append({"kind": kind, "claim": claim, "code": code, "reason": reason, **text})


PLAIN = files["revision-first.json"]
for reason, claim, old, new in [
        ("json.key-order", "keys out of order", b'"c":0,"doc"', b'"d":0,"doc":0,"c"'),
        ("json.key-repeated", "a key twice", b'"c":0,', b'"c":0,"c":0,'),
        ("json.key-form", "a key in upper case", b'"fields":{}', b'"fields":{"Title":1}'),
        ("json.key-form", "a Chinese key", b'"fields":{}', '"fields":{"标题":1}'.encode()),
        ("json.key-form", "an empty key", b'"fields":{}', b'"fields":{"":1}'),
        ("json.key-form", "a key with an escape", b'"fields":{}', b'"fields":{"\\u0061":1}'),
        ("json.white-space", "a space", b'"c":0', b'"c": 0'),
        ("json.not-an-integer", "a fraction", b'"c":0', b'"c":0.5'),
        ("json.not-an-integer", "an exponent", b'"c":0', b'"c":1e3'),
        ("json.integer-form", "minus zero", b'"c":0', b'"c":-0'),
        ("json.integer-form", "a leading zero", b'"c":0', b'"c":00'),
        ("json.integer-range", "2^53", b'"fields":{}', b'"fields":{"a":9007199254740992}'),
        ("json.integer-range", "-2^53", b'"fields":{}', b'"fields":{"a":-9007199254740992}'),
        ("json.null", "null", b'"fields":{}', b'"fields":{"a":null}'),
        ("json.syntax", "NaN", b'"fields":{}', b'"fields":{"a":NaN}'),
        ("json.syntax", "a comma too many", b'"fields":{}', b'"fields":{"a":[1,]}'),
        ("json.escape", "an escaped slash", b'unit/jwc', b'unit\\/jwc'),
        ("json.escape", "an escaped letter", b'unit/jwc', b'\\u0075nit/jwc'),
        ("json.escape", "a long escape for a line end", b'"fields":{}', b'"fields":{"a":"\\u000a"}'),
        ("json.escape", "an escape in upper case", b'"fields":{}', b'"fields":{"a":"\\u001F"}'),
        ("json.escape", "an escaped pair of surrogates", b'"fields":{}', b'"fields":{"a":"\\ud83d\\ude00"}'),
        ("json.lone-surrogate", "half a pair", b'"fields":{}', b'"fields":{"a":"\\ud83d"}'),
        ("json.control-character", "a line end inside a string", b'"fields":{}', b'"fields":{"a":"\n"}'),
        ("json.utf8", "an overlong slash", b'unit/jwc', b'unit\xc0\xafjwc'),
        ("json.utf8", "a surrogate in UTF-8", b'"fields":{}', b'"fields":{"a":"\xed\xa0\x80"}'),
        ("json.utf8", "a code point above U+10FFFF", b'"fields":{}', b'"fields":{"a":"\xf4\x90\x80\x80"}')]:
    assert PLAIN.count(old) == 1, claim
    refuse(reason, claim, "revision-first", raw=PLAIN.replace(old, new))
refuse("json.byte-order-mark", "a byte order mark", "revision-first", raw=b"\xef\xbb\xbf" + PLAIN)
refuse("json.white-space", "a line end at the end", "revision-first", raw=PLAIN + b"\n")
refuse("json.trailing-bytes", "an object after the object", "revision-first", raw=PLAIN + PLAIN)
refuse("json.unfinished", "nothing at all", "revision-first", raw=b"")
refuse("json.too-deep", "depth 33", "revision-limits", {"fields": {"depth": [nest]}}, code="too-large")

for base in ("revision-first", "record-submit", "header-unit-2"):
    name = {"revision": "revision", "record": "record", "frame-header": "header"}[VALUES[base + ".json"][0]]
    HASH, OTHER = "ab" * 32, "cd" * 32

    def both(reason, claim, change, code="malformed", base=base, name=name):
        refuse(reason if "." in reason else name + "." + reason, name + " with " + claim, base, change, code=code)

    refuse("object.not-an-object", name + " that is an array", base, raw=b"[1]")
    both("object.v", "no version", {"v": None})
    both("object.v", "version 0", {"v": 0})
    both("object.v", "a version in quotes", {"v": "1"})
    both("newer.version", "version 2", {"v": 2}, "unsupported")
    both("newer.version", "a version after which nothing else is judged", {"v": 2**53 - 1, "t": 1, "enc": 1, "crit": 1},
         "unsupported")
    both("newer.critical", "a critical key of later", {"crit": ["lock"], "lock": 1}, "unsupported")
    both("newer.critical", "a critical key of later and a broken field", {"crit": ["lock"], "lock": 1, "t": 1},
         "unsupported")
    both("object.crit", "an empty crit", {"crit": []})
    both("object.crit", "a crit that is no list", {"crit": "t"})
    both("object.crit", "a number in crit", {"crit": [1]})
    both("object.crit-order", "crit out of order", {"crit": ["v", "t"]})
    both("object.crit-order", "a key in crit twice", {"crit": ["t", "t"]})
    both("object.crit-absent", "a critical key that is not there", {"crit": ["lock"]})
    both("object.reserved-enc", "enc, not critical", {"enc": {}})
    for mark in ("items", "kind", "type"):
        if mark not in VALUES[base + ".json"][1]:
            both("object.sort", "the mark of another sort, " + mark, {mark: "approve.v1"})
    both("school", "a school in upper case", {"school": HASH.upper()})
    both("school", "a school of 63 digits", {"school": HASH[:63]})
    both("scope", "no scope", {"scope": None})
    for scope in ("", "unit", "unit/", "unit/A", "unit/" + "a" * 33, "College", "unit/a/b", "person/a"):
        both("scope", "scope '%s'" % scope, {"scope": scope})
    both("t", "no time", {"t": None})
    for time in ("2026-03-02T14:05:11Z", "2026-03-02T14:05:11.123+00:00", "2026-02-29T00:00:00.000Z",
                 "2026-03-02T24:00:00.000Z", "2026-03-02T14:05:60.000Z", "1969-12-31T23:59:59.999Z",
                 "2026-03-02 14:05:11.123Z", "+026-03-02T14:05:11.123Z"):
        both("t", "time '%s'" % time, {"t": time})
    both("t", "time as a number", {"t": 1772459111})
    if name != "header":
        by = VALUES[base + ".json"][1]["by"]
        both("by", "no author", {"by": None})
        both("by", "an author without person", {"by": {"device": HASH}})
        both("by", "a person of 31 digits", {"by": {**by, "person": HASH[:31]}})
        both("by", "a person of 48 digits", {"by": {**by, "person": HASH[:48]}})
        both("by", "a device of 32 digits", {"by": {**by, "device": HASH[:32]}})
        both("by", "a key too many in by", {"by": {**by, "name": "x"}})
        both("n", "no nonce", {"n": None})
        both("n", "a nonce of 31 digits", {"n": HASH[:31]})
    if name != "revision":
        reg = {"seq": 2, "hash": HASH}
        both("reg", "no registry point", {"reg": None})
        both("reg", "registry number 0", {"reg": {**reg, "seq": 0}})
        both("reg", "a registry hash of 62 digits", {"reg": {**reg, "hash": HASH[:62]}})
        both("reg", "a key too many in reg", {"reg": {**reg, "t": 1}})

    if name == "revision":
        both("school", "no school", {"school": None})
        both("doc", "no document", {"doc": None})
        both("doc", "a document of 64 digits", {"doc": HASH})
        both("type", "no type", {"type": None})
        for kind in ("task", "task.v0", "task.v01", "Task.v1", "1task.v1", "task.v1.v2", "ta_sk.v1", ".v1",
                     "a" * 62 + ".v1"):
            both("type", "type '%s'" % kind, {"type": kind})
        both("parents", "no parents", {"parents": None})
        both("parents", "a parent that is no hash", {"parents": ["x"]})
        both("parents-order", "parents out of order", {"parents": [OTHER, HASH]})
        both("parents-order", "a parent twice", {"parents": [HASH, HASH]})
        both("fields", "no fields", {"fields": None})
        both("fields", "fields in a list", {"fields": []})
        both("files", "an empty list of files", {"files": []})
        both("files", "files in an object", {"files": {}})
        both("files-order", "a file twice", {"files": [ONE, ONE]})
        both("files-order", "files out of order",
             {"files": sorted([ONE, EMPTY], key=lambda file: file["sha256"], reverse=True)})
        both("c", "no counter", {"c": None})
        both("c", "counter -1", {"c": -1})
        both("c", "counter 65536", {"c": 65536})
        both("c", "a counter that is a truth value", {"c": True})
        both("attachment.not-an-object", "a file that is a hash", {"files": [HASH]})
        for reason, claim, change in [
                ("sha256", "no hash", {"sha256": None}), ("sha256", "a short hash", {"sha256": HASH[:40]}),
                ("size", "no size", {"size": None}), ("size", "size -1", {"size": -1}),
                ("type", "no media type", {"type": None}), ("type", "a media type in upper case", {"type": "Text/plain"}),
                ("type", "a media type without slash", {"type": "text"}),
                ("type", "a media type with two slashes", {"type": "a/b/c"}),
                ("type", "a media type with parameters", {"type": "text/plain;charset=utf-8"}),
                ("type", "half a media type", {"type": "text/"}),
                ("type", "a media type of 128 bytes", {"type": "a/" + "b" * 126}),
                ("name", "no name", {"name": None}), ("name", "an empty name", {"name": ""}),
                ("name", "a path for a name", {"name": "a/b"}), ("name", "the name ..", {"name": ".."}),
                ("name", "the name .", {"name": "."}),
                ("name", "a line end in the name", {"name": "a\nb"}), ("name", "DEL in the name", {"name": "a\x7f"}),
                ("name", "U+0085 in the name", {"name": "a\x85b"}),
                ("name", "a name of 256 bytes", {"name": "名" * 85 + "a"}),
                ("date", "a day that is none", {"date": "2026-02-30"}), ("date", "a time for a day", {"date": "2026-03-02T"}),
                ("date", "a number for a day", {"date": 20260302}),
                ("chunks", "no chunks", {"chunks": None}), ("chunks", "a list of chunks", {"chunks": [HASH]}),
                ("unknown-key", "a key of its own", {"codec": "x"})]:
            file = {key: part for key, part in {**ONE, **change}.items() if part is not None}
            both("attachment." + reason, "a file with " + claim, {"files": [file]})
    if name == "record":
        both("school", "no school, but a registry point", {"school": None})
        both("school", "neither school nor registry point, outside the registry", {"school": None, "reg": None})
        both("kind", "no kind", {"kind": None})
        both("kind", "a kind without version", {"kind": "submit"})
        both("role", "no role", {"role": None})
        for role in ("head", "head@", "@college", "Head@college", "1head@college", "-head@college", "head@unit/",
                     "head@college@college", "a" * 33 + "@college"):
            both("role", "role '%s'" % role, {"role": role})
        both("of", "a target without scope", {"of": {"id": HASH}})
        both("of", "a target without id", {"of": {"scope": "college"}})
        both("of", "a target that is a hash", {"of": HASH})
        both("of", "a key too many in of", {"of": {"id": HASH, "scope": "college", "t": 1}})
        both("body", "no body", {"body": None})
        both("body", "a body that is text", {"body": ""})
        target = {"of": {"id": HASH, "scope": "unit/jwc"}}
        refuse("record.of", "a receipt with a target", "record-receipt", target)
        refuse("record.of", "a confirm with a target", "record-confirm", target)
        refuse("record.of", "entry 1 with a target", "record-entry-1", target)
        refuse("record.reg", "an entry with a school and no predecessor", "record-grant", {"reg": None})
    if name == "header":
        items = VALUES[base + ".json"][1]["items"]
        both("school", "no school", {"school": None})
        both("device", "no device", {"device": None})
        both("device", "a device of 32 digits", {"device": HASH[:32]})
        both("inc", "no incarnation", {"inc": None})
        both("inc", "an incarnation of 64 digits", {"inc": HASH})
        both("seq", "no number", {"seq": None})
        both("seq", "number 0", {"seq": 0})
        both("prev", "number 2 without prev", {"prev": None})
        both("prev", "number 1 with prev", {"seq": 1})
        both("prev", "a prev of 63 digits", {"prev": HASH[:63]})
        both("items", "no items", {"items": None})
        both("items", "an empty list of items", {"items": []})
        both("items", "an item of another letter", {"items": ["x" + HASH]})
        both("items", "an item without letter", {"items": [HASH]})
        both("items", "an item in upper case", {"items": ["r" + HASH.upper()]})
        both("items", "an item that is a number", {"items": [1]})
        both("items-unique", "an item twice", {"items": [items[0], items[1], items[0]]})
        both("schema", "no schema", {"schema": None})
        both("schema", "schema 0", {"schema": 0})
        both("schema", "schema 2^32", {"schema": 2**32})
        refuse("header.reg", "the first registry frame without entry 1", "header-registry-1", {"items": ["r" + HASH]})
        refuse("header.reg", "the first registry frame with entry 1 as a revision", "header-registry-1",
               {"items": ["d" + SCHOOL]})
        refuse("header.reg", "a later registry frame without registry point", "header-registry-2",
               {"reg": None, "items": ["r" + SCHOOL]})
        refuse("header.reg", "entry 1 in another scope", "header-registry-1", {"scope": "college"})

files["refused.json"] = (json.dumps(refused, indent=0, ensure_ascii=False) + "\n").encode()
ALLOWED = "".join('%s namespaces="*@%s" ssh-ed25519 %s\n' % (
    device.person, DOMAIN, base64.b64encode(string(b"ssh-ed25519") + string(device.key)).decode())
    for device in sorted(DEVICES, key=lambda device: device.person))
files["allowed_signers"] = ALLOWED.encode()
files["golden.json"] = (json.dumps({
    "domain": DOMAIN,
    "school": SCHOOL,
    "content_of_attachments": "byte i is i mod 251",
    "devices": [{"name": device.name, "seed": device.seed.hex(), "key": device.key.hex(), "device": device.id,
                 "person": device.person} for device in DEVICES],
    "objects": objects,
}, indent=1, ensure_ascii=False) + "\n").encode()

if __name__ == "__main__":
    wrong = [name for name, data in files.items()
             if not (FOLDER / name).exists() or (FOLDER / name).read_bytes() != data]
    if "--check" in sys.argv[1:]:
        print("\n".join("differs: " + name for name in wrong) or "%d files as generated" % len(files))
        sys.exit(1 if wrong else 0)
    for name in wrong:
        (FOLDER / name).write_bytes(files[name])
    print("wrote %d of %d files" % (len(wrong), len(files)))
