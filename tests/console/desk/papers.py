"""Documents for the desk to show: each is made whole, and tests spoil what they are about."""

import json
import time
from pathlib import Path
from typing import Any

from hsmnodes.node.protocol import canonical
from tests.console.desk.cast import DEPLOYMENT, MERIDIAN, NORTHGATE, credential_id, id_of, named, token

HOUR = 3600


def now() -> int:
    return int(time.time())


def statement(**changes: Any) -> dict[str, Any]:
    """The golden statement, of this desk's deployment: one rule is weaker than the catalogue's default."""
    file = Path(__file__).parents[2] / "vectors" / "documents" / "statement.json"
    stated = json.loads(file.read_bytes()) | {"deployment": DEPLOYMENT}
    [weak] = [one for one in stated["zones"][0]["rules"] if one["weaker"]]
    weak["default"] = dict(weak["rule"])
    weak["rule"] = weak["rule"] | {"clauses": [weak["rule"]["clauses"][0] | {"m": 1}]}
    return stated | changes


def signing(of: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The proposal to sign a statement."""
    customer = of["customer"]["authority"]
    parameters = {
        "service": {"id": of["service"]["id"], "name": of["service"]["name"]},
        "customer": {"id": customer["id"], "name": customer["name"]},
        "version": of["version"],
        "statement": canonical.sha256_hex(canonical.encode(of)),
    }
    sides = [customer, of["provider"]["authority"]]
    shape = {"parameters": parameters, "authorities": sides, "nodes": []}
    return proposal("statement.sign/v1", **(shape | changes))


def at_desk(origin: str) -> dict[str, Any]:
    return {"origin": origin, "rp_id": origin.split("://")[1].split(":", maxsplit=1)[0]}


def sign_in(*, console: str, desk: str, **changes: Any) -> dict[str, Any]:
    return {
        "type": "quorate/sign-in/v1",
        "deployment": DEPLOYMENT,
        "console": console,
        "desk": at_desk(desk),
        "nonce": id_of("nonce"),
        "at": now(),
        "expires_at": now() + 300,
        **changes,
    }


def enrolment(*, desk: str, **changes: Any) -> dict[str, Any]:
    return {
        "type": "quorate/enrolment/v1",
        "deployment": DEPLOYMENT,
        "demo": True,
        "person": named("Dina"),
        "organisation": named(MERIDIAN),
        "desk": at_desk(desk),
        "label": "Blue key",
        "nonce": id_of("nonce"),
        "at": now(),
        **changes,
    }


def share_key_request(
    *, desk: str, person: str = "Dina", credential: str = "", **changes: Any
) -> dict[str, Any]:
    return {
        "type": "quorate/share-key-request/v1",
        "deployment": DEPLOYMENT,
        "demo": True,
        "person": named(person),
        "organisation": named(MERIDIAN),
        "desk": at_desk(desk),
        "credential_id": credential or credential_id(person),
        "label": "Blue key",
        "nonce": id_of("nonce"),
        "at": now(),
        **changes,
    }


def authority(kind: str, name: str, version: int = 1) -> dict[str, Any]:
    return {"kind": kind, **named(name), "version": version, "hash": canonical.sha256_hex(name.encode())}


def node(name: str) -> dict[str, Any]:
    return {**named(name), "identity": canonical.sha256_hex(f"identity of {name}".encode())}


def generate_keys() -> dict[str, Any]:
    keys = [
        {"label": "payments-2027", "algorithm": "ec-p256", "usages": ["sign"]},
        {"label": "archive-2027", "algorithm": "aes-256", "usages": ["decrypt", "encrypt"]},
    ]
    return {"zone": named("Cards"), "keys": keys}


def proposal(operation: str = "key.generate/v1", **changes: Any) -> dict[str, Any]:
    return {
        "type": "quorate/proposal/v1",
        "deployment": DEPLOYMENT,
        "demo": True,
        "proposal": id_of("proposal"),
        "operation": operation,
        "parameters": generate_keys(),
        "authorities": [authority("zone", "Cards", 3)],
        "nodes": [node("ams-1")],
        "requester": {**named("Dina"), "organisation": named(MERIDIAN)},
        "not_before": now() - HOUR,
        "expires_at": now() + 47 * HOUR,
        "previous": None,
        "reason": "New signing key for the card payments of 2027, as agreed in change 4711.",
        **changes,
    }


def amended(*, desk: str, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A charter, and the version that is to follow it."""
    before = charter(desk=desk)
    follows = {"version": 2, "previous": canonical.sha256_hex(canonical.encode(before))}
    return before, before | follows | changes


def amendment(charter: dict[str, Any]) -> dict[str, Any]:
    """The proposal that puts `charter` into force."""
    authority_of = charter["authority"]
    version = charter["version"] - 1
    return proposal(
        "charter.amend/v1",
        parameters={
            "authority": authority_of,
            "version": charter["version"],
            "charter": canonical.sha256_hex(canonical.encode(charter)),
        },
        authorities=[{**authority_of, "version": version, "hash": charter["previous"]}],
        nodes=[],
        previous=charter["previous"],
    )


def charter(*, desk: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    """The charter of the zone Cards of Meridian Bank."""
    people = [
        {
            **named(name),
            "organisation": named(MERIDIAN),
            "roles": ["custodian", "key-manager"] if name != "Fay" else ["key-manager"],
            "tokens": [token(name)],
        }
        for name in ("Dina", "Emil", "Fay")
    ]
    rules = [("charter.amend/v1", 2), ("key.destroy/v1", 3), ("key.generate/v1", 2), ("slot.create/v1", 2)]
    return {
        "type": "quorate/charter/v1",
        "deployment": DEPLOYMENT,
        "demo": True,
        "authority": {"kind": "zone", **named("Cards")},
        "version": version,
        "previous": None if version == 1 else canonical.sha256_hex(b"version before"),
        "valid_from": now() - HOUR,
        "valid_until": now() + 365 * 24 * HOUR,
        "desk": at_desk(desk),
        "token_rules": {"backup_eligible": "forbidden"},
        "zone": {
            "service": named("Cards 2027"),
            "provider": named(NORTHGATE),
            "customer": named(MERIDIAN),
            "controller": "customer",
        },
        "people": sorted(people, key=lambda person: str(person["id"])),
        "groups": [{"name": "night-shift", "people": sorted(id_of(name) for name in ("Emil", "Fay"))}],
        "rules": [
            {"operation": tag, "clauses": [{"role": "key-manager", "group": None, "m": m}]}
            for tag, m in rules
        ],
        **changes,
    }
