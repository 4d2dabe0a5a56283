"""Custody as people do it: share keys, a split backup key, a drill at which custodians give their shares."""

import re
from urllib.parse import urlparse

from playwright.sync_api import expect

from tests.console.desk.hands import choose_simulated, press
from tests.e2e.story import Who, review_and_collect, review_and_propose
from tests.e2e.visitor import PATIENCE, Visitor

ROLES = ("Key manager", "Custodian")
KEY_MANAGERS = ("Dina", "Emil", "Fay")


def make_share_key(visitor: Visitor) -> None:
    """In the settings, with the first token, and back."""
    visitor.go("/settings")
    visitor.page.locator("details summary", has_text="share key").first.click()
    visitor.page.get_by_role("button", name=re.compile("Make a share key with")).first.click()
    press(visitor.page)
    if visitor.simulated:
        choose_simulated(visitor.page, visitor.name)
    expect(visitor.page.get_by_role("heading", name="The words of the new share key")).to_be_visible()
    visitor.page.locator("a.sign").click()
    visitor.page.wait_for_url(f"{visitor.console}/settings*")


def draft_zone_of_custodians(who: Who, *, service: str, name: str, founders: tuple[str, ...]) -> str:
    """The first founder drafts a charter in which each manages keys and keeps a share; all sign it."""
    return draft_zone_of(who, service=service, name=name, roles=dict.fromkeys(founders, ROLES))


def draft_zone_of(
    who: Who, *, service: str, name: str, roles: dict[str, tuple[str, ...]], model: str = ""
) -> str:
    """The first of those who are given roles drafts the charter, by the model of this title; all sign."""
    founders = tuple(roles)
    first = who(founders[0])
    first.go("/zones/found")
    if model:
        first.page.get_by_role("link", name=model).click()
        first.page.wait_for_url("**/zones/found?model=*")
    first.choose("Service", service)
    first.page.get_by_label("Name", exact=True).fill(name)
    for founder, wanted in roles.items():
        given = first.page.get_by_role("group", name=f"Roles of {founder}")
        for role in wanted:
            given.get_by_label(role).check()
    first.page.get_by_role("button", name="Draft the charter").click()
    first.page.wait_for_url("**/charters/*")
    charter = urlparse(first.page.url).path
    for founder in founders:
        who(founder).sign_charter(charter)
    return charter


def split_backup_key(
    who: Who,
    *,
    zone: str,
    custodians: tuple[str, ...],
    threshold: int,
    people: tuple[str, ...] = KEY_MANAGERS,
) -> str:
    """The first of these people proposes, the others sign."""
    reason = "So that it can be rebuilt elsewhere."
    return _share_out("share", who, zone, custodians, threshold, people=people, reason=reason)


def reshare_backup_key(who: Who, *, zone: str, custodians: tuple[str, ...], threshold: int) -> str:
    """Dina proposes new shares of the same key, Emil and Fay sign."""
    return _share_out("reshare", who, zone, custodians, threshold, reason="One more is to be needed.")


def rotate_backup_key(who: Who, *, zone: str, custodians: tuple[str, ...], threshold: int) -> str:
    """Dina proposes a new key, Emil and Fay sign."""
    return _share_out("rotate", who, zone, custodians, threshold, reason="A custodian leaves.")


def _share_out(
    how: str,
    who: Who,
    zone: str,
    custodians: tuple[str, ...],
    threshold: int,
    *,
    reason: str,
    people: tuple[str, ...] = KEY_MANAGERS,
) -> str:
    first = who(people[0])
    first.go(f"/propose/backup-key.{how}/v1")
    first.choose_zone(zone)
    return share_out_among(first, who, custodians, threshold, people=people, reason=reason)


def share_out_among(
    first: Visitor,
    who: Who,
    custodians: tuple[str, ...],
    threshold: int,
    *,
    people: tuple[str, ...],
    reason: str,
) -> str:
    """On the form that the first of these people sees: who gets the shares; the others sign."""
    first.page.get_by_label("Shares that rebuild the key").fill(str(threshold))
    for name in custodians:
        first.page.get_by_label(f"{name}, ").first.check()
    return review_and_collect(first, who, people[1:], reason=reason)


def call_drill(who: Who, *, zone: str, shares: int) -> str:
    """Dina proposes, Emil and Fay sign; the address of the ceremony that the HSM opens."""
    dina = who("Dina")
    dina.go("/propose/backup-key.drill/v1")
    dina.choose_zone(zone)
    dina.page.get_by_label("Custodians who take part").fill(str(shares))
    proposal = review_and_propose(dina, reason="The yearly drill.")
    for name in ("Emil", "Fay"):
        who(name).approve(proposal)
    fay = who("Fay")
    fay.go(proposal)
    fay.page.get_by_role("link", name="To the ceremony").click(timeout=60_000)
    return urlparse(fay.page.url).path


def give_share(visitor: Visitor, ceremony: str) -> None:
    """One touch, and wait until the HSM says that the share is in."""
    visitor.go(ceremony)
    visitor.page.locator("#go-contribute").click()
    visitor.sign_at_the_desk()
    seat = visitor.page.locator(".seat", has_text=visitor.name)
    expect(seat).to_have_class(re.compile("taken"), timeout=3 * PATIENCE)
