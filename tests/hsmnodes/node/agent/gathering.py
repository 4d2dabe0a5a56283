"""Splitting a backup key on a node of the tests, and giving the shares to a ceremony."""

from collections.abc import Iterable, Mapping, Sequence

from hsmnodes.node.agent.messages import FromNode
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.custody import open_box
from hsmnodes.node.protocol.documents import Ceremony, ContributionAnswer, KeyShare, Receipt, Warrant
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import DEPLOYMENT, Chain
from tests.cast.contributing import contribute
from tests.cast.people import CUSTODIANS, Member
from tests.hsmnodes.node.agent.making import Site, carrying

Shares = Mapping[int, KeyShare]


def split(site: Site, warrant: Warrant, zone: Chain) -> tuple[Receipt, dict[int, KeyShare]]:
    """The receipt of a split, and the custodians' shares by index."""
    [said] = site.deliver(carrying(warrant, zone)).said
    receipt = site.read(said)
    assert receipt.outcome == "done", receipt
    return receipt, open_boxes(site, receipt, said, zone)


def open_boxes(site: Site, receipt: Receipt, said: FromNode, zone: Chain) -> dict[int, KeyShare]:
    """Every share that travels beside a receipt, opened with its custodian's share key."""
    boxes = {one.sha256: canonical.b64u_decode(one.data) for one in said.attachments}
    last = site.facts.holdings.share_sets[zone.current.authority.id]
    documents = {}
    for one in receipt.results["shares"]:
        member = member_of(one["custodian"]["id"])
        context = {
            "purpose": "quorate/sealed-share/v1",
            "deployment": DEPLOYMENT,
            "zone": zone.current.authority.id,
            "epoch": last.epoch,
            "share_set": last.number,
            "index": one["index"],
            "credential_id": member.key.credential_id,
        }
        documents[one["index"]] = open_box(boxes[one["sealed_sha256"]], member.key.share_private, context)
    return documents


def member_of(person: str) -> Member:
    """The custodian with this id."""
    return next(member for member in CUSTODIANS if member.id == person)


def open_ceremony(site: Site, warrant: Warrant, zone: Chain) -> Ceremony:
    """The node's signed question, which is all it says to the warrant."""
    [said] = site.deliver(carrying(warrant, zone)).said
    return read_ceremony(site, said)


def read_ceremony(site: Site, said: FromNode) -> Ceremony:
    """The ceremony in what the node said, if its signature holds."""
    assert said.kind == "ceremony", said
    return Ceremony.from_bytes(site.verified(said.envelope, Purpose.CEREMONY))


def read_answer(site: Site, said: FromNode) -> ContributionAnswer:
    """The answer in what the node said, if its signature holds."""
    assert said.kind == "contribution-answer", said
    return ContributionAnswer.from_bytes(site.verified(said.envelope, Purpose.CONTRIBUTION_ANSWER))


def give(site: Site, ceremony: Ceremony, shares: Shares, indices: Iterable[int]) -> Sequence[FromNode]:
    """The holders of these shares contribute, one after the other; what the node says to the last."""
    said: Sequence[FromNode] = ()
    for index in indices:
        holder = ceremony.holders[index - 1]
        message = contribute(ceremony, member_of(holder.custodian.id), shares[index])
        said = site.deliver(message).said
        assert read_answer(site, said[0]).outcome == "accepted"
    return said
