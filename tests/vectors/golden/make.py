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


# ------------------------------------------------------------------------------------------ registry: two entries
FOUNDING = {"v": 1, "act": "root", "domain": DOMAIN, "name": "示例职业学院", "person": FOUNDER.person,
            "device": FOUNDER.id, "key": FOUNDER.key.hex(), "root": {"keys": [FOUNDER.id], "threshold": 1},
            "admin": [FOUNDER.person], "policy": {}}
ACT = strict(FOUNDING)
SCHOOL = record("record-entry-1", "root.v1", FOUNDER, "admin@registry", "registry", "2026-03-02T06:00:00.000Z",
                {"act": ACT.decode(), "agreed": [{"person": FOUNDER.person, "device": FOUNDER.id,
                                                  "sig": sign(FOUNDER, "agree@" + DOMAIN, ACT)[0]}]})
AT_ENTRY_1 = {"seq": 1, "hash": SCHOOL}
GRANT_ACT = strict({"v": 1, "act": "grant", "school": SCHOOL, "reg": AT_ENTRY_1, "person": CLERK.person,
                    "role": "clerk", "scope": "unit/jwc", "from": "2026-03-01T16:00:00.000Z", "delegable": False})
GRANT = record("record-grant", "grant.v1", FOUNDER, "admin@registry", "registry", "2026-03-02T06:05:00.000Z",
               {"act": GRANT_ACT.decode(), "agreed": [{"person": FOUNDER.person, "device": FOUNDER.id,
                                                       "sig": sign(FOUNDER, "agree@" + DOMAIN, GRANT_ACT)[0]}]},
               reg=AT_ENTRY_1, school=SCHOOL)
AT_GRANT = {"seq": 2, "hash": GRANT}
REGISTRY_1 = header("header-registry-1", FOUNDER, SCHOOL, "registry", 1, ["r" + SCHOOL], "2026-03-02T06:00:00.001Z")
REGISTRY_2 = header("header-registry-2", FOUNDER, SCHOOL, "registry", 2, ["r" + GRANT], "2026-03-02T06:05:00.001Z",
                    prev=REGISTRY_1, reg=AT_ENTRY_1)

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
                 {"frames": [UNIT_1, UNIT_2], "place": 41}, reg=AT_GRANT, school=SCHOOL)
CONFIRM = record("record-confirm", "confirm.v1", CLERK, "clerk@unit/jwc", "unit/jwc", "2026-03-03T01:00:00.000Z",
                 {"tip": UNIT_2}, reg=AT_GRANT, school=SCHOOL)
FULL = header("header-500-items", LEADER, SCHOOL, "unit/jwc", 1,
              [("r" if i % 10 == 9 else "d") + label("item %d" % i, 64) for i in range(500)],
              "2026-03-04T00:00:00.000Z", reg=AT_GRANT, hint={"later": "versions may say more"})

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
