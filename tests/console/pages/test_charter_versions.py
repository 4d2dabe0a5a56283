"""Versions of a charter: any two compared, any one taken away, and rules weaker than the default said so."""

import pytest

from hsmnodes.node.protocol.documents import Clause, Role
from tenants import charter_drafts
from tenants.charter_drafts import Duty, Terms
from tenants.models import CharterVersion
from tests.cast.people import ADA, BEN, CLEO, GUS, JON, KIM
from tests.console.pages.charter_forms import group, rule, sent

pytestmark = pytest.mark.django_db

START, ENROL = "service.start/v1", "node.enrol/v1"
ADMINISTRATORS, OFFICERS = "role:hsm-administrator", "role:security-officer"


def clause(role: Role) -> Clause:
    return Clause(role=role, group=None, m=1)


def text_of(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


@pytest.fixture
def current(world):
    return CharterVersion.objects.get(authority=world.northgate.id, state="in-force")


@pytest.fixture
def draft(world, current):
    """Version 2: without Cleo."""
    duties = [Duty(world.person(one), one.roles) for one in (ADA, BEN, JON, KIM)]
    return charter_drafts.draft_amendment(current=current, duties=duties, by=world.person(JON))


def test_any_two_versions_are_compared_the_earlier_first(current, draft, as_):
    browser = as_(JON)
    removed = "Cleo of Northgate is removed"
    assert removed in text_of(browser.get(f"/charters/{draft.pk}"))
    assert removed not in text_of(browser.get(f"/charters/{current.pk}"))
    for one, other in ((current, draft), (draft, current)):
        shown = text_of(browser.get(f"/charters/{one.pk}", {"with": other.pk}))
        assert "From version 1 to version 2" in shown
        assert removed in shown


def test_every_version_is_there_to_be_taken_away(current, draft, as_):
    shown = text_of(as_(JON).get(f"/charters/{current.pk}"))
    for one in (current, draft):
        assert f"/charters/{one.pk}/document" in shown
        assert as_(JON).get(f"/charters/{one.pk}/document").content == bytes(one.raw)


def test_what_is_no_version_of_this_charter_is_not_compared_with_it(world, current, draft, as_):
    meridian = CharterVersion.objects.get(authority=world.meridian.id, state="in-force")
    for asked in (meridian.pk, "0" * 32, "x"):
        assert as_(JON).get(f"/charters/{current.pk}", {"with": asked}).status_code == 404
    assert as_(GUS).get(f"/charters/{current.pk}", {"with": draft.pk}).status_code == 404


@pytest.fixture
def amending(world, current, as_):
    """Sends the form of the next version, with changes; returns what is shown."""
    browser, address = as_(JON), f"/charters/{current.pk}/amend"
    form = sent(browser.get(address).context["form"])

    def send(**changes):
        return browser.post(address, form | {"step": "change"} | changes)

    return send


WEAKER = {
    "as many as by default": (rule(START, (2, ADMINISTRATORS)), False),
    "one fewer, and somebody else": (rule(START, (1, ADMINISTRATORS), (1, OFFICERS)), True),
    "others": (rule(START, (2, OFFICERS)), True),
    "a group of them": (group(0, "board", ADA, BEN, CLEO) | rule(START, (2, "group:board")), False),
    "a group with another": (group(0, "board", ADA, BEN, JON) | rule(START, (2, "group:board")), True),
    "nobody": (rule(START), False),
}


@pytest.mark.parametrize(("changes", "weaker"), WEAKER.values(), ids=WEAKER.keys())
def test_the_form_says_in_red_that_a_rule_is_weaker_if_it_asks(amending, changes, weaker):
    answer = amending(**changes)
    assert answer.context["form"].weaker == ({START} if weaker else set())
    shown = text_of(answer)
    assert ('<span class="tag weaker">weaker than the default</span>' in shown) == weaker
    assert "By default: 2 HSM administrators" in shown


def test_a_review_warns_of_a_rule_that_is_weaker(amending):
    shown = text_of(amending(**rule(START, (1, ADMINISTRATORS), (1, OFFICERS)), step="review"))
    assert "The charter of Northgate asks for less than the default to start a service" in shown


def test_a_weaker_rule_is_told_wherever_the_charter_is_read(world, current, as_):
    weak = tuple(
        one.model_copy(update={"clauses": (clause(Role.HSM_ADMINISTRATOR), clause(Role.SECURITY_OFFICER))})
        if one.operation == ENROL
        else one
        for one in current.document.rules
    )
    duties = [Duty(world.person(one), one.roles) for one in (ADA, BEN, CLEO, JON, KIM)]
    draft = charter_drafts.draft_amendment(
        current=current, duties=duties, by=world.person(JON), terms=Terms(rules=weak)
    )
    CharterVersion.objects.filter(pk=current.pk).update(state="superseded")
    CharterVersion.objects.filter(pk=draft.pk).update(state="in-force")
    tag = '<span class="tag weaker">'
    assert tag in text_of(as_(JON).get(f"/charters/{draft.pk}"))
    assert tag not in text_of(as_(JON).get(f"/charters/{current.pk}"))
    shown = text_of(as_(JON).get(f"/organisations/{world.northgate.pk}/duties"))
    assert f"{tag}weaker than the default of Northgate</span>" in shown
    assert "asks for less than the default to enrol a node." in shown
