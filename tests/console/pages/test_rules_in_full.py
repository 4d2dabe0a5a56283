"""What rules say beside their clauses: filled in, compared, and shown where people propose, sign and wait."""

import pytest

from console.pages.charter_difference import differences
from console.pages.forms.charter_form import CharterForm
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.documents import AuthorityKind, Charter
from tenants.models import CharterVersion, Person
from tests.cast.people import DINA, EMIL, FAY, GUS, JON
from tests.console.pages.charter_forms import options, rule
from tests.console.pages.rules_in_full import DAY, GENERATE, HOURS, MORE, waiting, zone_in_full
from tests.console.pages.test_charter_forms import Amending, text_of

pytestmark = pytest.mark.django_db

START = "service.start/v1"


@pytest.fixture
def amending(world, as_):
    return Amending(as_(JON), world)


class TestTheForm:
    def test_what_is_filled_in_stands_in_the_charter(self, amending):
        drafted = amending.draft(**options(START, **MORE)).rule(START)
        assert {name: getattr(drafted, name) for name in MORE} == MORE

    def test_the_next_form_begins_with_it(self, amending):
        before = amending.draft(**options(START, **MORE))
        form = CharterForm(AuthorityKind.PROVIDER, Person.objects.all(), before=before)
        [rows] = [one for one in form.rules if one.operation == START]
        assert rows.rule() == before.rule(START)
        assert [one.operation for one in (rows.rule() for rows in form.rules) if one.delay] == [START]

    def test_a_rule_that_denies_says_nothing_more(self, amending):
        drafted = amending.draft(**rule(START), **options(START, **MORE)).rule(START)
        assert (drafted.clauses, drafted.delay, drafted.hours) == ((), None, None)

    def test_what_nobody_could_read_is_refused(self, amending):
        answer = amending.send(**options(START, hours="by\u202eday"))
        assert answer.status_code == 422
        assert "This cannot be read as it stands" in text_of(answer)

    def test_a_delay_that_is_not_offered_is_refused(self, amending):
        assert amending.send(**options(START, delay=31 * DAY)).status_code == 422

    def test_custodians_apart_are_offered_only_where_shares_are_given(self):
        zone = CharterForm(AuthorityKind.ZONE, [], None)
        assert {one.operation for one in zone.rules if "custodians_apart" in one.options.fields} == {
            tag for tag in (one.operation for one in zone.rules) if gathers(tag)
        }
        fields = [one.options.fields for one in zone.rules if one.operation == GENERATE]
        assert fields
        assert not any("custodians_apart" in one for one in fields)


def gathers(tag: str) -> bool:
    return operations()[tag].gathers


def test_the_review_says_what_changes(amending):
    current = amending.current.document
    new = amending.draft(**options(START, **MORE))
    [change] = differences(current, new)
    assert change.after == (
        "2 HSM administrators; 2 days must pass after the last signature; "
        f"a proposal lives for 1 day at most; hours, as advice that nothing enforces: {HOURS}"
    )
    assert not change.eased
    [back] = differences(new, current)
    assert back.eased


def test_a_delay_that_is_shortened_or_a_life_that_is_lengthened_is_less(world):
    current = CharterVersion.objects.get(authority=world.northgate.id, state="in-force").document

    def eased(before: dict[str, int], after: dict[str, int]) -> bool:
        def charter(members: dict[str, int]) -> Charter:
            rules = [
                one.model_copy(update=members) if one.operation == START else one for one in current.rules
            ]
            return current.model_copy(update={"rules": tuple(rules)})

        [change] = differences(charter(before), charter(after))
        return change.eased

    assert eased({"delay": 2 * DAY}, {"delay": DAY})
    assert not eased({"delay": DAY}, {"delay": 2 * DAY})
    assert eased({"lifetime": DAY}, {"lifetime": 2 * DAY})
    assert not eased({}, {"lifetime": DAY})


@pytest.fixture
def node(world):
    return world.node()


@pytest.fixture
def zone(world, node):
    return zone_in_full(world, world.service(node), node, name="Payments")


def test_a_proposal_shows_every_alternative_and_what_rules_say_besides(world, zone, node, as_):
    proposal = world.approve(world.propose_key(zone, node), EMIL)
    shown = text_of(as_(FAY).get(f"/proposals/{proposal.pk}"))
    assert "Or else" in shown
    assert "1 of 2 custodians" in shown
    assert "Still needed" not in shown
    assert "Payments: 2 days must pass after the last signature." in shown
    assert f"Payments: hours, as advice that nothing enforces: {HOURS}." in shown
    waiting = text_of(as_(EMIL).get(f"/proposals/{proposal.pk}"))
    assert "Still needed: 1 key manager (Payments), or else 1 custodian (Payments)." in waiting
    form = text_of(as_(DINA).get(f"/propose/{GENERATE}?zone={zone.pk}"))
    assert "Payments: 2 days must pass after the last signature." in form


def test_a_proposal_that_waits_counts_down_and_can_be_cancelled(world, zone, node, as_):
    proposal = waiting(world, zone, node)
    due = int(proposal.due_at.timestamp())
    for member, could in ((FAY, True), (DINA, True), (GUS, False)):
        shown = text_of(as_(member).get(f"/proposals/{proposal.pk}"))
        assert "Waiting out its delay" in shown
        assert f'data-at="{due}" data-as="left"' in shown
        assert (f'action="/desk/cancel/{proposal.pk}"' in shown) == could
    assert as_(FAY).post(f"/desk/cancel/{proposal.pk}").status_code == 303


def test_who_can_do_what_says_how_many_by_each_alternative(zone, as_):
    shown = text_of(as_(DINA).get(f"/zones/{zone.pk}/duties"))
    assert "2 / 1" in shown
    assert "– / 1" in shown
    assert "or else" in shown
    assert "Payments: 2 days must pass after the last signature." in shown
    charter = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    read = text_of(as_(DINA).get(f"/charters/{charter.pk}"))
    assert "2 of Dina, Emil, Fay, or else 1 of Dina, Emil, Fay and 1 of Dina, Emil, Fay" in read
