"""How a node comes to know its peers: by their enrolment, under the provider's charter that it pins."""

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.journal import Draft
from hsmnodes.node.operations.node.enrol import Parameters
from hsmnodes.node.operations.node.enrol import operation as enrol_node
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.charter import AuthorityKind
from hsmnodes.node.protocol.documents.proposal import NodeAt, Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Signatures, evaluate


def learn_peer(config: Config, facts: Facts, warrant: Warrant, proposal: Proposal) -> Draft | None:
    """The journal's entry for a new peer, or None for one that is known.

    The enrolment counts by what was signed, whenever it arrives: it is looked at as of the moment from which
    it was good, under the charter version it names, which must be one that was in force here. Raises Refused.
    """
    if proposal.operation != enrol_node.tag:
        raise ProposalRefused("operation", "It is not the enrolment of a node.")
    if (proposal.deployment, proposal.demo) != (config.deployment, config.demo):
        raise ProposalRefused("other-deployment", "The enrolment is of another deployment.")
    wanted = enrol_node.read(proposal.parameters)
    identity = canonical.b64u_decode(wanted.identity)
    if wanted.node.id == config.node.id:
        raise ProposalRefused("not-a-peer", "A node is not a peer of its own.")
    at = NodeAt(id=wanted.node.id, name=wanted.node.name, identity=canonical.sha256_hex(identity))
    if proposal.nodes != (at,):
        raise ProposalRefused("other-node", "The enrolment is addressed to another node than it names.")
    if proposal.sha256 in facts.closed:
        raise ProposalRefused("closed", "The enrolment was rejected or cancelled.")
    _check_consent(facts, warrant, proposal, wanted)
    return _new(config, facts, wanted, identity)


def _check_consent(facts: Facts, warrant: Warrant, proposal: Proposal, wanted: Parameters) -> None:
    facts.charter(AuthorityKind.PROVIDER, facts.provider)  # refuses while it is frozen
    chain = facts.chains[AuthorityKind.PROVIDER, facts.provider]
    named = {one.version for one in proposal.authorities}
    charters = [charter for charter in chain.charters if charter.version in named]
    verdict = evaluate(
        charters,
        proposal,
        Signatures.of(warrant),
        consent=enrol_node.consent_for(wanted),
        now=proposal.not_before,
    )
    if not verdict.authorised:
        raise ProposalRefused("not-authorised", "The enrolment is not authorised by the provider.")


def _new(config: Config, facts: Facts, wanted: Parameters, identity: bytes) -> Draft | None:
    known = facts.peers.get(wanted.node.id)
    if known is not None:
        if (known.node, known.identity) == (wanted.node, identity):
            return None
        raise ProposalRefused("other-identity", "The peer of this id has another identity key here.")
    names = {config.node.name.casefold(), *(peer.node.name.casefold() for peer in facts.peers.values())}
    if wanted.node.name.casefold() in names:
        raise ProposalRefused("name-in-use", "Another node has this name.")
    return Draft("peer", {"node": wanted.node.model_dump(), "identity": canonical.b64u(identity)})
