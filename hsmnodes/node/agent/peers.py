"""How a node comes to know its peers: by their enrolment, under the provider's charter that it pins."""

from collections.abc import Collection, Sequence

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.journal import Draft
from hsmnodes.node.operations.node.enrol import operation as enrol_node
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter
from hsmnodes.node.protocol.documents.proposal import NodeAt, Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Signatures, evaluate


def learn_peer(config: Config, facts: Facts, warrant: Warrant, proposal: Proposal) -> Draft | None:
    """The journal's entry for a new peer, or None for one that is known.

    The enrolment counts by what was signed, whenever it arrives: it is looked at as of the moment from which
    it was good, under the charter version it names, which must be one that was in force here. Raises Refused.
    """
    facts.charter(AuthorityKind.PROVIDER, facts.provider)  # refuses while it is frozen
    chain = facts.chains[AuthorityKind.PROVIDER, facts.provider]
    if proposal.sha256 in facts.closed:
        raise ProposalRefused("closed", "The enrolment was rejected or cancelled.")
    node, identity = enrolled_node(
        warrant,
        proposal,
        chain.charters,
        deployment=config.deployment,
        demo=config.demo,
        suspended=() if _is_known(facts, proposal) else facts.holdings.suspended_in([facts.provider]),
    )
    if node.id == config.node.id:
        raise ProposalRefused("not-a-peer", "A node is not a peer of its own.")
    return _new(config, facts, node, identity, since=proposal.not_before)


def enrolled_node(
    warrant: Warrant,
    proposal: Proposal,
    provider: Sequence[Charter],
    *,
    deployment: str,
    demo: bool,
    suspended: Collection[str] = (),
) -> tuple[Named, bytes]:
    """The node that a warrant enrols, with its identity key (a point, 65 bytes).

    `provider` are the versions of the provider's charter, verified; tokens whose credential ids are
    `suspended` do not count. Raises Refused if it is no enrolment that the version it names allows.
    """
    if proposal.operation != enrol_node.tag:
        raise ProposalRefused("operation", "It is not the enrolment of a node.")
    if (proposal.deployment, proposal.demo) != (deployment, demo):
        raise ProposalRefused("other-deployment", "The enrolment is of another deployment.")
    wanted = enrol_node.read(proposal.parameters)
    identity = canonical.b64u_decode(wanted.identity)
    at = NodeAt(id=wanted.node.id, name=wanted.node.name, identity=canonical.sha256_hex(identity))
    if proposal.nodes != (at,):
        raise ProposalRefused("other-node", "The enrolment is addressed to another node than it names.")
    named = {one.version for one in proposal.authorities}
    verdict = evaluate(
        [charter for charter in provider if charter.version in named],
        proposal,
        Signatures.of(warrant),
        consent=enrol_node.consent_for(wanted),
        now=proposal.not_before,
        suspended=suspended,
    )
    if not verdict.authorised:
        raise ProposalRefused("not-authorised", "The enrolment is not authorised by the provider.")
    return wanted.node, identity


def _is_known(facts: Facts, proposal: Proposal) -> bool:
    """Whether the proposal names just one node, which is a peer already."""
    return any(node.id in facts.peers for node in proposal.nodes)


def _new(config: Config, facts: Facts, node: Named, identity: bytes, *, since: int) -> Draft | None:
    known = facts.peers.get(node.id)
    if known is not None:
        if (known.node, known.identity) == (node, identity):
            return None
        raise ProposalRefused("other-identity", "The peer of this id has another identity key here.")
    names = {config.node.name.casefold(), *(peer.node.name.casefold() for peer in facts.peers.values())}
    if node.name.casefold() in names:
        raise ProposalRefused("name-in-use", "Another node has this name.")
    return Draft(
        "peer", {"node": node.model_dump(), "identity": canonical.b64u(identity), "enrolled_from": since}
    )
