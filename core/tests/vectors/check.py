#!/usr/bin/python3
"""Checks the vectors beside it, without Waxseal.

Written from the description of the formats, not from the Rust code, so that a
fault of the one is not a fault of the other. Needs Python 3.11 and Debian's
python3-cryptography and python3-argon2.

    ./check.py [folder]

Prints one line for each vector that fails, then `N passed, N failed`. The exit
code is 1 if any failed, or if there are fewer than 40.
"""

import hashlib
import hmac
import json
import pathlib
import re
import sys

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

LEAST = 40
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
KINDS = {"share": 0, "generate": 1}
CHECK_TEXT = b"waxseal store check 1"


class Refused(Exception):
    """The verdict, where it is not `ok`."""

    @property
    def verdict(self):
        return self.args[0]


# Primitives


def mac(key, *parts):
    return hmac.digest(key, b"".join(parts), "sha256")


def sha256(data):
    return hashlib.sha256(data).digest()


def expand(key, info, length=32):
    return HKDFExpand(algorithm=SHA256(), length=length, info=info).derive(key)


def extract(salt, material):
    """RFC 5869, 2.2: HMAC keyed with the salt."""
    return mac(salt, material)


def argon2id(passphrase, salt, m_kib, t, p):
    return hash_secret_raw(passphrase.encode(), salt, t, m_kib, p, 32, Type.ID, version=0x13)


# Keys


def read_key(text):
    """31 characters, base 36, most significant first, for a number below 2^160."""
    if not re.fullmatch(r"[0-9a-z]{31}", text, re.ASCII):
        raise Refused("not a key")
    number = 0
    for character in text:
        number = number * 36 + DIGITS.index(character)
    if number >> 160:
        raise Refused("not a key")
    return number.to_bytes(20, "big")


def write_key(data):
    number, text = int.from_bytes(data, "big"), ""
    for _ in range(31):
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text


def link_key(metadata):
    """The tick, which ends M, then 16 bytes of a MAC under M."""
    return metadata[16:] + mac(metadata, b"waxseal1 link")[:16]


class KeyFile:
    """One root, and a ring of master keys, one of which seals."""

    def __init__(self, text):
        self.roots, self.ring, self.seals = [], {}, []
        self.read([line.strip() for line in text.split("\n")])
        if len(self.seals) != 1:
            raise Refused({"refused": "sealing keys"})
        if len(self.roots) != 1:
            raise Refused({"refused": "roots"})
        self.sealing = self.seals[0]

    def read(self, lines):
        entries = [(n, line) for n, line in enumerate(lines, 1) if line and line[0] != "#"]
        if not entries or entries[0][1] != "waxseal-key-file 1":
            raise Refused({"refused": "format"})
        for n, line in entries[1:]:
            match line.split():
                case ["root", key] if is_key(key):
                    self.roots.append(bytes.fromhex(key))
                case ["key", key, ("seals" | "opens") as use] if is_key(key):
                    self.add(n, bytes.fromhex(key), use)
                case _:
                    raise Refused({"refused": f"line {n}"})

    def add(self, n, key, use):
        kid = mac(key, b"kid")[:4]
        if key in self.ring.values():
            raise Refused({"refused": f"repeated in line {n}"})
        self.ring[kid] = key
        if use == "seals":
            self.seals.append(kid)

    def from_root(self, name):
        return expand(self.roots[0], b"waxseal1 " + name)

    def from_ring(self, kid, name):
        if kid not in self.ring:
            raise Refused("no key")
        return expand(self.ring[kid], b"waxseal1 " + name)

    def record_id(self, link):
        return link[:4] + mac(self.from_root(b"index"), link)[:28]

    def token_digest(self, token):
        return mac(self.from_root(b"token"), token.encode())


def is_key(text):
    return re.fullmatch(r"[0-9a-fA-F]{64}", text) is not None


# Content


def padded(length):
    step = 64
    if length > 1024:
        while step * 2 * 16 <= length:
            step *= 2
    return -(-length // step) * step


def pack(value, share_domain):
    value, domain = value.encode(), (share_domain or "").encode()
    packed = len(value).to_bytes(4, "big") + bytes([len(domain)]) + domain + value
    return packed.ljust(padded(len(packed)), b"\0")


def unpack(packed):
    """Nothing opens but what `pack` would write."""
    if len(packed) < 5:
        raise Refused("damaged")
    length, start = int.from_bytes(packed[:4], "big"), 5 + packed[4]
    try:
        domain, value = packed[5:start].decode(), packed[start : start + length].decode()
    except UnicodeDecodeError:
        raise Refused("damaged") from None
    if pack(value, domain) != packed:
        raise Refused("damaged")
    return {"share_domain": domain or None, "value": value}


def header_of(kid, cost, salt):
    flags, kdf = (1, 1) if cost else (0, 0)
    m_kib, t, p = cost or (0, 0, 0)
    return b"\x01" + kid + bytes([flags, kdf]) + m_kib.to_bytes(4, "big") + bytes([t, p]) + salt


def read_header(lock):
    """Kid, cost and salt; the cost is None without a passphrase."""
    header = lock[:29]
    cost = (int.from_bytes(header[7:11], "big"), header[11], header[12])
    cost = cost if header[5] else None
    if len(lock) != 61 or header != header_of(header[1:5], cost, header[13:]):
        raise Refused("damaged")
    if cost and not (19_456 <= cost[0] <= 262_144 and 2 <= cost[1] <= 6 and 1 <= cost[2] <= 4):
        raise Refused("damaged")
    return header, cost


def content_keys(ring, header, link, stretched):
    """AEAD key, nonce, commitment."""
    prk = extract(ring.from_ring(header[1:5], b"content"), sha256(link) + stretched)
    okm = expand(prk, b"waxseal1 content" + header, 76)
    return okm[:32], okm[32:44], okm[44:]


def content_aad(header, record):
    times = record["created"].to_bytes(8, "big") + record["expires"].to_bytes(8, "big")
    return header + unhex(record["id"]) + times + bytes([KINDS[record["made"]]]) + b"content"


def stretch(passphrase, cost, header):
    if cost is None or passphrase is None:
        return bytes(32)
    return argon2id(passphrase, header[13:], *cost)


def seal_content(given):
    ring, link = KeyFile(given["key_file"]), read_key(given["link_key"])
    cost = given["cost"] and (given["cost"]["m_kib"], given["cost"]["t"], given["cost"]["p"])
    header = header_of(ring.sealing, cost, unhex(given["salt"]))
    stretched = stretch(given["passphrase"], cost, header)
    key, nonce, commitment = content_keys(ring, header, link, stretched)
    packed = pack(given["value"], given["share_domain"])
    body = AESGCM(key).encrypt(nonce, packed, content_aad(header, given))
    return {"lock": (header + commitment).hex(), "body": body.hex()}


def open_content(given):
    ring, link, record = KeyFile(given["key_file"]), read_key(given["link_key"]), given["record"]
    lock = unhex(record["lock"])
    header, cost = read_header(lock)
    if (cost is not None) != record["passphrase_required"]:
        raise Refused("damaged")
    stretched = stretch(given["passphrase"], cost, header)
    key, nonce, commitment = content_keys(ring, header, link, stretched)
    if not hmac.compare_digest(commitment, lock[29:]):
        raise Refused("wrong passphrase" if cost else "damaged")
    return unpack(aead_open(key, nonce, unhex(record["body"]), content_aad(header, record), "damaged"))


def aead_open(key, nonce, sealed, aad, verdict):
    """The library raises ValueError or InvalidTag for less than a tag."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except (InvalidTag, ValueError):
        raise Refused(verdict) from None


# Boxes


def terms(ring, place, kid):
    """Purpose key, secret, label, context."""
    match place["box"]:
        case "info":
            secret = sha256(read_key(place["metadata_key"]))
            return ring.from_ring(kid, b"info"), secret, b"info", unhex(place["id"])
        case "own":
            return ring.from_root(b"account"), unhex(place["list_key"]), b"own", unhex(place["id"])
        case "wrap":
            secret = sha256(place["token"].encode())
            return ring.from_root(b"account"), secret, b"wrap", unhex(place["digest"])
        case "name":
            return ring.from_root(b"name"), bytes(32), b"name", unhex(place["account"])
        case "check":
            return ring.from_root(b"check"), bytes(32), b"check", b"check"


def box_keys(ring, place, kid, salt):
    """AEAD key, nonce, associated data."""
    purpose, secret, name, context = terms(ring, place, kid)
    bound = b"waxseal1 " + name + b"\x01" + kid
    okm = expand(extract(purpose, secret), bound + salt, 44)
    return okm[:32], okm[32:], bound + context


def seal_box(given):
    ring, place, salt = KeyFile(given["key_file"]), given["place"], unhex(given["salt"])
    kid = ring.sealing if place["box"] == "info" else bytes(4)
    key, nonce, aad = box_keys(ring, place, kid, salt)
    return (b"\x01" + kid + salt + AESGCM(key).encrypt(nonce, unhex(given["content"]), aad)).hex()


def open_box(given):
    ring, place, sealed = KeyFile(given["key_file"]), given["place"], unhex(given["sealed"])
    if len(sealed) < 21 or sealed[0] != 1:
        raise Refused("closed")
    key, nonce, aad = box_keys(ring, place, sealed[1:5], sealed[5:21])
    content = aead_open(key, nonce, sealed[21:], aad, "closed")
    if place["box"] == "check" and content != CHECK_TEXT:
        raise Refused("closed")
    return content.hex()


def read_info(data):
    def text():
        nonlocal data
        length = data[0]
        piece, data = data[1 : 1 + length], data[1 + length :]
        if len(piece) < length:
            raise IndexError
        return piece.decode()

    try:
        account = text()
        count, data = data[0], data[1:]
        recipients = [text() for _ in range(count)]
        share_domain = text()
    except (IndexError, UnicodeDecodeError):
        raise Refused("damaged") from None
    if data:
        raise Refused("damaged")
    return {"account": account or None, "recipients": recipients, "share_domain": share_domain or None}


# Pages

ALPHABET = "ACDEFGHJKMNPQRTUWXY34679"
TICKS = 2**32
HOURS_12 = 12 * 3600 * 500
MINUTE = 60 * 500


def page_key(given):
    return KeyFile(given["key_file"]).from_root(b"page")


def tick_at(millis):
    return millis // 2 % TICKS


def check_live(tick, millis):
    """From a minute ahead until 12 hours after, across the wrap."""
    age = (tick_at(millis) - tick) % TICKS
    if not (age < HOURS_12 or age >= TICKS - MINUTE):
        raise Refused("closed")


def page_token(key, given, tick):
    head = b"\x01" + tick.to_bytes(4, "big")
    return head + mac(key, given["does"].encode(), head, unhex(given["id"]))[:16]


def typed(key, token):
    drawn = mac(key, b"check", token)
    return "".join(ALPHABET[int.from_bytes(drawn[i : i + 2], "big") % 24] for i in (0, 2, 4))


def page_token_made(given):
    key = page_key(given)
    token = page_token(key, given, tick_at(given["millis"]))
    return {"token": token.hex(), "check": typed(key, token)}


def page_token_sent(given):
    if not re.fullmatch(r"01[0-9a-f]{40}", given["token"]):
        raise Refused("closed")
    key, token = page_key(given), unhex(given["token"])
    tick = int.from_bytes(token[1:5], "big")
    if token != page_token(key, given, tick):
        raise Refused("closed")
    check_live(tick, given["millis"])
    return typed(key, token)


def form_nonce(key, head):
    return head + mac(key, b"nonce", head)[:16]


def form_nonce_made(given):
    head = b"\x01" + tick_at(given["millis"]).to_bytes(4, "big") + unhex(given["random"])
    return form_nonce(page_key(given), head).hex()


def form_sent(given):
    if not re.fullmatch(r"01[0-9a-f]{72}", given["nonce"]):
        raise Refused("closed")
    key, nonce = page_key(given), unhex(given["nonce"])
    if nonce != form_nonce(key, nonce[:21]):
        raise Refused("closed")
    check_live(int.from_bytes(nonce[1:5], "big"), given["millis"])
    fields = [field.encode() for field in given["fields"]]
    packed = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return write_key(mac(key, b"form", nonce[1:21], sha256(packed))[:16] + nonce[1:5])


# Kinds


def unhex(text):
    if not re.fullmatch(r"(?:[0-9a-f]{2})*", text):
        raise ValueError(f"not lower-case hexadecimal: {text}")
    return bytes.fromhex(text)


def key_text(given):
    data = read_key(given["text"])
    assert write_key(data) == given["text"]
    return data.hex()


def minted_key(given):
    tick = given["millis"] // 2 % 2**32
    metadata = unhex(given["random"]) + tick.to_bytes(4, "big")
    return {"metadata_key": write_key(metadata), "link_key": write_key(link_key(metadata))}


def key_file_text(given):
    ring = KeyFile(given["text"])
    return {
        "seals": ring.sealing.hex(),
        "holds": [kid for kid in given["kids"] if unhex(kid) in ring.ring],
        "record_id_of_zeros": ring.record_id(bytes(20)).hex(),
    }


def account_id(given):
    key = KeyFile(given["key_file"]).from_root(b"name")
    return mac(key, b"index", given["name"].lower().encode())[:16].hex()


def client_id(given):
    return mac(KeyFile(given["key_file"]).from_root(b"client"), unhex(given["address"]))[:8].hex()


def log_id(given):
    return mac(KeyFile(given["key_file"]).from_root(b"log"), unhex(given["id"]))[:6].hex()


def stretched(given):
    cost = given["cost"]
    return argon2id(given["passphrase"], unhex(given["salt"]), cost["m_kib"], cost["t"], cost["p"]).hex()


ANSWERS = {
    "key-text": key_text,
    "minted-key": minted_key,
    "derived-link-key": lambda given: write_key(link_key(read_key(given["metadata_key"]))),
    "record-id-of": lambda given: KeyFile(given["key_file"]).record_id(read_key(given["link_key"])).hex(),
    "kid-of": lambda given: KeyFile(given["key_file"]).sealing.hex(),
    "account-id-of": account_id,
    "token-digest-of": lambda given: KeyFile(given["key_file"]).token_digest(given["token"]).hex(),
    "client-id-of": client_id,
    "log-id-of": log_id,
    "key-file-text": key_file_text,
    "stretched": stretched,
    "padded-lengths": lambda given: [padded(length) for length in given["lengths"]],
    "content-seal": seal_content,
    "content-open": open_content,
    "info-layout": lambda given: read_info(unhex(given["bytes"])),
    "box-seal": seal_box,
    "box-open": open_box,
    "page-token-made": page_token_made,
    "page-token-sent": page_token_sent,
    "form-nonce-made": form_nonce_made,
    "form-sent": form_sent,
}


def opens_again(vector):
    """A true seal opens to what was sealed."""
    given, sealed = vector["given"], vector["verdict"]["ok"]
    if vector["kind"] == "content-seal":
        record = {**given, **sealed, "passphrase_required": given["passphrase"] is not None}
        opened = open_content({**given, "record": record})
        return opened == {"share_domain": given["share_domain"], "value": given["value"]}
    if vector["kind"] == "box-seal":
        return open_box({**given, "sealed": sealed}) == given["content"]
    return True


def check(vector):
    """What is wrong with a vector; None if nothing is."""
    if set(vector) != {"kind", "why", "given", "verdict"} or not vector["why"]:
        return "a vector has kind, why, given and verdict"
    if vector["kind"] not in ANSWERS:
        return f"unknown kind {vector['kind']}"
    try:
        answer = {"ok": ANSWERS[vector["kind"]](vector["given"])}
    except Refused as refused:
        answer = refused.verdict
    if answer != vector["verdict"]:
        return f"kept as {vector['verdict']}, but here {answer}"
    sealed = isinstance(answer, dict) and "ok" in answer
    return "does not open again" if sealed and not opens_again(vector) else None


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    folder = folder if folder.is_dir() else folder.parent
    paths = sorted(folder.glob("*.json"))
    failed = 0
    for path in paths:
        try:
            wrong = check(json.loads(path.read_text(encoding="utf-8")))
        except Exception as error:  # whatever it is, it is this vector's failure
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            failed += 1
            print(f"{path.name}: {wrong}")
    if len(paths) < LEAST:
        print(f"{len(paths)} vectors, where there were at least {LEAST}")
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or len(paths) < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
