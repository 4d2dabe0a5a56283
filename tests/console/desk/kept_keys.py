"""Readers of share key files and sheets made from the published format alone (docs/formats/custody.md).

Run as a module it writes the vectors that hold the desk to it. The modules of the codes in them were drawn by
segno 1.6.6 (version 6, level Q, mask 0); what is there of them is kept.
"""

import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hsmnodes.node.protocol.canonical import b64u, b64u_decode, encode
from hsmnodes.node.protocol.words import word_list
from tests.console.desk.cast import DEPLOYMENT, MERIDIAN, credential_id, named

VECTORS = Path(__file__).parents[2] / "vectors" / "share_key_forms.json"
CONTEXT = b"quorate/share-key-sheet/v1"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
SIZE = 41


def public_key_of(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


# ------------------------------------------------------------------ the file


def file_key(passphrase: str, salt: bytes) -> bytes:
    spelt = " ".join(part for part in unicodedata.normalize("NFC", passphrase).split(" ") if part)
    return hashlib.pbkdf2_hmac("sha256", spelt.encode(), salt, 1_000_000, 32)


def write_file(private_key: bytes, passphrase: str, **changes: Any) -> bytes:
    """The bytes of Dina's file, with a salt and a nonce that tests can repeat."""
    head = {
        "type": "quorate/share-key-file/v1",
        "deployment": DEPLOYMENT,
        "demo": True,
        "person": named("Dina"),
        "organisation": named(MERIDIAN),
        "credential_id": credential_id("Dina"),
        "label": "Blue key",
        "public_key": b64u(public_key_of(private_key)),
        "at": 1_764_000_000,
        "kdf": "PBKDF2-HMAC-SHA-256",
        "iterations": 1_000_000,
        "salt": b64u(hashlib.sha256(b"salt" + private_key).digest()[:16]),
        "cipher": "AES-256-GCM",
        "nonce": b64u(hashlib.sha256(b"nonce" + private_key).digest()[:12]),
    } | changes
    key = AESGCM(file_key(passphrase, b64u_decode(head["salt"])))
    sealed = head | {"sealed": b64u(key.encrypt(b64u_decode(head["nonce"]), private_key, encode(head)))}
    return encode(sealed | {"sha256": hashlib.sha256(encode(sealed)).hexdigest()})


def read_file(data: bytes, passphrase: str) -> bytes:
    """The private key in a file. Raises AssertionError for an altered file, InvalidTag for a passphrase."""
    whole = json.loads(data)
    assert encode(whole) == data
    sha256 = whole.pop("sha256")
    assert hashlib.sha256(encode(whole)).hexdigest() == sha256
    sealed = b64u_decode(whole.pop("sealed"))
    assert (whole["kdf"], whole["iterations"], whole["cipher"]) == (
        "PBKDF2-HMAC-SHA-256",
        1_000_000,
        "AES-256-GCM",
    )
    key = AESGCM(file_key(passphrase, b64u_decode(whole["salt"])))
    private_key = key.decrypt(b64u_decode(whole["nonce"]), sealed, encode(whole))
    assert public_key_of(private_key) == b64u_decode(whole["public_key"])
    return private_key


# ------------------------------------------------------------------ the sheet


def _check(number: int, data: bytes) -> bytes:
    return hashlib.sha256(CONTEXT + bytes([number]) + data).digest()


def write_lines(private_key: bytes) -> list[str]:
    lines = []
    for number in range(1, 9):
        part = private_key[4 * number - 4 : 4 * number]
        value = int.from_bytes(part, "big") << 12 | int.from_bytes(_check(number, part)[:2], "big") >> 4
        lines.append(" ".join(word_list()[value >> shift & 2047] for shift in (33, 22, 11, 0)))
    return lines


def read_lines(lines: list[str]) -> bytes:
    """The private key that eight lines stand for. Raises AssertionError naming a line that is not right."""
    found = b""
    for number, line in enumerate(lines, start=1):
        value = 0
        for word in line.split():
            value = value << 11 | word_list().index(word)
        part = (value >> 12).to_bytes(4, "big")
        assert value & 4095 == int.from_bytes(_check(number, part)[:2], "big") >> 4, f"line {number}"
        found += part
    assert len(found) == 32
    return found


def write_code(private_key: bytes) -> str:
    return f"QUORATE SHARE KEY 1 {private_key.hex().upper()} {_check(0, private_key)[:4].hex().upper()}"


def read_code(text: str) -> bytes:
    head, key, check = text.rsplit(" ", 2)
    assert head == "QUORATE SHARE KEY 1"
    private_key = bytes.fromhex(key)
    assert _check(0, private_key)[:4].hex().upper() == check
    return private_key


# ------------------------------------------------------------------ the code (ISO/IEC 18004)


def read_modules(rows: list[str]) -> str:
    """The text of a code of 41 rows of `0` and `1`. Raises AssertionError if a check byte is not right."""
    codewords = _codewords(rows)
    blocks = [codewords[place:76:4] + codewords[76 + place :: 4] for place in range(4)]
    for block in blocks:
        assert all(_evaluate(block, exponent) == 0 for exponent in range(24))
    bits = "".join(f"{byte:08b}" for block in blocks for byte in block[:19])
    assert bits[:4] == "0010"
    length, bits = int(bits[4:13], 2), bits[13:]
    pairs = [int(bits[at : at + 11], 2) for at in range(0, 11 * (length // 2), 11)]
    text = "".join(ALPHABET[pair // 45] + ALPHABET[pair % 45] for pair in pairs)
    rest = bits[11 * (length // 2) :]
    return text + (ALPHABET[int(rest[:6], 2)] if length % 2 else "")


def _codewords(rows: list[str]) -> list[int]:
    """Read in columns of two from the right, going up and down by turns, without the mask."""
    assert len(rows) == SIZE
    assert {len(row) for row in rows} == {SIZE}
    columns = [*range(SIZE - 1, 6, -2), *range(5, 0, -2)]
    bits = ""
    for turn, right in enumerate(columns):
        for row in range(SIZE) if turn % 2 else reversed(range(SIZE)):
            for column in (right, right - 1):
                if not _is_pattern(row, column):
                    bits += str(int(rows[row][column]) ^ ((row + column) % 2 == 0))
    return [int(bits[at : at + 8], 2) for at in range(0, 8 * 172, 8)]


def _is_pattern(row: int, column: int) -> bool:
    edge = SIZE - 8
    finder = (row < 9 and column < 9) or (row < 9 and column >= edge) or (row >= edge and column < 9)
    return finder or 6 in (row, column) or (abs(row - 34) <= 2 and abs(column - 34) <= 2)


def _evaluate(block: list[int], exponent: int) -> int:
    """The polynomial of a block at 2^exponent in GF(2^8)."""
    value = 0
    for byte in block:
        for _ in range(exponent):
            value = value << 1 ^ (0x11D if value & 0x80 else 0)
        value ^= byte
    return value


def write_vectors() -> None:
    """Files and sheets of three keys; the modules of their codes are not made here."""
    known = {one["code"]: one["modules"] for one in json.loads(VECTORS.read_text())["sheets"]}
    keys = {
        "counting": bytes(range(32)),
        "zeros at the beginning": bytes(16) + hashlib.sha256(b"key").digest()[:16],
        "any": hashlib.sha256(b"any key").digest(),
    }
    passphrases = ["six words are enough for this", "Cafe\u0301  au lait, s'il vous plai\u0302t ", "x" * 200]
    files = [
        {
            "name": name,
            "private_key": key.hex(),
            "passphrase": passphrase,
            "file": write_file(key, passphrase).decode(),
        }
        for (name, key), passphrase in zip(keys.items(), passphrases, strict=True)
    ]
    sheets = [
        {
            "name": name,
            "private_key": key.hex(),
            "public_key": public_key_of(key).hex(),
            "lines": write_lines(key),
            "code": write_code(key),
            "modules": known.get(write_code(key), []),
        }
        for name, key in keys.items()
    ]
    VECTORS.write_text(json.dumps({"files": files, "sheets": sheets}, indent=1) + "\n")


if __name__ == "__main__":
    write_vectors()
