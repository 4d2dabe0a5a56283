"""A drill on a node, with every piece from which a desk judges whether a share may be released to it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.custody import KeyAtStake
from hsmnodes.node.protocol.documents import Ceremony, KeyShare, NodeSigned, Proposal, Warrant
from hsmnodes.node.protocol.documents.ceremonies import Holder
from hsmnodes.node.protocol.sharing import split
from tests.cast.charters import DEPLOYMENT, Chain
from tests.cast.deployment import Deployment
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY, Member, make_id, named
from tests.cast.signing import changed, make_warrant
from tests.hsmnodes.node.protocol.making import NOW
from tests.verifier.nodes import AMS, NodeKey, enrolling

ONE_TIME = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEY = bytes(range(100, 132))


def links_of(provider: Chain, zone: Chain) -> dict[str, list[bytes]]:
    """Two chains as a desk is given them."""
    chains = {"provider": provider, "zone": zone}
    return {kind: [one.raw for one in chain.links] for kind, chain in chains.items()}


@dataclass
class Story:
    """A drill on ams-1 for which Emil is to give his share; every piece can be made otherwise."""

    key: NodeKey = AMS
    epoch: int = 1
    share_set: int = 1
    cast: Deployment = field(default_factory=lambda: Deployment(now=NOW))
    custodians: tuple[Member, ...] = CUSTODIANS

    @cached_property
    def zone(self) -> Chain:
        """The zone, whose people are its custodians too."""
        return self.cast.zone(members=self.custodians)

    @cached_property
    def enrolment(self) -> Warrant:
        """The enrolment of the node."""
        return enrolling(self.cast, self.key)

    @cached_property
    def warrant(self) -> Warrant:
        """The drill: Dina asks, Emil and Fay approve."""
        return self.drill()

    def drill(self, *approvers: Member, signed: Any = None, **changes: Any) -> Warrant:
        """A drill with changes to its proposal, and to who signs."""
        node = self.key.node
        good = self.cast.hold_drill(node, self.zone, share_set=self.share_set, epoch=self.epoch)
        proposal = changed(Proposal.from_bytes(good.proposal_bytes), **changes)
        more = signed(proposal) if signed else {}
        return make_warrant(proposal, DINA, approvers or (EMIL, FAY), **more)

    @cached_property
    def at_stake(self) -> KeyAtStake:
        """The backup key."""
        authority = self.zone.current.authority
        return KeyAtStake(
            deployment=DEPLOYMENT,
            demo=True,
            zone=named(authority.name),
            provider_founding=self.cast.northgate.anchor,
            zone_founding=self.zone.anchor,
            backup_key="TBK",
            epoch=self.epoch,
            kcv="0a1b2c",
        )

    @cached_property
    def shares(self) -> list[KeyShare]:
        """Everybody's share, by a polynomial that is the same in every run."""
        made = split(KEY, threshold=2, count=3, draw=lambda size: bytes(range(size)))
        return [
            KeyShare(
                **vars(self.at_stake),
                share_set=self.share_set,
                threshold=2,
                count=3,
                index=one.index,
                commitment=self.at_stake.commitment(KEY),
                custodian=named(member.name),
                credential_id=member.key.credential_id,
                value=canonical.b64u(one.value),
            )
            for one, member in zip(made, CUSTODIANS, strict=True)
        ]

    @property
    def share(self) -> KeyShare:
        """Emil's."""
        return self.shares[1]

    def ceremony(self, warrant: Warrant | None = None, **changes: Any) -> Ceremony:
        """What the node asks for under a warrant."""
        proposal = Proposal.from_bytes((warrant or self.warrant).proposal_bytes)
        made = split(KEY, threshold=2, count=3, draw=lambda size: bytes(range(size)))
        holders = tuple(
            Holder(
                index=one.index,
                custodian=named(member.name),
                credential_id=member.key.credential_id,
                commitment=self.at_stake.share_commitment(self.share_set, one),
            )
            for one, member in zip(made, CUSTODIANS, strict=True)
        )
        values = vars(self.at_stake) | {
            "node": self.key.node.node,
            "proposal": proposal.proposal,
            "proposal_hash": proposal.sha256,
            "step": 0,
            "operation": proposal.operation,
            "share_set": self.share_set,
            "threshold": 2,
            "asked": 2,
            "commitment": self.at_stake.commitment(KEY),
            "holders": holders,
            "public_key": canonical.b64u(ONE_TIME.public_key().public_bytes_raw()),
            "opened_at": NOW,
            "expires_at": proposal.expires_at,
        }
        return Ceremony(**(values | changes))

    def asks(self, key: NodeKey | None = None, warrant: Warrant | None = None, **changes: Any) -> NodeSigned:
        """The same, signed by the node, or by another key in its name."""
        signed = (key or self.key).sign(self.ceremony(warrant, **changes).raw)
        return signed.model_copy(update={"node": make_id(self.key.name)})

    def given(self, **pieces: Any) -> dict[str, Any]:
        """What a desk is given."""
        values: dict[str, Any] = {
            "share": self.share.raw,
            "charters": links_of(self.cast.northgate, self.zone),
            "warrant": self.warrant.raw,
            "enrolment": self.enrolment.raw,
            "ceremony": self.asks().raw,
            "deployment": DEPLOYMENT,
            "now": NOW,
        }
        plain = {name: one.raw if hasattr(one, "raw") else one for name, one in pieces.items()}
        return values | plain

    def under(self, warrant: Warrant, **pieces: Any) -> dict[str, Any]:
        """What a desk is given for another warrant, for which the node has opened a ceremony."""
        return self.given(**({"warrant": warrant, "ceremony": self.asks(warrant=warrant)} | pieces))
