"""Who owns the broker, and with it every document the console ever had, gets nothing carried out.

Two thousand messages are put together from all that the console's database holds: parts of warrants that were
carried out, are under way, lack a signature, are for another node, or were made under an older charter. (The
ten thousand tries at the node alone are in tests/hsmnodes/node/agent/test_attacks.py.)
"""

import random

import pytest

from hsmnodes.models import Receipt
from hsmnodes.node.agent.messages import (
    CancellationMessage,
    ChartersMessage,
    HeartbeatMessage,
    PeerMessage,
    WarrantMessage,
    WitnessMessage,
    WitnessRequestMessage,
)
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Cancellation, NodeSigned, Warrant
from tenants import charter_drafts, charters
from tenants.charter_drafts import Duty
from tenants.models import CharterVersion, Proposal
from tenants.warrants import assemble_warrant
from tests.cast.people import ADA, BEN, DINA, EMIL, FAY, GUS, LEA, ZONE_PEOPLE
from tests.hsmnodes.owned import Owned

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

TRIES = 2_000
SEED = 20_261_124


class Attacker:
    """Holds every document, and puts messages together from their parts."""

    def __init__(self, authorised: list[Proposal]) -> None:
        self.rng = random.Random(SEED)
        self.authorised = {proposal.id for proposal in authorised}
        self.known = list(Proposal.objects.exclude(state="draft"))
        self.warrants = {proposal.id: assemble_warrant(proposal) for proposal in self.known}
        self.envelopes = [NodeSigned.from_bytes(bytes(one.envelope)) for one in Receipt.objects.all()]
        self.links = [
            canonical.b64u(charters.link_of(version).raw) for version in CharterVersion.objects.all()
        ]
        self.pieces = [canonical.b64u(one.raw) for one in self.warrants.values()] + self.links
        self.approvals = [one for warrant in self.warrants.values() for one in warrant.approvals]

    def message(self) -> str:
        """One message."""
        make = self.rng.choice([self.warrant] * 12 + [self.charters, self.peer, self.cancellation, self.said])
        return make().text()

    def warrant(self) -> WarrantMessage:
        proposal = self.rng.choice(self.known)
        own, other = self.warrants[proposal.id], self.warrants[self.rng.choice(self.known).id]
        parts = {
            "proposal": own.proposal,
            "request": self.rng.choice([own, other]).request,
            "approvals": self._approvals(proposal, own),
            "rejections": other.rejections,
            "cancellations": other.cancellations,
            "evidence": tuple(self._some(self.pieces, 2)) if self.rng.random() < 0.3 else own.evidence,
        }
        step = self.rng.choice([0, 0, 0, 1, 63])
        raw = Warrant(**parts).raw
        return WarrantMessage(
            step=step, warrant=canonical.b64u(raw), charters=tuple(self._some(self.links, 6))
        )

    def _approvals(self, proposal: Proposal, own: Warrant) -> tuple:
        """Any approvals; of an operation that was authorised, never all that it has."""
        mine = list(own.approvals)
        if proposal.id in self.authorised:
            mine.pop(self.rng.randrange(len(mine)))
        strange = [one for one in self.approvals if one.proposal != proposal.hash]
        found = mine + self._some(strange, 4) + self._some(mine, 2)
        claimed = [one.model_copy(update={"proposal": proposal.hash}) for one in self._some(strange, 2)]
        self.rng.shuffle(found)
        return tuple(found + claimed)

    def charters(self) -> ChartersMessage:
        return ChartersMessage(charters=tuple(self._some(self.links, len(self.links))))

    def peer(self) -> PeerMessage:
        return PeerMessage(warrant=self.warrant().warrant, charters=tuple(self._some(self.links, 4)))

    def cancellation(self) -> CancellationMessage:
        """What somebody signed as an approval, as a cancellation."""
        one = self.rng.choice(self.approvals)
        proposal = canonical.b64u(bytes(self.rng.choice(self.known).raw))
        forged = Cancellation(statement=proposal, assertion=one.assertion)
        return CancellationMessage(proposal=proposal, cancellation=canonical.b64u(forged.raw))

    def said(self) -> HeartbeatMessage | WitnessMessage | WitnessRequestMessage:
        kind = self.rng.choice([HeartbeatMessage, WitnessMessage, WitnessRequestMessage])
        return kind(envelope=self.rng.choice(self.envelopes))

    def _some(self, things: list, most: int) -> list:
        return self.rng.sample(things, self.rng.randrange(min(most, len(things)) + 1))


def amend(owned: Owned) -> None:
    """A new version of the zone's charter, which the node goes by from now on."""
    world = owned.world
    current = CharterVersion.objects.get(authority=owned.zone.id, state="in-force")
    duties = [Duty(world.person(member), member.roles) for member in ZONE_PEOPLE]
    new = charter_drafts.draft_amendment(current=current, duties=duties, by=world.person(DINA))
    parameters = {
        "authority": {"kind": "zone", "id": owned.zone.id, "name": owned.zone.name},
        "version": 2,
        "charter": new.hash,
    }
    world.approve(world.propose("charter.amend/v1", parameters, by=DINA), EMIL, FAY)
    owned.carry()
    assert owned.site.facts.holdings.enrolled


def test_whatever_is_put_together_from_everything_there_is_executes_nothing(owned, world):
    owned.do(owned.key("done"), EMIL, FAY)
    world.approve(owned.key("under the old charter"), EMIL, FAY)
    owned.broker.sent.clear()
    amend(owned)
    world.approve(owned.key("lacks a signature"), EMIL)
    world.approve(owned.key("elsewhere", node=owned.elsewhere), EMIL, FAY)
    world.reject(owned.key("rejected"), EMIL)
    good = [
        world.approve(owned.key("one"), EMIL, FAY),
        world.approve(owned.key("two"), EMIL, FAY),
        world.approve(world.propose_service(owned.node, name="Second"), ADA, BEN, GUS, LEA),
    ]
    held, owned.broker.sent[:] = list(owned.broker.sent), []
    attacker = Attacker(good)
    before = owned.done
    outcomes: set[tuple[str, str]] = set()
    for _ in range(TRIES):
        answers = owned.put_in_queue([attacker.message()])
        outcomes |= {(one.outcome, one.operation) for one in answers if one.outcome != "refused"}
    # What was done before is answered with the receipt of then, and is not done again.
    assert {outcome for outcome, _ in outcomes} <= {"done"}
    assert (owned.done.acts, owned.done.intents) == (before.acts, before.intents)
    assert owned.done.holdings == before.holdings
    # The documents it was all made of are good, each in its own place.
    mine = [message.text() for node, message in held if node == owned.node.id and message.kind == "warrant"]
    assert [one.outcome for one in owned.put_in_queue(mine)] == ["done"] * len(good)
