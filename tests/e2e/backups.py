"""Backups as people do it: taken, and their keys destroyed and restored, or brought to another HSM."""

import re
from urllib.parse import urlparse

from playwright.sync_api import expect

from tests.e2e.story import Who, review_and_collect, review_and_propose
from tests.e2e.visitor import Visitor

MANAGERS = ("Emil", "Fay")


def take_backup(who: Who, *, zone: str, node: str) -> str:
    """Dina proposes, Emil and Fay sign; the address of the backup."""
    dina = who("Dina")
    dina.go("/propose/backup.take/v1")
    dina.choose("Trust Zone", zone)
    dina.choose_node(node)
    proposal = review_and_collect(dina, who, MANAGERS, reason="Before the change.")
    return proposal.replace("/proposals/", "/backups/")


def destroy_key(who: Who, *, zone: str, label: str, node: str) -> None:
    """Dina proposes, Emil and Fay sign."""
    dina = who("Dina")
    dina.go("/propose/key.destroy/v1")
    dina.choose("Trust Zone", zone)
    dina.page.get_by_label(re.compile(re.escape(label))).first.check()
    dina.choose_node(node)
    review_and_collect(dina, who, MANAGERS, reason="So that it has to be restored.")


def restore(who: Who, backup: str, *, node: str) -> None:
    """Dina proposes to restore all keys of a backup; Emil and Fay sign the plan."""
    dina = who("Dina")
    dina.go(backup)
    dina.page.get_by_role("link", name="Restore…").click()
    dina.choose_node(node)
    dina.page.get_by_role("button", name="Show the plan anew").click()
    expect(dina.page.get_by_text("To be created: 1. Replaced: 0. Skipped: 0.")).to_be_visible()
    review_and_collect(dina, who, MANAGERS, reason="The key is needed here.")


def verify_backup(who: Who, backup: str, *, node: str) -> None:
    """Dina proposes, Emil signs."""
    dina = who("Dina")
    dina.go(backup)
    dina.page.get_by_role("link", name="Verify…").click()
    dina.choose_node(node)
    review_and_collect(dina, who, ("Emil",), reason="To know that it opens.")


def import_backup_key(who: Who, *, zone: str, slot: str, node: str) -> str:
    """Cleo proposes; Ada, Ben, and Dina and Emil for the zone, sign. The address of the ceremony."""
    cleo = who("Cleo")
    cleo.go("/propose/backup-key.import/v1")
    cleo.choose("Trust Zone", zone)
    cleo.page.get_by_label("Slot", exact=True).fill(slot)
    cleo.choose_node(node)
    proposal = review_and_propose(cleo, reason="A second place for the zone.")
    for name in ("Ada", "Ben", "Dina", "Emil"):
        who(name).approve(proposal)
    fay = who("Fay")
    fay.go(proposal)
    fay.page.get_by_role("link", name="To the ceremony").click(timeout=60_000)
    return urlparse(fay.page.url).path


def public_key(visitor: Visitor, key: str) -> bytes:
    """The public key of a key, by its id, as the console shows it."""
    shown: bytes = visitor.page.request.get(f"{visitor.console}/keys/{key}/public.pem").body()
    return shown
