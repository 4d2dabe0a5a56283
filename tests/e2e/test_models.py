"""The service models, end to end in real browsers: who founds, who manages keys, who holds the backup key.

One deployment for all of them, on its three HSMs: two are given to one zone each, the third is shared. People
propose at the desk; how they approve and sign charters there is walked in test_custody.py.
"""

from dataclasses import dataclass, field, replace
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import custody, story
from tests.e2e.hurrying import HurryingVisitor
from tests.e2e.running import Running, running_demo

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1500)]

PROVIDERS = ("Nils", "Rosa", "Tom")
CUSTOMERS = ("Dina", "Emil", "Fay")
MANAGES, HOLDS = ("Key manager",), ("Custodian",)


@dataclass(frozen=True)
class Walk:
    """One model: as the service is started, as the zone is founded, and who is on which side."""

    zone: str
    node: str
    mode: str
    model: str
    managers: tuple[str, ...]
    custodians: tuple[str, ...]

    @property
    def roles(self) -> dict[str, tuple[str, ...]]:
        if self.managers == self.custodians:
            return dict.fromkeys(self.managers, custody.ROLES)
        return dict.fromkeys(self.managers, MANAGES) | dict.fromkeys(self.custodians, HOLDS)

    @property
    def for_the_slot(self) -> tuple[str, ...]:
        """Those of the zone who sign for its slot."""
        return tuple(dict.fromkeys((*self.managers[:2], *self.custodians[:2])))


WALKS = {
    "exclusive, controlled by the provider": Walk(
        "Vault", "ams-1", "exclusive", "The provider does both", PROVIDERS, PROVIDERS
    ),
    "exclusive, controlled by the customer": Walk(
        "Treasury", "ams-2", "exclusive", "The customer does both", CUSTOMERS, CUSTOMERS
    ),
    "shared, controlled by the provider": Walk(
        "Archive", "fra-1", "shared", "The provider does both", PROVIDERS, PROVIDERS
    ),
    "shared, controlled by the customer": Walk(
        "Cards", "fra-1", "shared", "The customer does both", CUSTOMERS, CUSTOMERS
    ),
    "managed by the provider, controlled by the customer": Walk(
        "Loans", "fra-1", "shared", "The provider manages, the customer holds", PROVIDERS, CUSTOMERS
    ),
}


@dataclass
class Stage:
    """The deployment with everyone who has come in so far, and who has made a share key."""

    demo: Running
    browser: Browser
    visitors: dict[str, HurryingVisitor] = field(default_factory=dict)
    keyed: set[str] = field(default_factory=set)

    def who(self, name: str) -> HurryingVisitor:
        if name not in self.visitors:
            self.visitors[name] = HurryingVisitor(self.browser, self.demo, name)
            self.visitors[name].sign_in()
        return self.visitors[name]

    def make_share_keys(self, names: tuple[str, ...]) -> None:
        for name in names:
            if name not in self.keyed:
                custody.make_share_key(self.who(name))
                self.keyed.add(name)


@pytest.fixture(scope="module")
def stage(chromium, tmp_path_factory):
    with running_demo(tmp_path_factory.mktemp("models") / "var") as demo:
        made = Stage(demo, chromium)
        yield made
        for visitor in made.visitors.values():
            visitor.close()


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS.keys())
def test_a_zone_of_each_model_lives(stage, walk):
    bring_to_life(stage, walk)
    take_backup(stage, walk)
    see_who_has_what_in_hand(stage, walk)
    if walk.mode == "exclusive":
        be_refused_beside_it(stage, walk)


def test_control_goes_over_to_the_customer_who_rotates_the_backup_key(stage):
    before = Walk("Ledger", "fra-1", "shared", "The provider does both", PROVIDERS, PROVIDERS)
    after = replace(before, model="The customer does both", managers=CUSTOMERS, custodians=CUSTOMERS)
    bring_to_life(stage, before)
    zone = hand_over(stage, before, after)
    nils, dina = stage.who("Nils"), stage.who("Dina")
    dina.go(zone)
    notice = dina.page.locator("#handed-over")
    expect(notice).to_contain_text("Nils, Rosa and Tom of the other side can still rebuild its backup key")
    notice.get_by_role("link", name="Rotate the backup key").click()
    custody.share_out_among(dina, stage.who, after.custodians, 2, people=after.managers, reason="It is ours.")
    dina.go(zone)
    expect(notice).to_have_count(0)
    rotate_what_is_within_reach(stage, zone, after)
    take_backup(stage, after)
    see_who_has_what_in_hand(stage, after)
    nils.go(zone)
    expect(nils.page.get_by_role("link", name="Hand control over")).to_have_count(0)


def bring_to_life(stage: Stage, walk: Walk) -> None:
    """A zone with a slot, a key, and a backup key that is split."""
    who, service = stage.who, f"{walk.zone} service"
    stage.make_share_keys(walk.custodians)
    story.start_service(who, name=service, customer="Meridian", node=walk.node, mode=walk.mode)
    charter = custody.draft_zone_of(who, service=service, name=walk.zone, roles=walk.roles, model=walk.model)
    story.found_zone(who, charter)
    story.create_slot(
        who, zone=walk.zone, slot=f"Slot of {walk.zone}", node=walk.node, for_zone=walk.for_the_slot
    )
    story.generate_key(who, zone=walk.zone, label=f"{walk.zone}-2027", node=walk.node, people=walk.managers)
    custody.split_backup_key(
        who, zone=walk.zone, custodians=walk.custodians, threshold=2, people=walk.custodians
    )


def hand_over(stage: Stage, before: Walk, after: Walk) -> str:
    """An amendment naming the other side, signed by two people of each; the address of the zone's page."""
    stage.make_share_keys(after.custodians)
    first = stage.who(before.managers[0])
    first.go("/zones")
    first.page.get_by_role("link", name=before.zone, exact=True).click()
    zone = urlparse(first.page.url).path
    first.page.get_by_role("link", name="Hand control over").click()
    first.page.get_by_role("link", name=after.model).click()
    for name, roles in (dict.fromkeys(before.roles, ()) | after.roles).items():
        given = first.page.get_by_role("group", name=f"Roles of {name}")
        for role in custody.ROLES:
            given.get_by_label(role).set_checked(role in roles)
    first.page.get_by_role("button", name="Review what changes").click()
    first.page.get_by_role("button", name="Draft version 2").click()
    first.page.wait_for_url("**/charters/*")
    charter = urlparse(first.page.url).path
    for name in after.roles:
        stage.who(name).sign_charter(charter)
    first.go(charter)
    first.page.get_by_role("link", name="Propose the amendment").click()
    approvers = (*before.managers[1:], *after.managers[:2])
    story.review_and_collect(first, stage.who, approvers, reason="The customer takes over.")
    return zone


def rotate_what_is_within_reach(stage: Stage, zone: str, walk: Walk) -> None:
    """The zone's page says which keys earlier holders could read; new ones are made in their place."""
    first = stage.who(walk.managers[0])
    notice = first.page.locator("#reachable-keys")
    expect(notice).to_contain_text("One key was backed up under a backup key that is retired")
    notice.get_by_role("link", name="Rotate keys").click()
    story.review_and_collect(first, stage.who, walk.managers[1:], reason="The other side could read it.")
    first.go(zone)
    expect(notice).to_have_count(0)
    expect(first.page.get_by_role("link", name=f"{walk.zone}-2027 v2", exact=True)).to_be_visible()


def take_backup(stage: Stage, walk: Walk) -> None:
    """The custodians take it, who hold what opens it."""
    first = stage.who(walk.custodians[0])
    first.go("/propose/backup.take/v1")
    first.choose_zone(walk.zone)
    story.review_and_collect(first, stage.who, walk.custodians[1:], reason="The yearly backup.")


def see_who_has_what_in_hand(stage: Stage, walk: Walk) -> None:
    """The zone's page, as somebody of the customer who has no duty in the zone reads it."""
    gus = stage.who("Gus")
    gus.go("/zones")
    gus.page.get_by_role("link", name=walk.zone, exact=True).click()
    panel = gus.page.get_by_role("region", name="Who has what in hand")
    kind = "Master Backup Key (MBK)" if walk.mode == "exclusive" else "Tenant Backup Key (TBK)"
    expect(panel).to_contain_text(kind)
    side = {PROVIDERS: "Northgate", CUSTOMERS: "Meridian Bank"}
    expect(panel.locator("div", has_text="Controls it").last).to_contain_text(side[walk.custodians])
    expect(panel.locator("div", has_text="Manages its keys").last).to_contain_text(side[walk.managers])
    expect(panel).to_contain_text("hold the shares of the backup key")
    expect(gus.page.get_by_text("Last backed up")).to_be_visible()


def be_refused_beside_it(stage: Stage, walk: Walk) -> None:
    """Cleo would give the same HSM to somebody else, too: the form says that it cannot be."""
    cleo = stage.who("Cleo")
    cleo.go("/propose/service.start/v1")
    cleo.page.get_by_label("Service", exact=True).fill("Another")
    cleo.choose("Mode", "shared")
    cleo.choose("Customer", "Lumen")
    cleo.tick("On which HSMs", walk.node)
    cleo.page.get_by_label("Reason").fill("Room for one more.")
    cleo.page.get_by_role("button", name="Review").click()
    expect(cleo.page.get_by_text(f"{walk.node} is given to {walk.zone} service alone").first).to_be_visible()
