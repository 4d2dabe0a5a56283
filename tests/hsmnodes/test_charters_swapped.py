"""Charters that are swapped in the console's database deceive the console, and no node."""

import pytest

from hsmnodes.node.protocol.purposes import Purpose
from tenants import charters, workflow
from tenants.models import Proposal
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    CUSTOMER_PEOPLE,
    DINA,
    EMIL,
    FAY,
    GUS,
    IVO,
    LEA,
    LUMEN,
    LUMEN_PEOPLE,
    OLGA,
    PROVIDER_PEOPLE,
    ZONE_PEOPLE,
)
from tests.cast.signing import approve
from tests.hsmnodes.forging import forged_key, in_force, insert, sign, swap
from tests.hsmnodes.owned import Owned

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_stacks]


@pytest.mark.parametrize("whose", ["provider", "customer", "zone"])
def test_a_charter_that_is_swapped_in_the_database_authorises_nothing(owned, world, whose):
    """The console then takes every forged signature, and shows it as authorised. The node does not."""
    authority, members = {
        "provider": (owned.service.provider_id, PROVIDER_PEOPLE),
        "customer": (owned.service.customer_id, CUSTOMER_PEOPLE),
        "zone": (owned.zone.id, ZONE_PEOPLE),
    }[whose]
    before = owned.done
    swap(in_force(authority), members)
    if whose == "zone":
        draft = world.draft(
            "key.generate/v1",
            {
                "zone": {"id": owned.zone.id, "name": owned.zone.name},
                "keys": [{"label": "theirs", "algorithm": "ec-p256", "usages": ["sign"]}],
            },
            by=DINA,
            nodes=[owned.node],
        )
        requester, forgers, honest = DINA, (EMIL, FAY), ()
    else:
        draft = _draft_service(owned)
        provider = whose == "provider"
        requester = CLEO
        forgers, honest = ((ADA, BEN), (GUS, LEA)) if provider else ((GUS, LEA), (ADA, BEN))
    key = forged_key(requester) if whose != "customer" else requester.key
    proposal = workflow.propose(
        proposal=draft,
        person=world.person(requester),
        assertion=key.sign(Purpose.PROPOSE, bytes(draft.raw)),
    )
    world.approve(proposal, *honest)
    sign(proposal, *forgers)
    assert Proposal.objects.get(pk=proposal.pk).state == "sent", "the console believes its database"
    assert {receipt.outcome for receipt in owned.carry()} == {"refused"}
    assert owned.done == before


def _draft_service(owned: Owned, *, customer=None) -> Proposal:
    customer = customer or owned.world.meridian
    parameters = {
        "service": {"id": "5" * 32, "name": "Their service"},
        "mode": "shared",
        "customer": {"id": customer.id, "name": customer.name},
        "customer_founding": charters.anchor_of(customer.id),
    }
    return owned.world.draft("service.start/v1", parameters, by=CLEO, nodes=[owned.node])


def test_a_customer_s_charter_that_is_swapped_after_it_was_signed_for_is_not_pinned(owned, world):
    draft = _draft_service(owned, customer=world.lumen)
    proposal = workflow.propose(
        proposal=draft, person=world.person(CLEO), assertion=CLEO.key.sign(Purpose.PROPOSE, bytes(draft.raw))
    )
    world.approve(proposal, ADA, BEN, IVO)
    Proposal.objects.filter(pk=proposal.pk).update(state="proposed")
    swap(in_force(LUMEN.id), LUMEN_PEOPLE)
    before = owned.done
    insert(proposal, OLGA, approve(proposal.document, OLGA).raw, world)
    assert {receipt.outcome for receipt in owned.flip(proposal)} == {"refused"}
    assert owned.done == before
