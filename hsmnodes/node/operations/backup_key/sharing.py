"""What the first and every later split of a backup key among custodians have in common."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.base import Attachment, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings, ShareHolder, ShareSet
from hsmnodes.node.operations.said import Shared
from hsmnodes.node.operations.steps import ACT, MOST_NODES, Step, first_then_others
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.protocol.custody import Custodian
from hsmnodes.node.protocol.custody import ShareSet as MadeShareSet
from hsmnodes.node.protocol.documents.base import Model, Named, Version
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter, Role
from hsmnodes.node.protocol.documents.node import Receipt
from hsmnodes.node.protocol.documents.share_keys import KemPublicKey
from hsmnodes.node.protocol.documents.shares import Threshold
from hsmnodes.node.protocol.errors import ProposalRefused

NOTE = "note"


class Holder(Model):
    """A custodian, and the share key to which their share is sealed."""

    person: Named = shown("Person", "named")
    share_key: KemPublicKey = shown("Share key", "words")


class Parameters(ZoneParameters):
    """The zone, which of its backup keys, the number of the new set, who holds it and how many rebuild it."""

    epoch: Version = shown("Epoch of the backup key", "integer")
    share_set: Version = shown("Number of the new share set", "integer")
    threshold: Threshold = shown("Shares that rebuild the key", "integer")
    custodians: Annotated[tuple[Holder, ...], Field(min_length=2, max_length=16)] = shown("Custodian", "list")


class SharingOperation(ZoneOperation[Parameters]):
    """Splits the key that the node keeps, and seals each share to a token that the zone's charter admits.

    Further nodes of the zone note the set that the first one made. Nothing of a set leaves that node before
    the outcome is in its journal, so an attempt that broke off is simply made again, with other shares.
    """

    parameters = Parameters
    most_nodes = MOST_NODES
    said = {ACT: Shared}
    titles = {
        "shares": "Shares",
        "index": "Share",
        "custodian": "Custodian",
        "credential_id": "Token",
        "commitment": "Commitment",
        "sealed_sha256": "Sealed share, SHA-256",
    }

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return first_then_others(count, NOTE)

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        slot = node.holdings.slot_of(wanted.zone)
        if wanted.epoch != slot.epoch:
            raise ProposalRefused("other-epoch", f"The backup key of the zone is of epoch {slot.epoch}.")
        check_split(wanted, node.holdings, request.charters[AuthorityKind.ZONE])

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        wanted = request.parameters
        if request.act == NOTE:
            first = request.earlier[0]
            return Result(
                f"Share set {wanted.share_set} is known, as {first.node.name} made it.", noted(first)
            )
        made = hands.share_out(
            wanted.zone,
            custodians_of(wanted, request.charters[AuthorityKind.ZONE]),
            number=wanted.share_set,
            threshold=wanted.threshold,
        )
        results, boxes = described(made)
        return Result(
            f"Share set {made.number} is made: any {made.threshold} of {len(boxes)} shares rebuild the key.",
            results,
            boxes,
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        note_share_set(parameters, results, holdings)


def check_split(wanted: Parameters, holdings: Holdings, zone: Charter) -> None:
    """Raise ProposalRefused if a share set with these parameters is not the next, or cannot be made."""
    last = holdings.share_sets.get(wanted.zone.id)
    if wanted.share_set != (last.number if last else 0) + 1:
        raise ProposalRefused("other-share-set", "The number of the share set is not the next one.")
    if wanted.threshold > len(wanted.custodians):
        raise ProposalRefused("bad-threshold", "More shares would be needed than there are.")
    custodians_of(wanted, zone)


def described(made: MadeShareSet) -> tuple[dict[str, Any], tuple[Attachment, ...]]:
    """What a receipt says of a share set, and the boxes, which travel beside it."""
    boxes = tuple(Attachment(f"share-{made.number}-{box.index}.sealed", box.sealed) for box in made.boxes)
    shares = [
        {
            "index": box.index,
            "custodian": box.custodian.person.model_dump(),
            "credential_id": box.custodian.credential_id,
            "commitment": box.commitment,
            "sealed_sha256": attachment.sha256,
        }
        for box, attachment in zip(made.boxes, boxes, strict=True)
    ]
    return {"commitment": made.commitment, "shares": shares}, boxes


def noted(made: Receipt) -> dict[str, Any]:
    """What the receipt of a further node says of a share set that was `made` on the first."""
    names = ("index", "custodian", "credential_id", "commitment")
    return {
        "commitment": made.results["commitment"],
        "shares": [{name: one[name] for name in names} for one in made.results["shares"]],
    }


def note_share_set(parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
    """Note the share set of a receipt as the last one of its zone."""
    holdings.share_sets[parameters.zone.id] = ShareSet(
        number=parameters.share_set,
        epoch=parameters.epoch,
        threshold=parameters.threshold,
        commitment=results["commitment"],
        holders=tuple(
            ShareHolder(one["index"], Named(**one["custodian"]), one["credential_id"], one["commitment"])
            for one in results["shares"]
        ),
    )


def custodians_of(wanted: Parameters, zone: Charter) -> tuple[Custodian, ...]:
    """Each custodian with the token that has the share key. Raises ProposalRefused if the charter has not."""
    if len({holder.person.id for holder in wanted.custodians}) != len(wanted.custodians):
        raise ProposalRefused("custodian-twice", "A custodian stands twice: one person holds one share.")
    return tuple(_custodian(holder, zone) for holder in wanted.custodians)


def _custodian(holder: Holder, zone: Charter) -> Custodian:
    person = zone.persons.get(holder.person.id)
    if person is None or Role.CUSTODIAN not in person.roles:
        raise ProposalRefused(
            "not-a-custodian", f"{holder.person.name} is no custodian in the zone's charter."
        )
    if person.name != holder.person.name:
        raise ProposalRefused("other-name", f"{holder.person.name} has another name in the zone's charter.")
    for token in person.tokens:
        if token.share_key is not None and token.share_key.stated.public_key == holder.share_key:
            return Custodian(holder.person, token.credential_id, token.share_key.key_bytes)
    raise ProposalRefused(
        "no-such-share-key", f"The zone's charter does not admit this share key of {holder.person.name}."
    )
