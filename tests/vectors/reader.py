#!/usr/bin/python3
"""The second reader: checks exported objects by the rules of docs/formats.md, and shares no code with the C++.

    reader.py check-golden DIR            every object, signature and refusal that DIR/golden.json lists
    reader.py check-object KIND FILE      one revision, record, frame-header or attachment
    reader.py check-page PAGE DIR         the worked example of the format page, against the golden files in DIR

Exit status 0 if all is right, 1 if anything is not; one line per object. Needs python3 and python3-nacl only. It is
meant to be read beside the page: one function per section, plain loops, and the same reasons as the program gives.
"""
import base64
import datetime
import hashlib
import json
import pathlib
import re
import sys

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

MIB = 1024 * 1024
INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 32
HEADER_BYTES_MAX = 64 * 1024


class Refused(Exception):
    """Bytes that are not of the form; the text is the reason."""


class Newer(Refused):
    """Right as far as we can tell, but of a version or with a critical key that we do not know."""


def need(condition, reason):
    if not condition:
        raise Refused(reason)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# ---------------------------------------------------------------------------------------------------- strict JSON

ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def members(pairs):
    keys = [key for key, _ in pairs]
    need(all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in keys), "json.key-form")
    need(all(a < b for a, b in zip(keys, keys[1:])), "json.key-order")  # ASCII, so the order of bytes
    return dict(pairs)


def parse(data, bytes_max=MIB):
    """The value of strict JSON. Python's parser is more patient than the profile, so that what it lets pass is asked
    for afterwards: the value's one encoding must be the bytes again."""
    need(len(data) <= bytes_max, "json.too-large")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=members,
                           parse_float=lambda text: need(False, "json.not-an-integer"),
                           parse_constant=lambda text: need(False, "json.syntax"))
        need(encode(value) == data, "json.not-canonical")
    except RecursionError:
        raise Refused("json.too-deep") from None
    except (UnicodeError, ValueError):  # a lone surrogate becomes an error in encode()
        raise Refused("json.syntax") from None
    return value


def encode(value):
    return encode_text(value, 0).encode("utf-8")


def encode_text(value, depth):
    need(value is not None, "json.null")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        need(-INTEGER_MAX <= value <= INTEGER_MAX, "json.integer-range")
        return str(value)
    if isinstance(value, str):
        return '"' + re.sub(r'["\\\x00-\x1f]', lambda at: ESCAPES.get(at[0], "\\u%04x" % ord(at[0])), value) + '"'
    need(depth < DEPTH_MAX, "json.too-deep")
    if isinstance(value, list):
        return "[" + ",".join(encode_text(item, depth + 1) for item in value) + "]"
    return "{" + ",".join('"%s":%s' % (key, encode_text(value[key], depth + 1)) for key in sorted(value)) + "}"


# ---------------------------------------------------------------------------------------------------- small forms

def is_hex(value, digits):
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{%d}" % digits, value) is not None


def is_integer(value, least, most):
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_scope(value):
    return isinstance(value, str) and re.fullmatch(r"college|registry|(unit|review)/[a-z0-9-]{1,32}", value) is not None


def is_versioned_name(value):
    return (isinstance(value, str) and len(value) <= 64
            and re.fullmatch(r"[a-z][a-z0-9-]*\.v[1-9][0-9]*", value) is not None)


def is_role(value):
    name, at, scope = value.partition("@") if isinstance(value, str) else ("", "", "")
    return re.fullmatch(r"[a-z][a-z0-9-]{0,31}", name) is not None and at == "@" and is_scope(scope)


def is_day(value):
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return False
    try:
        return datetime.date.fromisoformat(value).year >= 1970
    except ValueError:
        return False


def is_time(value):
    return (isinstance(value, str) and is_day(value[:10])
            and re.fullmatch(r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z", value[10:]) is not None)


def has_keys(value, *keys):
    return isinstance(value, dict) and sorted(value) == sorted(keys)


def is_author(value):
    return (has_keys(value, "device", "person") and is_hex(value["device"], 64)
            and (is_hex(value["person"], 32) or is_hex(value["person"], 64)))


def is_registry_point(value):
    return has_keys(value, "hash", "seq") and is_hex(value["hash"], 64) and is_integer(value["seq"], 1, INTEGER_MAX)


def is_target(value):
    return has_keys(value, "id", "scope") and is_hex(value["id"], 64) and is_scope(value["scope"])


def is_file_name(value):
    return (isinstance(value, str) and 1 <= len(value.encode()) <= 255 and value not in (".", "..")
            and re.search(r"[/\x00-\x1f\x7f-\x9f]", value) is None)


def is_media_type(value):
    return isinstance(value, str) and len(value) <= 127 and bool(re.fullmatch(r"[a-z0-9.+-]+/[a-z0-9.+-]+", value))


# ---------------------------------------------------------------------------------------------------- objects

def open_object(data, known, mark, bytes_max=MIB):
    """The rules that all sorts share: strict JSON, `v`, `crit`, `enc`, one mark."""
    value = parse(data, bytes_max)
    need(isinstance(value, dict), "object.not-an-object")
    need(is_integer(value.get("v"), 1, INTEGER_MAX), "object.v")
    if value["v"] != 1:
        raise Newer("newer.version")
    if "crit" in value:
        critical = value["crit"]
        need(isinstance(critical, list) and critical and all(isinstance(key, str) for key in critical), "object.crit")
        need(all(a < b for a, b in zip(critical, critical[1:])), "object.crit-order")
        need(all(key in value for key in critical), "object.crit-absent")
        if not all(key in known for key in critical):
            raise Newer("newer.critical")
    need("enc" not in value, "object.reserved-enc")
    need(not any(key in value for key in ("items", "kind", "type") if key != mark), "object.sort")
    return value


def check_revision(data):
    value = open_object(data, "by c crit doc fields files n parents school scope t type v".split(), "type")
    need(is_hex(value.get("school"), 64), "revision.school")
    need(is_scope(value.get("scope")), "revision.scope")
    need(is_hex(value.get("doc"), 32), "revision.doc")
    need(is_versioned_name(value.get("type")), "revision.type")
    parents = value.get("parents")
    need(isinstance(parents, list), "revision.parents")
    need(len(parents) <= 256, "revision.parents-count")
    need(all(is_hex(parent, 64) for parent in parents), "revision.parents")
    need(all(a < b for a, b in zip(parents, parents[1:])), "revision.parents-order")
    need(isinstance(value.get("fields"), dict), "revision.fields")
    if "files" in value:
        files = value["files"]
        need(isinstance(files, list) and files, "revision.files")
        need(len(files) <= 1024, "revision.files-count")
        for file in files:
            check_attachment(file)
        need(all(a["sha256"] < b["sha256"] for a, b in zip(files, files[1:])), "revision.files-order")
    need(is_author(value.get("by")), "revision.by")
    need(is_time(value.get("t")), "revision.t")
    need(is_integer(value.get("c"), 0, 65535), "revision.c")
    need(is_hex(value.get("n"), 32), "revision.n")
    return value


def check_record(data):
    value = open_object(data, "body by crit kind n of reg role school scope t v".split(), "kind")
    need("school" not in value or is_hex(value["school"], 64), "record.school")
    need(is_scope(value.get("scope")), "record.scope")
    need(is_versioned_name(value.get("kind")), "record.kind")
    need(is_author(value.get("by")), "record.by")
    need(is_role(value.get("role")), "record.role")
    need("of" not in value or is_target(value["of"]), "record.of")
    need(isinstance(value.get("body"), dict), "record.body")
    need("reg" not in value or is_registry_point(value["reg"]), "record.reg")
    need(is_time(value.get("t")), "record.t")
    need(is_hex(value.get("n"), 32), "record.n")
    founding = "school" not in value  # entry 1 of the registry
    need(not founding or (value["scope"] == "registry" and "reg" not in value), "record.school")
    need(founding or "reg" in value, "record.reg")
    need("of" not in value or not (founding or value["kind"] in ("confirm.v1", "receipt.v1")), "record.of")
    return value


def check_header(data):
    value = open_object(data, "crit device inc items prev reg schema school scope seq t v".split(), "items",
                        HEADER_BYTES_MAX)
    need(is_hex(value.get("school"), 64), "header.school")
    need(is_scope(value.get("scope")), "header.scope")
    need(is_hex(value.get("device"), 64), "header.device")
    need(is_hex(value.get("inc"), 32), "header.inc")
    need(is_integer(value.get("seq"), 1, INTEGER_MAX), "header.seq")
    need("prev" not in value or is_hex(value["prev"], 64), "header.prev")
    need(("prev" in value) == (value["seq"] > 1), "header.prev")
    items = value.get("items")
    need(isinstance(items, list) and items, "header.items")
    need(len(items) <= 500, "header.items-count")
    need(all(isinstance(item, str) and re.fullmatch(r"[rd][0-9a-f]{64}", item) for item in items), "header.items")
    need(len(set(items)) == len(items), "header.items-unique")
    need("reg" not in value or is_registry_point(value["reg"]), "header.reg")
    need(is_integer(value.get("schema"), 1, 2**32 - 1), "header.schema")
    need(is_time(value.get("t")), "header.t")
    founding = value["scope"] == "registry" and value["seq"] == 1 and "r" + value["school"] in items
    need("reg" in value or founding, "header.reg")
    return value


def check_attachment(value):
    need(isinstance(value, dict), "attachment.not-an-object")
    need(is_hex(value.get("sha256"), 64), "attachment.sha256")
    need(is_integer(value.get("size"), 0, INTEGER_MAX), "attachment.size")
    need(is_media_type(value.get("type")), "attachment.type")
    need(is_file_name(value.get("name")), "attachment.name")
    need("date" not in value or is_day(value["date"]), "attachment.date")
    need(is_hex(value.get("chunks"), 64), "attachment.chunks")
    need(not set(value) - {"sha256", "size", "type", "name", "date", "chunks"}, "attachment.unknown-key")
    return value


def check_content(file, content):
    """The bytes of an attachment against what a revision says of them."""
    need(len(content) == file["size"], "attachment.size")
    need(sha256(content) == file["sha256"], "attachment.sha256")
    pieces = [hashlib.sha256(content[at:at + MIB]).digest() for at in range(0, len(content), MIB)]
    need(sha256(b"".join(pieces)) == file["chunks"], "attachment.chunks")


def check_chain(headers):
    """Each header against the one before it, where both are here. `headers`: id → header."""
    for header in headers.values():
        before = headers.get(header.get("prev"))
        if before:
            need(all(before[key] == header[key] for key in ("school", "scope", "device")), "header.prev")
            need(header["seq"] == before["seq"] + 1, "header.seq")
            old, new = before.get("reg", {"seq": 0, "hash": ""}), header["reg"]
            # By number; that the one is the other's ancestor only the registry's entries can show.
            need(old["seq"] < new["seq"] or old == new, "header.reg")


CHECKS = {"revision": check_revision, "record": check_record, "frame-header": check_header,
          "attachment": lambda data: check_attachment(parse(data))}


# ---------------------------------------------------------------------------------------------------- signatures

def string(data):
    return len(data).to_bytes(4, "big") + data


def signed_text(name_space, message):
    return (b"SSHSIG" + string(name_space.encode()) + string(b"") + string(b"sha512")
            + string(hashlib.sha512(message).digest()))


def armour(key, name_space, signature):
    blob = (b"SSHSIG" + (1).to_bytes(4, "big") + string(string(b"ssh-ed25519") + string(key))
            + string(name_space.encode()) + string(b"") + string(b"sha512")
            + string(string(b"ssh-ed25519") + string(signature)))
    text = base64.b64encode(blob).decode()
    lines = ["-----BEGIN SSH SIGNATURE-----", *(text[at:at + 70] for at in range(0, len(text), 70)),
             "-----END SSH SIGNATURE-----", ""]
    return "\n".join(lines).encode()


def check_signature(key, name_space, message, signature):
    try:
        VerifyKey(key).verify(signed_text(name_space, message), signature)
    except (BadSignatureError, ValueError):
        raise Refused("signature") from None


# ---------------------------------------------------------------------------------------------------- commands

def check_listed(folder, line, index):
    """One line of golden.json: form, id, signature and armour. Gives the value, or the reason it is too new for us."""
    data = (folder / line["file"]).read_bytes()
    need(sha256(data) == line["id"], "id")
    value = None
    try:
        value = CHECKS[line["kind"]](data)
        need("expect" not in line, "read, but " + line.get("expect", "") + " was expected")
    except Newer as newer:
        need(str(newer) == line.get("expect"), str(newer))
    if line["kind"] == "attachment":
        check_content(value, (bytes(range(251)) * (value["size"] // 251 + 1))[:value["size"]])
    if "signature" in line:
        signer = next(device for device in index["devices"] if device["name"] == line["signer"])
        key, signature = bytes.fromhex(signer["key"]), bytes.fromhex(line["signature"])
        named = value["by"]["device"] if line["kind"] == "record" else value["device"]
        need(sha256(key) == signer["device"] == named, "device")
        purpose = value["kind"].rpartition(".v")[0] if line["kind"] == "record" else "frame"
        need(line["namespace"] == purpose + "@" + index["domain"], "namespace")
        check_signature(key, line["namespace"], data, signature)
        need((folder / line["armour"]).read_bytes() == armour(key, line["namespace"], signature), "armour")
    return value


def check_golden(folder):
    index, headers, wrong = json.loads((folder / "golden.json").read_text("utf-8")), {}, 0
    for line in index["objects"]:
        try:
            value = check_listed(folder, line, index)
            if line["kind"] == "frame-header":
                headers[line["id"]] = value
            print("ok      %-13s %s %s" % (line["kind"], line["id"][:16], line["file"]))
        except (Refused, OSError) as error:
            wrong += 1
            print("WRONG   %-13s %s %s: %s" % (line["kind"], line["id"][:16], line["file"], error))
    try:
        check_chain(headers)
    except Refused as error:
        wrong += 1
        print("WRONG   chain of frame headers: %s" % error)
    for case in json.loads((folder / "refused.json").read_text("utf-8")):
        try:
            CHECKS[case["kind"]](bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode())
            reason = "accepted"
        except Refused as error:
            reason = str(error)
        # Which of the rules of strict JSON was broken is not told apart here.
        same = reason == case["reason"] or (reason.startswith("json.") and case["reason"].startswith("json."))
        wrong += not same
        print("%s %-13s %s: %s" % ("refused" if same else "WRONG  ", case["kind"], case["claim"], reason))
    return wrong


def check_page(page, folder):
    """Blocks of the page that begin with ```WHAT:FILE, where line ends are for the eye only: `golden` is the file's
    text, `id` its hash, `signed` the hex, with # comments, of the text that its signature signs."""
    index, wrong = json.loads((folder / "golden.json").read_text("utf-8")), 0
    blocks = re.findall(r"^```(golden|id|signed):(\S+)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    for what, name, block in blocks:
        data = (folder / name).read_bytes()
        spaces = [line["namespace"] for line in index["objects"] if line["file"] == name and "namespace" in line]
        right = (sha256(data) if what == "id" else data.decode().replace("\n", "") if what == "golden"
                 else signed_text(spaces[0], data).hex())
        same = re.sub(r"#.*|\s" if what == "signed" else r"\n", "", block) == right
        wrong += not same
        print("%s %s of %s on the page" % ("ok     " if same else "WRONG  ", what, name))
    return wrong + (len(blocks) < 4)


def main(words):
    try:
        if words[:1] == ["check-golden"] and len(words) == 2:
            return int(check_golden(pathlib.Path(words[1])) > 0)
        if words[:1] == ["check-page"] and len(words) == 3:
            return int(check_page(pathlib.Path(words[1]), pathlib.Path(words[2])) > 0)
        if words[:1] == ["check-object"] and len(words) == 3 and words[1] in CHECKS:
            data = pathlib.Path(words[2]).read_bytes()
            CHECKS[words[1]](data)
            print("ok      %-13s %s %s" % (words[1], sha256(data), words[2]))
            return 0
    except Refused as error:
        print("WRONG   %s" % error)
        return 1
    print(__doc__, file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
