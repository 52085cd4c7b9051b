#!/usr/bin/python3
"""Makes the golden bytes of this folder without our code, from the words in enrolment.h and keys.h alone.

Needs python3-nacl. Run in this folder; the files must come out as they are, on every machine and for ever:
    ./make.py && git diff --exit-code .
"""
import hashlib
import hmac
import json
import struct

from nacl import bindings

DOMAIN = "qa.example.edu.cn"
PASSPHRASE = "螺旋 opens at 8".encode()


def strict(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def derived(label, size):
    """Bytes that look random and are always the same."""
    return hashlib.sha512(b"spiral golden enrolment " + label.encode()).digest()[:size]


def string(content):
    return struct.pack(">I", len(content)) + content


def sign(secret, name_space, message):
    text = b"SSHSIG" + string(name_space.encode()) + string(b"") + string(b"sha512")
    text += string(hashlib.sha512(message).digest())
    return bindings.crypto_sign(text, secret)[:64]


def digits(school, request):
    value = hashlib.sha256(b"spiral-digits" + school + hashlib.sha256(request).digest()).digest()
    return ["%05d" % (int.from_bytes(value[5 * i:5 * i + 5], "big") % 100000) for i in range(6)]


def invitation(school, code, person, roles, server):
    value = {"v": 1, "school": school.hex(), "domain": DOMAIN, "code": code.hex(),
             "expires": "2026-03-09T14:05:11.123Z", "roles": roles}
    if person:
        value["person"] = person.hex()
    if server:
        value["server"] = {"url": "spiral://qa.example.edu.cn:7443", "key": server.hex()}
    return strict(value)


def request(invited, code, person, public, secret):
    value = {"v": 1, "invitation": hashlib.sha256(invited).hexdigest(), "person": person.hex(), "key": public.hex(),
             "proof": hmac.new(code, public, hashlib.sha256).hexdigest()}
    value["sig"] = sign(secret, "join@" + DOMAIN, strict(value)).hex()
    return strict(value)


def key_file(seed, public):
    salt, nonce = derived("salt", 16), derived("nonce", 24)
    box_key = bindings.crypto_pwhash_alg(32, PASSPHRASE, salt, 2, 64 * 1024 * 1024,
                                         bindings.crypto_pwhash_ALG_ARGON2ID13)
    box = bindings.crypto_secretbox(seed, nonce, box_key)
    return strict({"v": 1, "kdf": "argon2id13", "ops": 2, "mem": 64 * 1024 * 1024, "salt": salt.hex(),
                   "nonce": nonce.hex(), "box": box.hex(), "key": public.hex()})


def write(name, content):
    with open(name, "wb") as out:
        out.write(content)


def main():
    seed = derived("device", 32)
    public, secret = bindings.crypto_sign_seed_keypair(seed)
    server_public, _ = bindings.crypto_sign_seed_keypair(derived("server", 32))
    school, person = derived("school", 32), derived("person", 16)
    roles = [{"role": "head", "scope": "unit/jwc"}, {"role": "clerk", "scope": "college"}]

    # A code whose digits have a group that begins with 0: such groups are easily printed short.
    for number in range(1000):
        code = derived("code %d" % number, 10)
        invited = invitation(school, code, person, roles, server_public)
        asked = request(invited, code, person, public, secret)
        if any(group[0] == "0" for group in digits(school, asked)):
            break

    # A hub is invited without a person: its person is its device.
    hub_code = derived("hub code", 10)
    hub_invited = invitation(school, hub_code, None, [], server_public)
    hub_asked = request(hub_invited, hub_code, hashlib.sha256(public).digest(), public, secret)

    write("seed.bin", seed)
    write("invitation.json", invited)
    write("request.json", asked)
    write("hub-invitation.json", hub_invited)
    write("hub-request.json", hub_asked)
    write("digits.txt", (" ".join(digits(school, asked)) + "\n").encode())
    write("key.json", key_file(seed, public))
    write("passphrase.txt", PASSPHRASE)


main()
