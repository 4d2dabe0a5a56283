"""Lost tokens and custodians who leave: warned about before it matters, with what is left and what to do."""

import pytest

from console.pages.attention import concerns
from console.pages.custody import Custody
from hsmnodes.node.protocol.documents import Role
from tenants import charter_drafts, tokens
from tenants.charter_drafts import Duty
from tenants.models import CharterVersion
from tests.cast.people import DINA, EMIL, FAY, GUS, HANA, LEA
from tests.world.signing_in import sign_in
from tests.world.zones import split_zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(world, node, once):
    """A zone whose backup key is split into three shares, of which two rebuild it."""
    return once(lambda: split_zone(world, node), node)


def suspend(world, *members):
    for member in members:
        tokens.suspend_token(token=world.person(member).tokens.get(), reason="Lost.", by=None)


def loss(world, zone, viewer=GUS):
    return Custody(zone, world.person(viewer)).loss


def steps_of(found) -> str:
    return " ".join(step.text for step in found.steps)


def amend(world, zone, *members_and_roles):
    """A next version of the zone's charter with these people; Dina asks, Emil and Fay sign."""
    current = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    draft = charter_drafts.draft_amendment(
        current=current,
        duties=[Duty(world.person(member), roles) for member, roles in members_and_roles],
        by=world.person(DINA),
    )
    world.sign_charter(draft)
    parameters = {
        "authority": {"kind": "zone", "id": zone.pk, "name": zone.name},
        "version": draft.version,
        "charter": draft.hash,
    }
    world.approve(world.propose("charter.amend/v1", parameters, by=DINA), EMIL, FAY)


BOTH = (Role.CUSTODIAN, Role.KEY_MANAGER)


def test_nothing_is_said_while_a_share_can_be_lost_and_none_is(world, zone):
    custody = Custody(zone, world.person(GUS))
    assert (custody.loss, custody.spare) == (None, "One share can be lost.")


def test_one_lost_token_of_three_leaves_nobody_to_spare_and_says_what_to_do(world, zone):
    suspend(world, DINA)
    found = loss(world, zone)
    assert found.state == "wait"
    assert found.title == "There is no one to spare: all 2 who can still give their share are needed"
    assert found.gone == ()
    assert "The custodians who are left" in found.still[-1]
    assert "Take what is lost out of the zone's charter" in steps_of(found)
    assert "If a share may be in other hands, rotate" in steps_of(found)
    assert [one.problem for one in Custody(zone, world.person(GUS)).lines] == [
        "its token is suspended",
        "",
        "",
    ]


def test_one_share_too_few_is_grave_and_the_hsm_still_has_the_key(world, zone):
    suspend(world, DINA, EMIL)
    found = loss(world, zone)
    assert found.state == "bad"
    assert found.title.startswith("Too few shares are left: 1 can be given, and it takes 2")
    assert "cannot be rebuilt" in found.gone[0]
    assert "The HSM has the backup key itself" in found.still[1]
    assert not any("custodians who are left" in one for one in found.still)


def test_when_too_few_are_left_to_sign_it_is_said_that_nobody_can_reset_it(world, zone):
    suspend(world, DINA)
    said = steps_of(loss(world, zone))
    assert said.startswith(
        "Too few people with a working token are left to sign for “Amend a charter” or “Reshare a backup key”"
    )
    assert "have a security officer clear it" in said


def test_a_custodian_who_leaves_the_charter_cannot_give_a_share_any_more(world, zone):
    amend(world, zone, (DINA, (Role.KEY_MANAGER,)), (EMIL, BOTH), (FAY, BOTH), (HANA, (Role.KEY_MANAGER,)))
    lines = Custody(zone, world.person(GUS)).lines
    assert [one.problem for one in lines] == ["is no custodian any more", "", ""]
    assert loss(world, zone).state == "wait"
    assert "Nobody can reset" not in steps_of(loss(world, zone))


def test_a_set_without_a_share_to_lose_is_warned_about_before_anything_is_lost(world, node, zone):
    world.shares(zone, node, DINA, EMIL, share_set=2)
    found = loss(world, zone)
    assert (found.state, found.gone) == ("wait", ())
    assert "no one to spare" in found.title
    assert "Make more people custodians" in steps_of(found)


def test_a_token_that_is_cleared_ends_the_warning(world, zone):
    suspend(world, FAY)
    assert loss(world, zone) is not None
    tokens.clear_token(token=world.person(FAY).tokens.get(), by=world.person(LEA))
    assert loss(world, zone) is None


def test_backups_of_an_epoch_that_nobody_can_rebuild_are_named(world, node, zone):
    world.key(zone, node)
    world.rotation(zone, node)
    assert Custody(zone, world.person(GUS)).lapsed == []
    suspend(world, DINA, EMIL)
    assert Custody(zone, world.person(GUS)).lapsed == [1]


def test_the_pages_say_so_to_those_who_have_a_duty_in_the_zone(client, world, zone):
    suspend(world, DINA, EMIL)
    titles = [one.title for one in concerns(world.person(FAY))]
    assert any(title.startswith(f"{zone.name}: Too few shares are left") for title in titles)
    assert not any("Too few shares" in one.title for one in concerns(world.person(GUS)))
    sign_in(client, world.person(FAY))
    page = " ".join(client.get(f"/zones/{zone.pk}").content.decode().split())
    for said in ("Not possible any more", "Still possible", "What to do now", "Too few shares are left"):
        assert said in page
    assert f"/propose/backup-key.reshare/v1?zone={zone.pk}" in page


def test_who_cannot_propose_them_reads_the_steps_without_links(client, world, zone):
    suspend(world, DINA, EMIL)
    sign_in(client, world.person(HANA))
    page = client.get(f"/zones/{zone.pk}").content.decode()
    assert "What to do now" in page
    assert "/propose/backup-key.reshare/v1" not in page
