"""Who owns the console and its database gets no operation carried out: no HSM call, no intent."""

import pytest

from hsmnodes import steps
from hsmnodes.models import OutboxMessage
from hsmnodes.node.agent.messages import WarrantMessage
from hsmnodes.node.protocol import canonical
from tenants.models import Approval, Proposal, TrustZone
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    DINA,
    EMIL,
    FAY,
    GUS,
    LEA,
    Member,
)
from tests.cast.signing import approve
from tests.hsmnodes.forging import forged_approval, insert
from tests.hsmnodes.owned import Owned

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_stacks]


def proposals(owned: Owned) -> list[tuple[Proposal, tuple[Member, ...]]]:
    """One proposal of every kind that a node carries out, and who would have to sign it."""
    world, node = owned.world, owned.node
    made = owned.do(owned.key("first"), EMIL, FAY)
    first = made.document.parameters["keys"][0]["label"]
    [key] = owned.site.facts.holdings.keys.values()
    zone = {"id": owned.zone.id, "name": owned.zone.name}
    doomed = {"zone": zone, "keys": [{"id": key.id, "label": first}]}
    exported = {"node": node.enrolment["node"], "from_sequence": 1, "to_sequence": 2}
    return [
        (owned.key("second"), (EMIL, FAY)),
        (world.propose("key.destroy/v1", doomed, by=DINA, nodes=[node]), (EMIL, FAY)),
        (world.propose("node.export-log/v1", exported, by=CLEO, nodes=[node]), (ADA,)),
        (world.propose_service(node, name="Second service"), (ADA, BEN, GUS, LEA)),
        (
            world.propose_slot(world.zone(owned.service, name="Payroll"), node, name="Slot 2"),
            (ADA, BEN, DINA, EMIL),
        ),
    ]


def test_a_row_that_is_flipped_to_authorised_executes_nothing(owned, world):
    cases = proposals(owned)
    before = owned.done
    for proposal, signers in cases:
        world.approve(proposal, *signers[:-1])
        assert {receipt.outcome for receipt in owned.flip(proposal)} == {"refused"}
        assert Proposal.objects.get(pk=proposal.pk).state == "refused"
    assert owned.done == before


def test_an_approval_that_is_put_into_the_database_counts_nowhere(owned, world):
    cases = proposals(owned)
    before = owned.done
    for proposal, (*signers, last) in cases:
        world.approve(proposal, *signers)
        insert(proposal, last, forged_approval(proposal, last), world)
        assert {receipt.outcome for receipt in owned.flip(proposal)} == {"refused"}
    assert owned.done == before


def test_an_approval_of_something_else_counts_nowhere(owned, world):
    signed, wanted = owned.key("signed"), owned.key("wanted")
    before = owned.done
    other = approve(signed.document, FAY)
    world.approve(wanted, EMIL)
    insert(wanted, FAY, other.raw, world)
    owned.flip(wanted)
    Approval.objects.filter(proposal=wanted, person=FAY.id).update(
        raw=other.model_copy(update={"proposal": wanted.hash}).raw
    )
    owned.flip(wanted)
    assert owned.done == before


def test_one_person_s_approval_under_many_names_counts_once(owned, world):
    proposal = owned.key("wanted")
    world.approve(proposal, EMIL)
    for member in (FAY, GUS, LEA, ADA):
        insert(proposal, member, approve(proposal.document, EMIL).raw, world)
    before = owned.done
    assert {receipt.code for receipt in owned.flip(proposal)} == {"quorum-not-met"}
    assert owned.done == before


def test_bytes_that_are_changed_after_they_were_signed_execute_nothing(owned, world):
    proposal = world.approve(owned.key("wanted"), EMIL)
    before = owned.done
    document = proposal.document
    fields = {name: getattr(document, name) for name in type(document).model_fields}
    keys = [{"label": "theirs", "algorithm": "ec-p256", "usages": ["sign"]}]
    altered = type(document)(**fields | {"parameters": document.parameters | {"keys": keys}})
    insert(proposal, FAY, approve(document, FAY).raw, world)
    Proposal.objects.filter(pk=proposal.pk).update(raw=altered.raw, hash=altered.sha256)
    owned.flip(Proposal.objects.get(pk=proposal.pk))
    assert owned.done == before


def test_the_founding_of_one_zone_is_no_evidence_for_another(owned, world):
    zone: TrustZone = world.zone(owned.service, name="Payroll")
    other = Proposal.objects.get(operation="zone.found/v1", zone=owned.zone)
    Proposal.objects.filter(operation="zone.found/v1", zone=zone).update(warrant=bytes(other.warrant))
    before = owned.done
    proposal = world.approve(world.propose_slot(zone, owned.node, name="Slot 2"), ADA, BEN, DINA, EMIL)
    assert {receipt.outcome for receipt in owned.carry()} == {"refused"}
    assert Proposal.objects.get(pk=proposal.pk).state == "refused"
    assert owned.done == before


def test_what_was_done_is_not_done_again_however_it_is_sent(owned):
    made = owned.do(owned.key("first"), EMIL, FAY)
    before = owned.done
    row = OutboxMessage.objects.get(proposal=made)
    OutboxMessage.objects.update(settled_at=None, attempts=0)
    Proposal.objects.filter(state="done").update(state="authorised")
    for _ in range(3):
        owned.carry()
        again = owned.put_in_queue([row.message] * 3)
        assert {receipt.outcome for receipt in again} == {"done"}
        assert {receipt.proposal for receipt in again} == {made.id}
    message = steps.links_of([owned.zone.id])
    for step in (1, 63):
        text = WarrantMessage(step=step, warrant=canonical.b64u(bytes(made.warrant)), charters=message).text()
        assert {receipt.outcome for receipt in owned.put_in_queue([text])} == {"refused"}
    assert owned.done == before


def test_a_warrant_for_another_node_is_not_carried_out_here(owned, world):
    proposal = world.approve(owned.key("elsewhere", node=owned.elsewhere), EMIL, FAY)
    before = owned.done
    OutboxMessage.objects.filter(proposal=proposal).update(node=owned.node.id, attempts=0, sent_at=None)
    owned.put_in_queue([OutboxMessage.objects.get(proposal=proposal).message])
    owned.carry()
    assert owned.done == before
