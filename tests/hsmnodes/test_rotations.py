"""Rotating a backup key, as the console sees it: proposed by form, confirmed by receipt, shown to people."""

from importlib import import_module

import pytest
from django.apps import apps

from console.pages.custody import Custody
from hsmnodes import incoming
from hsmnodes.backups import open_backup
from hsmnodes.models import Backup, Epoch, Key, ShareSet
from hsmnodes.node.protocol import canonical
from tenants.models import LogEntry, Proposal
from tests.cast.people import DINA, EMIL, FAY, GUS, IVO
from tests.world.custody import KCV, NEXT_KCV
from tests.world.nodes import blob_of
from tests.world.signing_in import sign_in
from tests.world.zones import split_zone

pytestmark = pytest.mark.django_db

FORM = "/propose/backup-key.rotate/v1"


@pytest.fixture
def zone(world, node, once):
    """A zone with a key, whose backup key was split."""

    def make():
        zone = split_zone(world, node)
        world.key(zone, node)
        return zone

    return once(make, node)


def text_of(client, path) -> str:
    return " ".join(client.get(path).content.decode().split())


def test_a_slot_begins_with_its_first_epoch(zone):
    epoch = Epoch.objects.get()
    assert (epoch.number, epoch.kcv, epoch.retired_at, epoch.slot.zone) == (1, KCV, None, zone)


def test_the_receipt_of_a_rotation_says_which_epoch_opens_what(world, node, zone):
    before = Key.objects.get()
    assert before.epoch == 1
    proposal = world.rotation(zone, node)
    assert proposal.state == "done"
    new, old = Epoch.objects.order_by("-number")
    assert (new.number, new.kcv, new.retired_at, new.proposal) == (2, NEXT_KCV, None, proposal)
    assert (old.number, old.kcv, old.retired_by) == (1, KCV, proposal)
    assert old.retired_at == new.created_at
    after = Key.objects.get()
    assert (after.epoch, after.label) == (2, before.label)
    assert after.blob_hash != before.blob_hash
    for key, made_by in ((after, proposal), (before, before.proposal)):
        [blob] = open_backup(Backup.objects.get(proposal=made_by)).manifest.keys
        assert blob.blob_sha256 == key.blob_hash
    made = ShareSet.objects.order_by("-number").first()
    assert (made.number, made.epoch, made.shares.count()) == (2, 2, 3)


def test_a_key_whose_receipt_comes_late_has_the_blob_that_was_made_last(world, node, zone):
    """The broker lost the receipt of the key, and the node is asked for it again after it was rotated."""
    late = world.approve(world.propose_key(zone, node, label="statements"), EMIL, FAY)
    lost = node.receipt_message(late, results=node.key_results(late))
    proposal = world.approve(world.propose_rotation(zone, node), EMIL, FAY)
    [made] = node.key_results(late)["keys"]
    unknown = Key(
        proposal=late, **{name: made[name] for name in ("id", "label", "algorithm", "usages", "public_key")}
    )
    results, beside = world.custody(node).rotate(proposal, unknown)
    node.answer(proposal, results=results, attachments=beside)
    incoming.receive(lost)
    key = Key.objects.get(label="statements")
    assert (key.epoch, key.blob_hash) == (2, canonical.sha256_hex(blob_of(key.pk, 2)))


def test_results_that_make_no_sense_are_an_alarm_and_rotate_nothing(world, node, zone):
    proposal = world.approve(world.propose_rotation(zone, node), EMIL, FAY)
    results, beside = world.custody(node).rotate(proposal)
    del results["shares"][2]["custodian"]
    node.answer(proposal, results=results, attachments=beside)
    assert LogEntry.objects.filter(event="node.message-refused", severity="alarm").exists()
    assert (Epoch.objects.get().number, ShareSet.objects.get().number) == (1, 1)


def test_the_form_proposes_the_next_epoch_and_names_the_key_that_is_retired(client, world, node, zone):
    sign_in(client, world.person(DINA))
    answer = client.post(
        FORM,
        {
            "zone": zone.pk,
            "on_node": node.id,
            "threshold": "2",
            "custodians": [one.key.share_key(one).stated.public_key for one in (DINA, FAY)],
            "reason": "Emil has left.",
            "lifetime": str(3 * 86_400),
        },
    )
    assert answer.status_code == 302, answer.content.decode()[:3000]
    parameters = Proposal.objects.get(operation="backup-key.rotate/v1").document.parameters
    assert (parameters["epoch"], parameters["share_set"], parameters["retired_kcv"]) == (2, 2, KCV)


def test_the_form_says_what_a_rotation_does_not_protect_and_offers_what_does(client, world, zone):
    sign_in(client, world.person(DINA))
    text = text_of(client, f"{FORM}?zone={zone.pk}")
    assert "It takes back nothing" in text
    for operation in ("key.rotate/v1", "key.destroy/v1"):
        assert f'href="/propose/{operation}?zone={zone.pk}"' in text


def test_the_zone_s_page_shows_both_epochs_and_what_old_shares_still_open(client, world, node, zone):
    world.rotation(zone, node)
    sign_in(client, world.person(GUS))
    text = text_of(client, f"/zones/{zone.pk}")
    for said in ("Epoch 1", "Retired", "Epoch 2", "In force", KCV, NEXT_KCV, "One share set of a retired"):
        assert said in text, said
    assert "the backup key of epoch 2" in text_of(client, f"/keys/{Key.objects.get().pk}")
    sign_in(client, world.person(IVO))
    assert client.get(f"/zones/{zone.pk}").status_code == 404


def test_earlier_sets_of_a_retired_key_do_not_rebuild_the_one_in_force(world, node, zone):
    world.shares(zone, node, share_set=2)
    world.rotation(zone, node, share_set=3)
    custody = Custody(zone, world.person(DINA))
    assert (custody.share_set.number, custody.earlier, custody.retired_sets) == (3, 0, 2)


def test_a_proposal_says_what_will_be_different(client, world, node, zone):
    proposal = world.propose_rotation(zone, node)
    sign_in(client, world.person(EMIL))
    text = text_of(client, f"/proposals/{proposal.pk}")
    assert f"epoch 1, check value {KCV}" in text
    assert "copies of the old ones still open with the old shares" in text


def test_slots_from_before_there_were_epochs_get_their_first(zone):
    Epoch.objects.all().delete()
    import_module("hsmnodes.migrations.0006_backup_key_epochs").begin_with_the_first(apps, None)
    epoch = Epoch.objects.get()
    assert (epoch.number, epoch.kcv, epoch.proposal) == (1, KCV, epoch.slot.proposal)
