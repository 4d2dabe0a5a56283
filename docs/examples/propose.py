#!/usr/bin/env python3
# ruff: noqa: S310, T201 - a script of its own, for a terminal and the address its caller gives
"""Drafts a key for a Trust Zone: every request is signed, and nothing is needed but `cryptography`.

propose.py new-key
    makes a key pair in program.pem and prints the public key, which a security officer registers

propose.py draft --console ORIGIN --program ID --requester ID --zone NAME --label LABEL
    drafts the generation of a P-256 key; the person who is the requester finds it waiting
"""

import argparse
import base64
import hashlib
import json
import secrets
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

KEY = Path("program.pem")
JSON = dict[str, Any]
Headers = dict[str, str]


class Refused(Exception):
    """The console refused a request; holds its problem details (RFC 9457)."""


class Console:
    """A console, asked by a program in requests that it signs (RFC 9421)."""

    def __init__(self, origin: str, program: str, key: Ed25519PrivateKey) -> None:
        self.origin, self.program, self.key = origin, program, key

    def get(self, path: str, **query: str) -> JSON:
        """Read something."""
        return self._ask("GET", path + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, content: JSON, **headers: str) -> JSON:
        """Send something."""
        return self._ask("POST", path, json.dumps(content).encode(), headers)

    def _ask(self, method: str, path: str, body: bytes | None = None, headers: Headers | None = None) -> JSON:
        url = f"{self.origin}/api/v1/{path}"
        signed = {**(headers or {}), **self._signature(method, url, body)}
        request = urllib.request.Request(url, data=body, headers=signed, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found: JSON = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)) from None

    def _signature(self, method: str, url: str, body: bytes | None) -> Headers:
        """The headers that make a request the program's: what they cover cannot be changed or used again."""
        headers: Headers = {}
        covered = {"@method": method, "@target-uri": url}
        if body is not None:
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            headers = {"Content-Type": "application/json", "Content-Digest": f"sha-256=:{digest}:"}
            covered |= {name.lower(): value for name, value in headers.items()}
        names = " ".join(f'"{name}"' for name in covered)
        parameters = (
            f'({names});created={int(time.time())};keyid="{self.program}";nonce="{secrets.token_urlsafe(16)}"'
        )
        lines = [f'"{name}": {value}' for name, value in covered.items()]
        lines.append(f'"@signature-params": {parameters}')
        signature = base64.b64encode(self.key.sign("\n".join(lines).encode())).decode()
        return headers | {
            "Signature-Input": f"quorate={parameters}",
            "Signature": f"quorate=:{signature}:",
        }


def make_key() -> None:
    """A new key pair: the private key stays in a file of its own, the public key is printed."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    KEY.touch(mode=0o600, exist_ok=False)
    KEY.write_bytes(pem)
    public = key.public_key().public_bytes_raw()
    print("Public key:", base64.urlsafe_b64encode(public).rstrip(b"=").decode())


def draft_key(console: Console, *, requester: str, zone_name: str, label: str) -> JSON:
    """Draft the generation of a P-256 signing key; returns the draft."""
    zone = next(one for one in console.get("zones")["results"] if one["name"] == zone_name)
    # The key is to be on every HSM that has the zone, made on the first of them.
    slots = reversed(console.get("slots", zone=zone["id"])["results"])
    wanted = {
        "operation": "key.generate/v1",
        "parameters": {
            "zone": {"id": zone["id"], "name": zone["name"]},
            "keys": [{"label": label, "algorithm": "ec-p256", "usages": ["sign"]}],
        },
        "nodes": [slot["node"]["id"] for slot in slots],
        "reason": f"The next signing key, {label}, is due.",
        "requester": requester,
    }
    # Sent again after a lost answer, this makes no second draft.
    return console.post("proposals", wanted, **{"Idempotency-Key": f"{zone['id']}-{label}"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("new-key")
    draft = commands.add_parser("draft")
    for name in ("console", "program", "requester", "zone", "label"):
        draft.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    if given.command == "new-key":
        make_key()
        return
    key = load_pem_private_key(KEY.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SystemExit(f"{KEY} does not hold an Ed25519 key.")
    console = Console(given.console, given.program, key)
    try:
        made = draft_key(console, requester=given.requester, zone_name=given.zone, label=given.label)
    except Refused as refused:
        problem = refused.args[0]
        told = f"{problem['detail']} ({problem['code']}, reference {problem['reference']})"
        raise SystemExit(told) from None
    print(made["sentence"])
    print("Proposal:", made["id"])
    print("Words:", " ".join(made["words"]))


if __name__ == "__main__":
    main()
