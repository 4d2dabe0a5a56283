"""Data centres and nodes as a provider registers them, before any of it is signed."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django.db import IntegrityError, transaction

from hsmnodes.models import DataCentre, Node
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.errors import DocumentRefused
from tenants import access, log
from tenants.errors import Invalid
from tenants.identifiers import new_id
from tenants.log import Event
from tenants.models import Person
from tenants.people import check_name


@transaction.atomic
def add_data_centre(*, name: str, by: Person) -> DataCentre:
    """Add a data centre of the provider of `by`."""
    access.require(
        access.may_manage_nodes(by, by.organisation), "Data centres are added by HSM administrators."
    )
    try:
        with transaction.atomic():
            return DataCentre.objects.create(provider=by.organisation, name=check_name(name))
    except IntegrityError:
        raise Invalid("name-taken", "There is a data centre with this name already.") from None


@transaction.atomic
def register_node(
    *,
    data_centre: DataCentre,
    name: str,
    identity: str,
    by: Person,
    module: str = "softhsm2",
    node_id: str = "",
) -> Node:
    """Register a node by what `quorate-node init` printed; its enrolment is proposed next.

    `identity` is the 65-byte point of its identity key in base64url.
    """
    access.require(
        access.may_manage_nodes(by, data_centre.provider), "Nodes are registered by HSM administrators."
    )
    _check_point(identity)
    try:
        with transaction.atomic():
            node = Node.objects.create(
                id=node_id or new_id(),
                provider=data_centre.provider,
                data_centre=data_centre,
                name=check_name(name),
                identity=identity,
                module=module,
            )
    except IntegrityError:
        raise Invalid("node-taken", "There is a node with this name, id or identity already.") from None
    log.record(
        Event.NODE_REGISTERED,
        f"The node {node.name} was registered in {data_centre.name}.",
        about=log.about_within(data_centre.provider, "node", node.id),
        actor=by,
        details={"identity": node.identity_hash},
    )
    return node


def enrolment_parameters(node: Node) -> dict[str, Any]:
    """The parameters of `node.enrol/v1` for a registered node."""
    centre = node.data_centre
    return {
        "node": {"id": node.id, "name": node.name},
        "data_centre": {"id": centre.id, "name": centre.name},
        "identity": node.identity,
        "module": node.module,
    }


def _check_point(identity: str) -> None:
    try:
        point = canonical.b64u_decode(identity)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (DocumentRefused, ValueError):
        point = b""
    if len(point) != 65:
        raise Invalid("bad-identity", "The identity must be the point that quorate-node init printed.")
