"""What both sides agree on about duties, in browsers: drawn up, signed at the desk, and departed from."""

import re
from pathlib import Path
from urllib.parse import urlparse

from playwright.sync_api import expect

from hsmnodes.node.agent import cli
from tests.e2e.story import Who, review_and_collect
from tests.e2e.visitor import PATIENCE, Visitor

OFFICERS = ("Gus", "Lea", "Jon", "Kim")
DESTROY = "key.destroy/v1"


def agree(who: Who, *, service: str) -> str:
    """Dina draws it up and proposes it, two officers of each side sign; the address of the statement."""
    dina = who("Dina")
    dina.go("/statements")
    dina.page.get_by_role("link", name=service).first.click()
    expect(dina.page.get_by_role("heading", name="Nothing has been signed yet")).to_be_visible()
    dina.page.get_by_role("link", name="Draw up a statement").click()
    dina.page.get_by_label(re.compile("^Security officers of")).first.fill("Duty desk, day and night")
    dina.page.get_by_role("button", name="Keep this version").click()
    statement = urlparse(dina.page.url).path
    dina.page.get_by_role("button", name="Propose it to both sides").click()
    proposal = dina.propose()
    for name in OFFICERS:
        who(name).approve(proposal)
    who(OFFICERS[-1]).expect_done(proposal)
    return statement


def holds(visitor: Visitor, *, service: str) -> bool:
    """Whether the page of a service says that what is in force is what was signed, and shows the seal so."""
    visitor.go("/statements")
    visitor.page.get_by_role("link", name=service).first.click()
    verdict = visitor.page.get_by_role("heading", level=2).first
    expect(verdict).to_have_text(
        re.compile("^(Yes: version 1 is|No: what is in force differs from version 1)")
    )
    seal = visitor.page.locator(".verdict-of-seal")
    whole = verdict.inner_text().startswith("Yes")
    expect(seal).to_have_class(re.compile("state-ok" if whole else "state-bad"))
    return whole


def ask_for_more(who: Who, *, zone: str, m: int) -> None:
    """Dina amends the zone's charter: so many must sign to destroy keys. Emil and Fay sign."""
    dina = who("Dina")
    dina.go("/zones")
    dina.page.get_by_role("link", name=zone, exact=True).first.click()
    dina.page.locator("a[href*='/charters/']").first.click()
    dina.page.get_by_role("link", name=re.compile("^Amend")).first.click()
    dina.page.locator(f"[name='rule:{DESTROY}-0-m']").fill(str(m))
    dina.page.get_by_role("button", name="Review what changes").click()
    dina.page.get_by_role("button", name=re.compile("Draft version")).click()
    dina.page.get_by_role("link", name="Propose the amendment").click(timeout=PATIENCE)
    review_and_collect(dina, who, ("Emil", "Fay"), reason="Destroying takes all of us.")


def verified(visitor: Visitor, statement: str, folder: Path) -> int:
    """What `quorate-node verify-statement --still` returns for the signed file, called as the page says."""
    visitor.go(statement)
    command = visitor.page.locator("pre", has_text="verify-statement").inner_text()
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Signed file").click()
    file = folder / "signed.json"
    download.value.save_as(file)
    words = [str(file) if word == "FILE" else word for word in command.split()[1:]]
    return cli.main([*words, "--still"])
