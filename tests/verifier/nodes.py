"""Cases of nodes: what one signed, and that one was enrolled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsmnodes.node.protocol import canonical, nodesigning
from hsmnodes.node.protocol.documents import AuthorityKind, NodeSigned, Proposal, Warrant
from hsmnodes.node.protocol.purposes import Purpose, pae
from tests.cast.charters import DEPLOYMENT, Chain, make_charter
from tests.cast.deployment import FRANKFURT, Deployment, NodeOfCast
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    DINA,
    EMIL,
    GUS,
    JON,
    KIM,
    PROVIDER_PEOPLE,
    Member,
    make_id,
    named,
)
from tests.cast.signing import cancel, changed, make_warrant, reject
from tests.cast.tokens import P256_ORDER
from tests.hsmnodes.node.protocol.amending import in_order
from tests.hsmnodes.node.protocol.making import NOW, rule
from tests.verifier.book import Book

ENROL = "node.enrol/v1"
PAYLOAD = b'{"type":"anything"}'
Given = dict[str, Any]


@dataclass(frozen=True)
class NodeKey:
    """A node's identity key, the same in every run."""

    name: str
    number: int

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.number, ec.SECP256R1())

    @property
    def point(self) -> bytes:
        """Its point, 65 bytes."""
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def node(self) -> NodeOfCast:
        """The node it is of."""
        return NodeOfCast(named(self.name), self.point)

    def sign(self, payload: bytes, purpose: Purpose = Purpose.CEREMONY) -> NodeSigned:
        """What the node says, in its envelope."""
        der = self._key.sign(pae(purpose, payload), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        return nodesigning.envelope(
            purpose=purpose,
            node=make_id(self.name),
            payload=payload,
            signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        )


AMS, FRA = NodeKey("ams-1", 2), NodeKey("fra-1", 3)


def _no_points(point: bytes) -> dict[str, bytes]:
    return {
        "zeros": b"\x04" + bytes(64),
        "one byte": b"\x01",
        "hybrid": bytes([6 + (point[-1] & 1)]) + point[1:],
        "a byte more": point + b"\x00",
        "nothing": b"",
    }


def envelopes() -> Book:
    """What nodes sign."""
    made = Book("envelope")
    good = AMS.sign(PAYLOAD)

    def given(one: NodeSigned | bytes, **changes: Any) -> Given:
        raw = one if isinstance(one, bytes) else one.raw
        values = {"envelope": raw, "point": AMS.point, "purpose": Purpose.CEREMONY.value}
        return values | {"node": make_id("ams-1")} | changes

    made.accept("in order", given(good))
    for purpose in (Purpose.RECEIPT, Purpose.HEARTBEAT, Purpose.WITNESS):
        made.refuse(f"signed as {purpose.value}", given(AMS.sign(PAYLOAD, purpose)), "wrong-purpose")
        relabelled = AMS.sign(PAYLOAD, purpose).model_copy(update={"purpose": Purpose.CEREMONY})
        made.refuse(f"signed as {purpose.value}, and relabelled", given(relabelled), "bad-signature")
    made.refuse("another node is asked for", given(good, node=make_id("fra-1")), "wrong-node")
    made.refuse(
        "in another node's name", given(good.model_copy(update={"node": make_id("fra-1")})), "wrong-node"
    )
    made.refuse(
        "by another node's key",
        given(FRA.sign(PAYLOAD).model_copy(update={"node": make_id("ams-1")})),
        "bad-signature",
    )
    other = good.model_copy(update={"payload": canonical.b64u(PAYLOAD + b" ")})
    made.refuse("another payload", given(other), "bad-signature")
    for name, point in _no_points(AMS.point).items():
        made.refuse(f"an identity key that is none: {name}", given(good, point=point), "bad-identity")
    raw = canonical.b64u_decode(good.signature)
    r, s = raw[:32], raw[32:]
    odd = {
        "zeros": bytes(64),
        "s zero": r + bytes(32),
        "r zero": bytes(32) + s,
        "s the order": r + P256_ORDER.to_bytes(32, "big"),
        "all ones": b"\xff" * 64,
        "swapped": s + r,
        "one bit": raw[:-1] + bytes([raw[-1] ^ 1]),
    }
    for name, signature in odd.items():
        spoiled = good.model_copy(update={"signature": canonical.b64u(signature)})
        made.refuse(f"a signature of {name}", given(spoiled), "bad-signature")
    twin = r + (P256_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    made.accept("(r, n - s)", given(good.model_copy(update={"signature": canonical.b64u(twin)})))
    made.refuse("a space after it", given(good.raw + b" "), "not-canonical")
    return made


def chain_of(chain: Chain, **changes: Any) -> Given:
    """A chain as a case has it."""
    return {"links": [one.raw for one in chain.links], "anchor": chain.anchor} | changes


def amended(chain: Chain, **changes: Any) -> Chain:
    """The provider's chain with one more version."""
    chain.amend(requester=CLEO, approvers=(JON, KIM), now=NOW, **changes)
    return chain


def enrolling(
    cast: Deployment,
    key: NodeKey = AMS,
    *,
    approvers: Sequence[Member] = (ADA, BEN),
    requester: Member = CLEO,
    signed: Callable[[Any], Mapping[str, Any]] = lambda proposal: {},
    parameters: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Warrant:
    """The enrolment of a node, with changes to its parameters, its proposal, and to who signs."""
    good = changed(proposal_of(cast.enrol(key.node)), **changes)
    proposal = changed(good, parameters=good.parameters | dict(parameters or {}))
    return make_warrant(proposal, requester, approvers, **signed(proposal))


def proposal_of(warrant: Warrant) -> Proposal:
    """The proposal in a warrant."""
    return Proposal.from_bytes(warrant.proposal_bytes)


def enrolments() -> Book:
    """Enrolments, under the provider's chain."""
    made = Book("enrolment")
    cast = Deployment(now=NOW)

    def given(warrant: Warrant, chain: Chain | None = None, **changes: Any) -> Given:
        values = {"provider": chain_of(chain or cast.northgate), "enrolment": warrant.raw, "now": NOW}
        return values | {"deployment": DEPLOYMENT, "demo": True} | changes

    who = [one.id for one in (ADA, BEN)]
    made.accept("in order", given(enrolling(cast)), who)
    late = enrolling(cast, not_before=NOW - 9 * 86_400, expires_at=NOW - 8 * 86_400)
    made.refuse("before the charter was valid", given(late), "not-authorised", desk="charter-not-yet")
    made.accept("long ago", given(enrolling(cast), now=NOW + 200 * 86_400), who)
    made.refuse(
        "one approved", given(enrolling(cast, approvers=[ADA])), "not-authorised", desk="quorum-not-met"
    )
    made.refuse(
        "one approved twice",
        given(enrolling(cast, approvers=[ADA, ADA])),
        "not-authorised",
        desk="quorum-not-met",
    )
    made.refuse(
        "who requests approved",
        given(enrolling(cast, approvers=[ADA, CLEO])),
        "not-authorised",
        desk="quorum-not-met",
    )
    made.refuse(
        "officers approved",
        given(enrolling(cast, approvers=[JON, KIM])),
        "not-authorised",
        desk="quorum-not-met",
    )
    made.refuse(
        "the customer's people approved",
        given(enrolling(cast, approvers=[DINA, EMIL])),
        "not-authorised",
        desk="quorum-not-met",
    )
    made.refuse(
        "the customer's people requested",
        given(enrolling(cast, requester=GUS)),
        "not-authorised",
        desk="request-refused",
    )
    made.refuse(
        "rejected",
        given(enrolling(cast, signed=lambda p: {"rejections": (reject(p, BEN, at=NOW),)})),
        "not-authorised",
        desk="closed",
    )
    made.refuse(
        "cancelled",
        given(enrolling(cast, signed=lambda p: {"cancellations": (cancel(p, CLEO, at=NOW),)})),
        "not-authorised",
        desk="closed",
    )
    made.refuse("another operation", given(cast.export_log(AMS.node)), "operation")
    made.refuse("another deployment", given(enrolling(cast, deployment=make_id("x"))), "other-deployment")
    made.refuse("not of the demo", given(enrolling(cast, demo=False)), "other-deployment")
    made.refuse("addressed to another node", given(enrolling(cast, nodes=(FRA.node.at,))), "other-node")
    made.refuse(
        "addressed to two nodes", given(enrolling(cast, nodes=(AMS.node.at, FRA.node.at))), "other-node"
    )
    made.refuse("addressed to no node", given(enrolling(cast, nodes=())), "other-node")
    key = {"identity": canonical.b64u(FRA.point)}
    made.refuse("another key than it is addressed to", given(enrolling(cast, parameters=key)), "other-node")
    name = {"node": {"id": make_id("ams-1"), "name": "ams-2"}}
    made.refuse("another name than it is addressed to", given(enrolling(cast, parameters=name)), "other-node")
    made.refuse("a parameter too many", given(enrolling(cast, parameters={"also": 1})), "unknown-field")
    made.refuse("a key cut short", given(enrolling(cast, parameters={"identity": "AAAA"})), "bad-field")
    elsewhere = {"data_centre": FRANKFURT.model_dump()}
    made.accept("in another data centre", given(enrolling(cast, parameters=elsewhere)), who)
    _add_providers(made, given)
    return made


def _add_providers(made: Book, given: Callable[..., Given]) -> None:
    """Enrolments under other versions of the charter, and other providers' charters."""
    cast, old = Deployment(now=NOW), Deployment(now=NOW)
    before = enrolling(old)
    until = cast.northgate.current.valid_until
    chain = amended(cast.northgate, valid_until=until - 1)
    who = [one.id for one in (ADA, BEN)]
    made.accept("under the version before", given(before, chain), who)
    made.accept("under the version in force", given(enrolling(cast), chain), who)
    later = enrolling(Deployment(now=NOW))
    made.refuse(
        "under a version that is not there",
        given(enrolling(cast), old.northgate),
        "not-authorised",
        desk="other-charter",
    )
    weaker = old.northgate.next_version(
        rules=tuple(
            rule(ENROL, (1, "hsm-administrator")) if one.operation == ENROL else one
            for one in old.northgate.current.rules
        )
    )
    link = old.northgate.link_to(weaker, requester=CLEO, approvers=(JON, KIM), now=NOW)
    old.northgate.charters.append(weaker)
    old.northgate.links.append(link)
    made.refuse(
        "under a rule below the floor",
        given(enrolling(old, approvers=[ADA]), old.northgate),
        "not-authorised",
        desk="below-floor",
    )
    made.refuse(
        "the chain is another provider's",
        given(later, chain_elsewhere()),
        "not-authorised",
        desk="other-charter",
    )
    gone = Deployment(now=NOW)
    enrolment = enrolling(gone)
    staying = in_order(one.person() for one in PROVIDER_PEOPLE if one is not BEN)
    made.accept("by somebody who left since", given(enrolment, amended(gone.northgate, people=staying)), who)
    made.refuse(
        "by somebody who left before",
        given(enrolling(gone), gone.northgate),
        "not-authorised",
        desk="quorum-not-met",
    )


def chain_elsewhere() -> Chain:
    """The charter of another provider of the same people."""
    charter = make_charter(AuthorityKind.PROVIDER, named("Southgate"), PROVIDER_PEOPLE, now=NOW)
    return Chain.founded(charter, PROVIDER_PEOPLE)
