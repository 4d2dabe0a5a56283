"""Keys in the place of others: which should be rotated, by what label, and what people see of it."""

import pytest

from hsmnodes import successors
from hsmnodes.models import Key
from tenants.models import Proposal
from tests.cast.people import DINA, EMIL, FAY, GUS, IVO
from tests.world.custody import NEXT_KCV
from tests.world.signing_in import sign_in
from tests.world.zones import split_zone

pytestmark = pytest.mark.django_db

FORM = "/propose/key.rotate/v1"
WHY = {"reason": "Emil has left.", "lifetime": str(3 * 86_400)}


@pytest.fixture
def zone(world, node, once):
    """A zone with two keys, whose backup key was split."""

    def make():
        zone = split_zone(world, node)
        for label in ("cards", "transfers"):
            world.key(zone, node, label=label)
        return zone

    return once(make, node)


@pytest.fixture
def dina(client, world):
    sign_in(client, world.person(DINA))
    return client


def text_of(client, path) -> str:
    return " ".join(client.get(path).content.decode().split())


def rotate(world, node, zone, *labels, epoch=2) -> Proposal:
    """New keys in the place of these, made."""
    taken = list(Key.objects.values_list("label", flat=True))
    keys = [
        {
            "label": successors.next_label(old.label, taken),
            "algorithm": old.algorithm,
            "usages": old.usages,
            "replaces": {"id": old.pk, "name": old.label},
        }
        for old in (Key.objects.get(label=label) for label in labels)
    ]
    parameters = {"zone": zone.named().model_dump(), "keys": keys}
    proposal = world.approve(world.propose("key.rotate/v1", parameters, by=DINA, nodes=[node]), EMIL, FAY)
    node.answer(proposal, results=node.key_results(proposal, epoch=epoch, kcv=NEXT_KCV))
    return Proposal.objects.get(pk=proposal.pk)


def labels(keys):
    return sorted(key.label for key in keys)


@pytest.mark.parametrize(
    ("label", "taken", "next_one"),
    [
        ("payments", (), "payments v2"),
        ("payments v2", (), "payments v3"),
        ("payments v9", (), "payments v10"),
        ("payments", ("Payments V2", "payments v3"), "payments v4"),
        ("payments v0", (), "payments v0 v2"),
        ("v2", (), "v2 v2"),
        ("a" * 80, (), "a" * 77 + " v2"),
    ],
)
def test_the_next_label_counts_on_and_was_never_given(label, taken, next_one):
    assert successors.next_label(label, taken) == next_one


def test_nothing_is_within_reach_while_the_first_backup_key_is_in_force(zone):
    assert labels(successors.reachable(zone.pk)) == []
    assert labels(successors.replaceable(zone.pk)) == ["cards", "transfers"]


def test_after_a_rotation_of_the_backup_key_what_was_backed_up_before_is_within_reach(world, node, zone):
    world.rotation(zone, node)
    assert labels(successors.reachable(zone.pk)) == ["cards", "transfers"]
    rotate(world, node, zone, "cards")
    assert labels(successors.reachable(zone.pk)) == ["transfers"]
    assert labels(successors.replaceable(zone.pk)) == ["cards v2", "transfers"]


def test_a_receipt_says_in_whose_place_a_key_is_and_the_old_one_stays(client, world, node, zone):
    world.rotation(zone, node)
    assert rotate(world, node, zone, "cards").state == "done"
    old, new = Key.objects.get(label="cards"), Key.objects.get(label="cards v2")
    assert (new.replaces, new.epoch, old.destroyed_at) == (old, 2, None)
    sign_in(client, world.person(GUS))
    assert f'In place of</dt><dd><a href="/keys/{old.pk}">cards</a>' in text_of(client, f"/keys/{new.pk}")
    page = text_of(client, f"/keys/{old.pk}")
    assert f'Replaced by</dt><dd><a href="/keys/{new.pk}">cards v2</a>' in page
    answer = client.get(f"/api/v1/keys/{new.pk}").json()
    assert (answer["replaces"], answer["first_epoch"]) == (old.pk, 2)
    answer = client.get(f"/api/v1/keys/{old.pk}").json()
    assert (answer["replaces"], answer["first_epoch"], answer["epoch"]) == (None, 1, 2)
    sign_in(client, world.person(IVO))
    assert client.get(f"/keys/{new.pk}").status_code == 404


def test_a_node_that_names_a_key_of_another_zone_has_it_shown_to_nobody(world, node, zone):
    """The console believes a node about the zone that a proposal is of, and about no other."""
    other = world.zone(world.service(node, name="Other service"), name="Other")
    world.slot(other, node, name="Slot 2")
    foreign = world.key(other, node, label="foreign")
    old = Key.objects.get(label="cards")
    wanted = {"label": "cards v2", "algorithm": "ec-p256", "usages": ["sign"]}
    parameters = {
        "zone": zone.named().model_dump(),
        "keys": [wanted | {"replaces": {"id": old.pk, "name": old.label}}],
    }
    proposal = world.approve(world.propose("key.rotate/v1", parameters, by=DINA, nodes=[node]), EMIL, FAY)
    results = node.key_results(proposal)
    results["keys"][0]["replaces"] = Key.objects.get(proposal=foreign).pk
    node.answer(proposal, results=results)
    assert Key.objects.get(label="cards v2").replaces is None


def test_the_form_ticks_what_is_within_reach_and_proposes_all_of_it_at_once(dina, world, node, zone):
    world.rotation(zone, node)
    late = world.approve(world.propose_key(zone, node, label="late"), EMIL, FAY)
    node.answer(late, results=node.key_results(late, epoch=2, kcv=NEXT_KCV))
    form = dina.get(f"{FORM}?zone={zone.pk}").context["form"]
    reachable = [key.pk for key in Key.objects.exclude(label="late").order_by("label")]
    assert form["keys"].value() == reachable
    answer = dina.post(FORM, WHY | {"zone": zone.pk, "on_node": node.id, "keys": reachable})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    draft = Proposal.objects.get(operation="key.rotate/v1")
    assert [(key["replaces"]["name"], key["label"]) for key in draft.document.parameters["keys"]] == [
        ("cards", "cards v2"),
        ("transfers", "transfers v2"),
    ]
    assert "cards, which stays" in text_of(dina, f"/proposals/{draft.pk}")
    again = dina.get(f"{FORM}?again={draft.pk}").context["form"]
    assert again["keys"].value() == reachable


def test_one_key_is_rotated_from_its_page(dina, zone):
    key = Key.objects.get(label="cards")
    assert f'href="/propose/key.rotate/v1?zone={zone.pk}&amp;keys={key.pk}"' in text_of(
        dina, f"/keys/{key.pk}"
    )
    form = dina.get(f"{FORM}?zone={zone.pk}&keys={key.pk}").context["form"]
    assert form["keys"].value() == key.pk
    ticked = [one for one in form["keys"].subwidgets if one.data["selected"]]
    assert [one.data["value"] for one in ticked] == [key.pk]


def test_the_zone_s_page_warns_while_keys_are_within_reach_and_leads_there(dina, world, node, zone):
    assert 'id="reachable-keys"' not in text_of(dina, f"/zones/{zone.pk}")
    world.rotation(zone, node)
    page = text_of(dina, f"/zones/{zone.pk}")
    assert "2 keys were backed up under a backup key that is retired" in page
    assert f'href="/propose/key.rotate/v1?zone={zone.pk}"' in page
    rotate(world, node, zone, "cards", "transfers")
    assert 'id="reachable-keys"' not in text_of(dina, f"/zones/{zone.pk}")


def test_what_follows_on_a_rotation_is_said_and_offered(dina, world, node, zone):
    after = world.rotation(zone, node)
    assert f'href="/propose/key.rotate/v1?zone={zone.pk}"' in text_of(dina, f"/proposals/{after.pk}")
    rotation = rotate(world, node, zone, "cards")
    address = f"/propose/key.destroy/v1?zone={zone.pk}&replaced={rotation.pk}"
    assert f'href="{address.replace("&", "&amp;")}"' in text_of(dina, f"/proposals/{rotation.pk}")
    assert dina.get(address).context["form"]["keys"].value() == [Key.objects.get(label="cards").pk]


def test_a_label_that_was_given_before_is_refused_before_people_sign(world, node, zone):
    old = Key.objects.get(label="cards")
    keys = [
        {
            "label": "Transfers",
            "algorithm": "ec-p256",
            "usages": ["sign"],
            "replaces": {"id": old.pk, "name": old.label},
        }
    ]
    with pytest.raises(Exception, match="The zone has had a key"):
        world.propose(
            "key.rotate/v1", {"zone": zone.named().model_dump(), "keys": keys}, by=DINA, nodes=[node]
        )
