"""The main job once more with nothing of a demo in it: real WebAuthn, and everybody comes in by a link."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from hsmnodes.node.agent.config import Config
from tests.console.desk.hands import the_button
from tests.e2e import application, story
from tests.e2e.machine import Machine, Printed
from tests.e2e.newcomer import Newcomer
from tests.e2e.running import Running, running
from tests.e2e.visitor import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

ADMINISTRATOR, OFFICER, MANAGER = "HSM administrator", "Security officer", "Key manager"
PROVIDER = {"Ada": ADMINISTRATOR, "Ben": ADMINISTRATOR, "Cleo": ADMINISTRATOR, "Jon": OFFICER, "Kim": OFFICER}
CUSTOMER = {"Gus": OFFICER, "Lea": OFFICER, "Dina": MANAGER, "Emil": MANAGER, "Fay": MANAGER}

People = dict[str, Newcomer]


def test_people_with_real_tokens_come_from_an_empty_console_to_a_key(chromium, tmp_path):
    machine = Machine(tmp_path / "machine", "ams-1")
    machine.folder.mkdir()
    people: People = {}
    with running(tmp_path / "var", demo=False) as everything:

        def come_in(name: str, link: str) -> Newcomer:
            people[name] = Newcomer(chromium, everything.console, name)
            people[name].come_in(link)
            return people[name]

        link = everything.manage("first_person", "--provider", "Northgate", "--name", "Ada").strip()
        ada = come_in("Ada", link)
        gather(ada, "Northgate", PROVIDER, come_in)
        charter = found(ada, PROVIDER, people)
        enrol(machine, everything, people, charter)
        gus = come_in("Gus", people["Jon"].take_on("Meridian Bank", "Gus"))
        gather(gus, "Meridian Bank", CUSTOMER, come_in)
        found(gus, CUSTOMER, people)
        key_id, pem = story.make_a_key(people.__getitem__)
        for person in people.values():
            person.close()
        machine.stop()

    config = Config.load(machine.file)
    assert not config.demo
    (zone,) = [folder.name for folder in (config.state / "zones").iterdir()]
    application.prove_signing(config, zone, key_id, pem, tmp_path)


def gather(first: Newcomer, organisation: str, names: dict[str, str], come_in: Callable) -> None:
    """The first person of an organisation adds and invites the others; each comes in."""
    for name in names:
        if name != first.name:
            come_in(name, first.add_person(organisation, name))


def found(first: Newcomer, roles: dict[str, str], people: People) -> str:
    """Found an organisation's charter with everybody's token, each admitted by its words. Its hash."""
    charter = first.draft_charter(roles)
    for name in roles:
        words = " ".join(people[name].words)
        expect(first.page.get_by_role("article").filter(has_text=words)).to_contain_text(name)
    for name in roles:
        people[name].sign_charter(charter)
    first.go(charter)
    expect(first.page.locator(".docket .badge").first).to_have_text("In force", timeout=PATIENCE)
    return str(first.page.locator("[data-what='charter hash']").first.get_attribute("data-copy"))


def enrol(machine: Machine, everything: Running, people: People, charter: str) -> None:
    """Install a node for the charter that was founded; two administrators compare its words and approve."""
    cleo = people["Cleo"]
    cleo.go("/settings")
    deployment = cleo.page.locator("[data-what='deployment id']").get_attribute("data-copy")
    printed = machine.init(everything, deployment=str(deployment), provider_founding=charter)
    machine.run(everything)
    cleo.go("/data-centres/new")
    cleo.page.get_by_label("Name", exact=True).fill("Amsterdam")
    cleo.page.get_by_role("button", name="Add", exact=True).click()
    cleo.page.wait_for_url("**/hsms")
    register(cleo, machine.name, printed)
    cleo.page.get_by_role("link", name="Propose its enrolment").click()
    cleo.page.get_by_label("Reason").fill("Our first HSM.")
    cleo.page.get_by_role("button", name=re.compile("Review")).click()
    expect(cleo.page.locator("#go-propose")).to_be_visible(timeout=PATIENCE)
    proposal = cleo.propose()
    for name in ("Ada", "Ben"):
        approver = people[name]
        approver.go(proposal)
        approver.page.locator("#go-approve").click()
        expect(the_button(approver.page)).to_be_visible()
        assert " ".join(printed.words) in spoken(approver)
        approver.sign_at_the_desk()
    people["Ben"].expect_done(proposal)


def register(person: Newcomer, name: str, printed: Printed) -> None:
    """Type in what the machine showed; the page then shows the same words."""
    person.go("/hsms/register")
    person.page.get_by_label("Name", exact=True).fill(name)
    person.page.get_by_label("Node id").fill(printed.id)
    person.page.get_by_label("Identity key").fill(printed.identity)
    person.page.get_by_role("button", name="Register", exact=True).click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text(name)
    assert person.page.locator("ol.words li").all_inner_texts() == printed.words


def spoken(person: Newcomer) -> str:
    """Everything the page says, in one line."""
    return " ".join(person.page.locator("main").inner_text().split())
