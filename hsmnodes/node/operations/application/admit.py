"""Admit an application to keys of a Trust Zone: to these keys, for these usages, by this certificate.

On each node it gets a token of its own with copies of just those keys. What it can see and do is what people
signed, whatever it asks for. The first node draws the PIN of its token, and the others have the same: it
travels locked by the zone's backup key. Another certificate is another admission.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, StringConstraints, field_validator
from typing_extensions import override

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.drivers.values import USAGES_OF_FAMILY, Algorithm, Usage
from hsmnodes.node.operations.base import Attachment, Request, Result, Unsettled
from hsmnodes.node.operations.context import Access, Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Application, Holdings, UsableKey
from hsmnodes.node.operations.key.making import USAGES
from hsmnodes.node.operations.said import Admitted
from hsmnodes.node.operations.steps import ACT, COPY, MOST_NODES, Step, first_then_others
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.applications import read_certificate
from hsmnodes.node.protocol.documents.base import Bytes, Hash, Id, Model, Name, Named, Time
from hsmnodes.node.protocol.documents.node import Receipt
from hsmnodes.node.protocol.errors import ProposalRefused, ShareRefused

MOST_APPLICATIONS = 200
MOST_KEYS = 50

TITLES = {
    "application": "Application",
    "id": "Id",
    "token": "Token",
    "keys": "Keys",
    "label": "Key",
    "usages": "May",
    "pin_sha256": "Sealed PIN, SHA-256",
    "kit_sha256": "Connection kit, SHA-256",
    "shared_pin_sha256": "PIN for the other HSMs, SHA-256",
}
SealingKey = Annotated[Bytes, StringConstraints(min_length=43, max_length=43)]


class AdmittedKey(Model):
    """One key, by its id, with the label it has, and what the application may use it for."""

    id: Id = shown("Id", "id")
    label: Name = shown("Label", "text")
    usages: Annotated[
        tuple[Annotated[Usage, Field(strict=False)], ...], Field(min_length=1, max_length=3)
    ] = shown("May", "list", choices=USAGES)

    @field_validator("usages")
    @classmethod
    def _are_sorted(cls, usages: tuple[Usage, ...]) -> tuple[Usage, ...]:
        if list(usages) != sorted(set(usages)):
            raise ValueError("usages must be sorted, each once")
        return usages


class Parameters(ZoneParameters):
    """The application by its certificate (DER), what of that people compare, and the keys.

    `public_key` is the SHA-256 of the certificate's SubjectPublicKeyInfo; `sealing_key` the X25519 key (32
    bytes) that the PIN of its token is sealed to.
    """

    application: Named = shown("Application", "named")
    public_key: Hash = shown("Public key of the application", "hash")
    certificate: Annotated[Bytes, StringConstraints(max_length=2_700)] = shown("Certificate", "words")
    valid_from: Time = shown("Valid from", "time")
    valid_until: Time = shown("Valid until", "time")
    sealing_key: SealingKey = shown("Key for sealing its PIN", "words")
    keys: Annotated[tuple[AdmittedKey, ...], Field(min_length=1, max_length=MOST_KEYS)] = shown("Key", "list")


P = TypeVar("P", bound=Parameters)


class SharingAPin(ZoneOperation[P]):
    """What brings an application to several nodes: the first locks the PIN of its token for the others."""

    most_nodes = MOST_NODES
    said = {ACT: Admitted}
    titles = TITLES

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return first_then_others(count, COPY)

    @override
    def enclosures(self, parameters: P, step: Step, earlier: Mapping[int, Receipt]) -> tuple[str, ...]:
        return (str(earlier[0].results["shared_pin_sha256"]),) if step.act == COPY else ()


class AdmitApplication(SharingAPin[Parameters]):
    """The token is made from nothing each time, so an interrupted attempt leaves nothing to look for."""

    tag = "application.admit/v1"
    title = "Admit an application"
    button = "Admit"
    sentence = (
        "Let the application {application}, whose public key is {public_key}, use keys of Trust Zone {zone} "
        "on node {nodes[].name} until {valid_until}: {keys[].label}."
    )
    parameters = Parameters

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        check_can_come(wanted, node, now=request.now)
        space = f"applications of {wanted.zone.id}"
        node.holdings.check_name_is_free(space, wanted.application.name, what="application")

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        try:
            return self.settle(request, hands)
        except (DriverError, ShareRefused) as error:
            take_back(request.parameters, hands, error)
            raise

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        wanted = request.parameters
        access = hands.give_access(as_held(wanted), request.proposal, pin_that_came(request))
        count = "1 key" if len(wanted.keys) == 1 else f"{len(wanted.keys)} keys"
        return given(
            request, access, f"The application {wanted.application.name} has a token with copies of {count}."
        )

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        holdings.add_application(as_held(parameters))


def as_held(wanted: Parameters) -> Application:
    """The application as a node holds it."""
    return Application(
        id=wanted.application.id,
        name=wanted.application.name,
        zone=wanted.zone,
        certificate=canonical.b64u_decode(wanted.certificate),
        sealing_key=canonical.b64u_decode(wanted.sealing_key),
        not_after=wanted.valid_until,
        keys=tuple(
            UsableKey(key.id, key.label, tuple(usage.value for usage in key.usages)) for key in wanted.keys
        ),
    )


def given(request: Request[P], access: Access, detail: str) -> Result:
    """What an application got on a node, as its receipt says it; the first node of several shares the PIN."""
    wanted = request.parameters
    beside = {
        "pin_sha256": Attachment(f"{wanted.application.id}.pin", access.sealed_pin),
        "kit_sha256": Attachment(f"{wanted.application.id}.kit", access.kit),
    }
    if request.act != COPY and len(request.proposal.nodes) > 1:
        beside["shared_pin_sha256"] = Attachment(f"{wanted.application.id}.shared", access.shared_pin)
    results = {
        "application": wanted.application.model_dump(),
        "token": access.token,
        "keys": [key.model_dump(mode="json") for key in wanted.keys],
        **{name: one.sha256 for name, one in beside.items()},
    }
    return Result(detail, results, tuple(beside.values()))


def check_can_come(wanted: Parameters, node: Surroundings, *, now: int) -> None:
    """Raise Refused unless a node can make the token of an application that it has not."""
    node.holdings.slot_of(wanted.zone)
    if not node.serves_applications:
        raise ProposalRefused("no-endpoint", "This node has no endpoint for applications.")
    living = node.holdings.living_applications()
    if len(living) >= MOST_APPLICATIONS:
        raise ProposalRefused("too-many", f"The node serves {MOST_APPLICATIONS} applications already.")
    if wanted.application.id in node.holdings.applications.keys() | node.holdings.removed_applications:
        raise ProposalRefused("id-in-use", "An application of this id was admitted before.")
    _check_certificate(wanted, living, now=now)
    _check_keys(wanted, node.holdings)


def _check_certificate(wanted: Parameters, living: list[Application], *, now: int) -> None:
    certificate = read_certificate(canonical.b64u_decode(wanted.certificate))
    stated = (wanted.public_key, wanted.valid_from, wanted.valid_until)
    if stated != (certificate.public_key, certificate.not_before, certificate.not_after):
        raise ProposalRefused("other-certificate", "The certificate has another key, or is valid otherwise.")
    if now >= certificate.not_after:
        raise ProposalRefused("expired", "The certificate has expired.")
    for other in living:
        if read_certificate(other.certificate).public_key == certificate.public_key:
            which = f"The application {other.name}" if other.zone.id == wanted.zone.id else "An application"
            raise ProposalRefused("key-in-use", f"{which} has the same key.")


def _check_keys(wanted: Parameters, holdings: Holdings) -> None:
    if len({key.id for key in wanted.keys}) != len(wanted.keys):
        raise ProposalRefused("key-twice", "A key stands twice.")
    living = {key.id: key for key in holdings.keys_of(wanted.zone.id)}
    for asked in wanted.keys:
        key = living.get(asked.id)
        if key is None:
            raise ProposalRefused("no-such-key", f"There is no key {asked.label} of this id in the zone.")
        if key.label != asked.label:
            raise ProposalRefused(
                "other-name", f"The key that is called {asked.label} has another label here."
            )
        if not USAGES_OF_FAMILY[Algorithm(key.algorithm).family].issuperset(asked.usages):
            raise ProposalRefused("no-such-usage", f"The key {asked.label} cannot be used like that.")


def pin_that_came(request: Request[P]) -> bytes | None:
    """The PIN that the first node drew, locked, if another node is to have it."""
    if request.act != COPY:
        return None
    return request.enclosures[str(request.earlier[0].results["shared_pin_sha256"])]


def take_back(wanted: Parameters, hands: Hands, error: DriverError | ShareRefused) -> None:
    """Leave nothing of a token that could not be made. Raises Unsettled if that fails."""
    try:
        hands.take_access(wanted.application.id)
    except DriverError:
        raise Unsettled from error


operation = AdmitApplication()
