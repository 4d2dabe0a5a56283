"""Custody as people do it: share keys, a split backup key, a drill at which custodians give their shares."""

import re
from urllib.parse import urlparse

from playwright.sync_api import expect

from tests.console.desk.hands import choose_simulated, press
from tests.e2e.story import Who, review_and_collect, review_and_propose, sign_charter
from tests.e2e.visitor import PATIENCE, Visitor

ROLES = ("Key manager", "Custodian")


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
    first = who(founders[0])
    first.go("/zones/found")
    first.choose("Service", service)
    first.page.get_by_label("Name", exact=True).fill(name)
    for founder in founders:
        roles = first.page.get_by_role("group", name=f"Roles of {founder}")
        for role in ROLES:
            roles.get_by_label(role).check()
    first.page.get_by_role("button", name="Draft the charter").click()
    first.page.wait_for_url("**/charters/*")
    charter = urlparse(first.page.url).path
    for founder in founders:
        sign_charter(who(founder), charter)
    return charter


def split_backup_key(who: Who, *, zone: str, custodians: tuple[str, ...], threshold: int) -> str:
    """Dina proposes, Emil and Fay sign."""
    dina = who("Dina")
    dina.go("/propose/backup-key.share/v1")
    dina.choose("Trust Zone", zone)
    dina.page.get_by_label("Shares that rebuild the key").fill(str(threshold))
    for name in custodians:
        dina.page.get_by_label(f"{name}, ").first.check()
    return review_and_collect(dina, who, ("Emil", "Fay"), reason="So that it can be rebuilt elsewhere.")


def call_drill(who: Who, *, zone: str, shares: int) -> str:
    """Dina proposes, Emil and Fay sign; the address of the ceremony that the HSM opens."""
    dina = who("Dina")
    dina.go("/propose/backup-key.drill/v1")
    dina.choose("Trust Zone", zone)
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
