"""The main job as people do it: from a service to a key that several of them agreed to."""

import re
from collections.abc import Callable
from urllib.parse import urlparse

from playwright.sync_api import expect

from tests.e2e.visitor import PATIENCE, Visitor

Who = Callable[[str], Visitor]


def make_a_key(who: Who) -> tuple[str, bytes]:
    """All of it, on ams-1: the key's id, and its public key as the console shows it to Fay."""
    start_service(who, name="Payments HSM", customer="Meridian", node="ams-1")
    charter = draft_zone(who, service="Payments HSM", name="Cards", founders=("Dina", "Emil", "Fay"))
    found_zone(who, charter)
    create_slot(who, zone="Cards", slot="Slot 1", node="ams-1")
    proposal = generate_key(who, zone="Cards", label="payments-2027", node="ams-1")
    return key_of(who("Fay"), proposal, "payments-2027")


def key_of(visitor: Visitor, proposal: str, label: str) -> tuple[str, bytes]:
    """The id of a key that a proposal made, and its public key as the console shows it."""
    visitor.go(proposal)
    visitor.page.get_by_role("link", name=label, exact=True).click()
    visitor.page.wait_for_url(re.compile("/keys/"))
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text(label)
    pem: bytes = visitor.page.request.get(f"{visitor.page.url}/public.pem").body()
    return visitor.page.url.rpartition("/")[2], pem


def start_service(
    who: Who, *, name: str, customer: str, node: str, others: tuple[str, ...] = (), mode: str = "shared"
) -> str:
    """Cleo proposes; Ada and Ben sign for the provider, Gus and Lea for the customer."""
    cleo = who("Cleo")
    cleo.go("/propose/service.start/v1")
    cleo.page.get_by_label("Service", exact=True).fill(name)
    cleo.choose("Mode", mode)
    cleo.choose("Customer", customer)
    for one in (node, *others):
        cleo.choose_node(one)
    return review_and_collect(cleo, who, ("Ada", "Ben", "Gus", "Lea"), reason="As agreed in contract 4711.")


def draft_zone(who: Who, *, service: str, name: str, founders: tuple[str, ...]) -> str:
    """The first founder drafts the zone's charter; every founder signs it with each of their tokens."""
    first = who(founders[0])
    first.go("/zones/found")
    first.choose("Service", service)
    first.page.get_by_label("Name", exact=True).fill(name)
    for founder in founders:
        roles = first.page.get_by_role("group", name=f"Roles of {founder}")
        roles.get_by_label("Key manager").check()
    first.page.get_by_role("button", name="Draft the charter").click()
    first.page.wait_for_url("**/charters/*")
    charter = urlparse(first.page.url).path
    for founder in founders:
        who(founder).sign_charter(charter)
    return charter


def found_zone(who: Who, charter: str) -> str:
    """Dina proposes the founding of the zone whose charter is signed; Gus and Lea sign for the customer."""
    dina = who("Dina")
    dina.go(charter)
    dina.page.get_by_role("link", name="Propose the founding").click()
    return review_and_collect(dina, who, ("Gus", "Lea"), reason="Our zone for card payments.")


def create_slot(
    who: Who, *, zone: str, slot: str, node: str, for_zone: tuple[str, ...] = ("Dina", "Emil")
) -> str:
    """Cleo proposes the slot; Ada and Ben sign for the provider, Dina and Emil for the zone, or others."""
    cleo = who("Cleo")
    cleo.go("/propose/slot.create/v1")
    cleo.choose_zone(zone)
    cleo.page.get_by_label("Slot", exact=True).fill(slot)
    cleo.choose_node(node)
    return review_and_collect(cleo, who, ("Ada", "Ben", *for_zone), reason="A slot for the zone.")


def generate_key(
    who: Who, *, zone: str, label: str, node: str, people: tuple[str, ...] = ("Dina", "Emil", "Fay")
) -> str:
    """The first of these people proposes a P-256 key for signing, the others sign."""
    first = who(people[0])
    first.go("/propose/key.generate/v1")
    first.choose_zone(zone)
    first.page.get_by_label("Label", exact=True).fill(label)
    first.choose("Algorithm", "P-256")
    first.page.get_by_label("sign", exact=True).check()
    first.choose_node(node)
    return review_and_collect(first, who, people[1:], reason="The signing key of 2027.")


def review_and_propose(requester: Visitor, *, reason: str) -> str:
    """From a form that is filled in to a proposal; its address."""
    requester.page.get_by_label("Reason").fill(reason)
    requester.page.get_by_role("button", name=re.compile("Review")).click()
    expect(requester.page.locator("#go-propose")).to_be_visible(timeout=PATIENCE)
    return requester.propose()


def review_and_collect(requester: Visitor, who: Who, approvers: tuple[str, ...], *, reason: str) -> str:
    """The same, signed by all who approve, and done."""
    proposal = review_and_propose(requester, reason=reason)
    for name in approvers:
        who(name).approve(proposal)
    who(approvers[-1]).expect_done(proposal)
    return proposal
