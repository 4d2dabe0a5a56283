"""With every message in their hands, attackers get nothing done: ten thousand tries, and not one HSM call.

The console's database and broker hold every warrant that was ever made, so that is what tries are made of:
altered bytes, mixtures of two valid warrants, warrants of other nodes, of stale charters, of forged keys. The
only call that is allowed is the identity key's, under a refusal.
"""

import json
import random

import pytest

from hsmnodes.node.agent.messages import WarrantMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion, Proposal, Role, Warrant
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.deployment import NodeOfCast
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    DINA,
    EMIL,
    EVERYONE,
    FAY,
    GUS,
    IVO,
    LEA,
    MERIDIAN,
    Member,
    named,
)
from tests.cast.signing import DAY, approve, changed, make_proposal, make_warrant
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.agent.making import Site, charters, links
from tests.hsmnodes.node.agent.test_refusals import proposed

TRIES = 10_000
SEED = 20_261_123


class Attacker:
    """Makes messages out of what the console has seen, and of keys of its own."""

    def __init__(self, site: Site, cast, zone, rng: random.Random) -> None:
        self.rng, self.site, self.cast, self.zone = rng, site, cast, zone
        elsewhere = NodeOfCast(named("fra-1"), b"\x04" + bytes(range(64)))
        stale = cast.generate_keys(site.at, zone)
        zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 200 * DAY)
        assert site.deliver(charters(zone)).refused is None
        self.links = links(cast.northgate, cast.meridian, cast.lumen, zone)
        self.valid = [
            cast.start_service(site.at, service=named("Second"), mode="shared"),
            cast.generate_keys(site.at, zone),
            cast.generate_keys(site.at, zone, ("other", "aes-256", ("encrypt",))),
            cast.destroy_keys(
                site.at, zone, next((key.id, key.label) for key in site.facts.holdings.keys.values())
            ),
            cast.create_slot(site.at, cast.zone(named("Payroll")), slot=named("Slot 2")),
        ]
        self.useless = [
            cast.generate_keys(elsewhere, zone),
            cast.enrol(elsewhere),
            cast.start_service(elsewhere),
            stale,
            cast.generate_keys(site.at, zone, not_before=cast.now - 3 * DAY, expires_at=cast.now - DAY),
            cast.found_zone(zone),
        ]
        self.done = [cast.enrol(site.at)]
        self.kinds = (
            self.bytes_of_warrant, self.bytes_of_proposal, self.mixture, self.elsewhere, self.too_few,
            self.forged_tokens, self.other_purpose, self.swapped_parts, self.rewritten, self.junk,
        )  # fmt: skip

    def message(self) -> str:
        """One try."""
        blob = self.rng.choice(self.kinds)()
        if isinstance(blob, Warrant):
            blob = blob.raw
        return WarrantMessage(
            warrant=canonical.b64u(blob), charters=self.links if self.rng.random() < 0.02 else ()
        ).text()

    def any(self) -> Warrant:
        return self.rng.choice(self.valid)

    def bytes_of_warrant(self) -> bytes:
        return self._spoiled(self.any().raw)

    def bytes_of_proposal(self) -> Warrant:
        warrant = self.any()
        return warrant.model_copy(update={"proposal": canonical.b64u(self._spoiled(warrant.proposal_bytes))})

    def mixture(self) -> Warrant:
        one, other = self.rng.sample(self.valid, 2)
        parts = self.rng.sample(["request", "approvals"], self.rng.choice([1, 2]))
        return one.model_copy(update={part: getattr(other, part) for part in parts})

    def elsewhere(self) -> Warrant:
        return self.rng.choice(self.useless)

    def too_few(self) -> Warrant:
        warrant = self.any()
        kept = list(warrant.approvals)
        kept.pop(self.rng.randrange(len(kept)))
        return warrant.model_copy(update={"approvals": tuple(kept) * self.rng.choice([1, 2, 3])})

    def forged_tokens(self) -> Warrant:
        """Approvals by keys of the attacker's own, under the credential ids of the right people."""
        proposal = proposed(self.any())
        approvals = []
        for member in (ADA, BEN, EMIL, FAY, GUS, LEA):
            forged = SoftwareToken(f"forged {member.name}", member.algorithm)
            assertion = forged.sign(Purpose.APPROVE, proposal.raw)
            approvals.append(
                approve(proposal, member).model_copy(
                    update={
                        "assertion": assertion.model_copy(update={"credential_id": member.key.credential_id})
                    }
                )
            )
        return make_warrant(proposal, self.rng.choice([CLEO, DINA]), ()).model_copy(
            update={"approvals": tuple(approvals)}
        )

    def other_purpose(self) -> Warrant:
        """What people signed for other purposes, as approvals."""
        warrant = self.any()
        proposal = proposed(warrant)
        purpose = self.rng.choice([p for p in Purpose if p is not Purpose.APPROVE])
        approvals = tuple(
            approve(proposal, member).model_copy(update={"assertion": member.key.sign(purpose, proposal.raw)})
            for member in (ADA, BEN, EMIL, FAY, GUS, LEA)
        )
        return warrant.model_copy(update={"approvals": approvals})

    def swapped_parts(self) -> Warrant:
        """Parts of assertions of different people put together."""
        warrant = self.any()
        names = self.rng.sample(list(Assertion.model_fields), self.rng.choice([1, 2, 3]))
        others = [approval.assertion for one in self.valid for approval in one.approvals]
        approvals = tuple(
            approval.model_copy(
                update={
                    "assertion": approval.assertion.model_copy(
                        update={name: getattr(self.rng.choice(others), name) for name in names}
                    )
                }
            )
            for approval in warrant.approvals[:-1]
        )
        return warrant.model_copy(update={"approvals": (*approvals, *approvals)})

    def rewritten(self) -> Warrant:
        """The proposal changed in one thing, with all the old signatures."""
        warrant = self.any()
        proposal = proposed(warrant)
        change = self.rng.choice(
            [
                {"proposal": named(str(self.rng.random())).id},
                {"expires_at": proposal.expires_at + self.rng.randrange(1, DAY)},
                {"reason": f"Changed {self.rng.random()}."},
                {"demo": False},
                {"requester": proposal.requester.model_copy(update={"name": "Mallory"})},
                {"parameters": proposal.parameters | {"zone": named("Treasury").model_dump()}},
            ]
        )
        return warrant.model_copy(update={"proposal": canonical.b64u(changed(proposal, **change).raw)})

    def junk(self) -> bytes:
        return self.rng.choice(
            [
                self.rng.randbytes(self.rng.randrange(200)),
                json.dumps({"type": "quorate/warrant/v1"}).encode(),
                self.any().proposal_bytes,
                b"",
            ]
        )

    def _spoiled(self, data: bytes) -> bytes:
        """The bytes with one changed, left out, put in, or cut off."""
        at = self.rng.randrange(len(data))
        return self.rng.choice(
            [
                data[:at] + bytes([data[at] ^ 1 << self.rng.randrange(8)]) + data[at + 1 :],
                data[:at] + data[at + 1 :],
                data[:at] + bytes([self.rng.randrange(256)]) + data[at:],
                data[:at],
            ]
        )


def test_ten_thousand_tries_get_nothing_done(site, cast, zone):
    site.send(cast.generate_keys(site.at, zone, ("first", "aes-256", ("encrypt",))))
    attacker = Attacker(site, cast, zone, random.Random(SEED))
    acts, head, holdings = site.pool.acts, site.head, site.facts.holdings
    answers = set()
    for _ in range(TRIES):
        report = site.node.deliver(attacker.message())
        answers |= {site.read(one).outcome for one in report.said}
    assert answers == {"refused"}
    assert (site.pool.acts, site.head, site.facts.holdings) == (acts, head, holdings)
    # The parts it was all made of are good, each in its own place.
    for warrant in attacker.valid:
        assert site.send(warrant, cast.zone(named("Payroll"))).outcome == "done"


@pytest.mark.parametrize("algorithm", [-7, -8])
def test_founders_of_ones_own_found_nothing(make_site, cast, algorithm):
    """A console that makes up a whole zone, with people of its own invention, gets no slot for it."""
    site = make_site().serving()
    invented = tuple(
        Member(name, MERIDIAN, (Role.KEY_MANAGER, Role.SECURITY_OFFICER), algorithm)
        for name in ("Mallory", "Mallet", "Marvin")
    )
    zone = cast.zone(members=invented)
    for officers in ((GUS, LEA), invented[:2]):
        founding = make_warrant(
            make_proposal(
                "zone.found/v1",
                proposed(cast.found_zone(zone)).parameters,
                authorities=[cast.meridian.at],
                nodes=[],
                requester=invented[0],
                now=cast.now,
            ),
            invented[0],
            officers,
        )
        warrant = cast.create_slot(site.at, zone, founding, managers=invented[:2])
        assert site.send(warrant, zone).outcome == "refused"
    short = make_warrant(
        proposed(cast.create_slot(site.at, zone)), CLEO, invented, evidence=[cast.found_zone(zone).raw]
    )
    assert site.send(short, zone).outcome == "refused"
    assert not site.pool.calls["install_backup_key"]


def test_every_person_of_the_cast_alone_can_do_nothing(site, cast, zone):
    acts = site.pool.acts
    for member in EVERYONE:
        for warrant in (cast.generate_keys(site.at, zone), cast.export_log(site.at)):
            lone = make_warrant(proposed(warrant), member, [member])
            assert site.send(lone).outcome == "refused"
    assert site.pool.acts == acts
    assert isinstance(proposed(cast.export_log(site.at)), Proposal)
    assert IVO in EVERYONE
