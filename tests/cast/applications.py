"""The webshop of Meridian Bank, and warrants about it: Dina proposes, Emil and Fay approve."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsmnodes.node.endpoint.connect import own
from hsmnodes.node.endpoint.connect.sealed import public_bytes
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Named, Suspension, Warrant
from tests.cast.charters import Chain
from tests.cast.deployment import Deployment, NodeOfCast
from tests.cast.people import DINA, EMIL, FAY, named
from tests.cast.signing import make_warrant

AdmittedKey = tuple[str, str, Sequence[str]]
"""The id, label and usages of a key that an application is to have."""


@dataclass(frozen=True)
class Application:
    """An application by its name, what its `connect` command tells of it, and its keys if they are known."""

    named: Named
    request: dict[str, Any]
    key: ec.EllipticCurvePrivateKey | None = None
    sealing_key: X25519PrivateKey | None = None

    @classmethod
    def of(cls, request: dict[str, Any]) -> "Application":
        """The one whose request.json this is."""
        stated = {name: value for name, value in request.items() if name not in ("type", "name")}
        return cls(named(request["name"]), stated)

    @classmethod
    def make(
        cls, name: str = "webshop", *, valid_seconds: int = 30 * 86_400, **changes: Any
    ) -> "Application":
        """A new one, whose certificate is made as the `connect` command makes it."""
        key, sealing_key = ec.generate_private_key(ec.SECP256R1()), X25519PrivateKey.generate()
        valid_from = int(time.time()) - own.HOUR
        valid_until = valid_from + valid_seconds
        certificate = own.make_certificate(key, name, valid_from, valid_until)
        der = certificate.public_bytes(Encoding.DER)
        info = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        request = {
            "certificate": canonical.b64u(der),
            "public_key": hashlib.sha256(info).hexdigest(),
            "valid_from": valid_from,
            "valid_until": valid_until,
            "sealing_key": canonical.b64u(public_bytes(sealing_key)),
        }
        return cls(named(name), request | changes, key, sealing_key)


def admit_application(
    cast: Deployment,
    node: NodeOfCast,
    zone: Chain,
    application: Application,
    keys: Sequence[AdmittedKey],
    /,
    *,
    others: Sequence[NodeOfCast] = (),
    **changes: Any,
) -> Warrant:
    """To admit an application to these keys, on `node` and then on the others."""
    parameters = {
        "application": application.named.model_dump(),
        **application.request,
        "keys": [{"id": key, "label": label, "usages": list(usages)} for key, label, usages in keys],
    }
    return _signed(cast, "application.admit/v1", parameters | changes, [node, *others], zone)


def extend_application(
    cast: Deployment,
    nodes: Sequence[NodeOfCast],
    to: Sequence[NodeOfCast],
    zone: Chain,
    application: Application,
    keys: Sequence[AdmittedKey],
    /,
    **changes: Any,
) -> Warrant:
    """To serve it on further nodes, too, beside those that have it."""
    parameters = {
        "application": application.named.model_dump(),
        **application.request,
        "keys": [{"id": key, "label": label, "usages": list(usages)} for key, label, usages in keys],
        "to": [{"id": node.at.id, "name": node.at.name} for node in to],
    }
    return _signed(cast, "application.extend/v1", parameters | changes, [*nodes, *to], zone)


def remove_application(
    cast: Deployment,
    node: NodeOfCast,
    zone: Chain,
    application: Named,
    /,
    *,
    others: Sequence[NodeOfCast] = (),
    **changes: Any,
) -> Warrant:
    """To remove it."""
    parameters = {"application": application.model_dump()}
    return _signed(cast, "application.remove/v1", parameters | changes, [node, *others], zone)


def resume_application(
    cast: Deployment,
    node: NodeOfCast,
    zone: Chain,
    application: Named,
    suspensions: Sequence[Suspension],
    /,
    *,
    others: Sequence[NodeOfCast] = (),
    **changes: Any,
) -> Warrant:
    """To lift suspensions of it."""
    statements = sorted(one.stated_of_application.sha256 for one in suspensions)
    parameters = {"application": application.model_dump(), "statements": statements}
    return _signed(cast, "application.resume/v1", parameters | changes, [node, *others], zone)


def _signed(
    cast: Deployment, tag: str, parameters: dict[str, Any], nodes: Sequence[NodeOfCast], zone: Chain
) -> Warrant:
    whole = {"zone": zone.current.authority.model_dump(include={"id", "name"}), **parameters}
    return make_warrant(cast.propose(tag, whole, [zone], nodes, DINA), DINA, (EMIL, FAY))
