"""The sample people with simulated tokens, and documents for the desk to sign; made once a test run."""

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from console.desk.simulator import Simulator
from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.documents.charter import SIMULATOR_PREFIX

NORTHGATE, MERIDIAN, LUMEN = "Northgate", "Meridian Bank", "Lumen Health"
PEOPLE = {
    "Ada": (NORTHGATE, "hsm-administrator"),
    "Ben": (NORTHGATE, "hsm-administrator"),
    "Cleo": (NORTHGATE, "hsm-administrator"),
    "Jon": (NORTHGATE, "security-officer"),
    "Dina": (MERIDIAN, "key-manager"),
    "Emil": (MERIDIAN, "key-manager"),
    "Fay": (MERIDIAN, "key-manager"),
    "Gus": (MERIDIAN, "security-officer"),
    "Lea": (MERIDIAN, "security-officer"),
    "Hana": (MERIDIAN, "auditor"),
    "Ivo": (LUMEN, "key-manager"),
}


def id_of(what: str) -> str:
    """The same id for the same thing in every run."""
    return hashlib.sha256(what.encode()).hexdigest()[:32]


DEPLOYMENT = id_of("deployment")
_KEYS = {name: ec.derive_private_key(2 + place, ec.SECP256R1()) for place, name in enumerate(PEOPLE)}


def named(name: str) -> dict[str, Any]:
    return {"id": id_of(name), "name": name}


def credential_id(name: str) -> str:
    return b64u(SIMULATOR_PREFIX + id_of(f"credential {name}").encode())


def token(name: str) -> dict[str, Any]:
    """The token of a person as a charter holds it."""
    point = _KEYS[name].public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {
        "credential_id": credential_id(name),
        "algorithm": -7,
        "public_key": b64u(point),
        "label": f"Simulated token of {name}",
        "aaguid": "0" * 32,
        "attestation": {"format": "none", "trusted": False},
        "backup_eligible": False,
        "simulated": True,
    }


def simulator() -> Simulator:
    """What a demo's set-up writes into simulator.json."""
    people = [
        {
            **named(name),
            "organisation": named(organisation),
            "title": role.replace("-", " "),
            "tokens": [
                {
                    "credential_id": credential_id(name),
                    "label": "Simulated token",
                    "private_key": b64u(
                        _KEYS[name].private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
                    ),
                }
            ],
        }
        for name, (organisation, role) in PEOPLE.items()
    ]
    return Simulator.model_validate_json(json.dumps({"deployment": DEPLOYMENT, "people": people}))
