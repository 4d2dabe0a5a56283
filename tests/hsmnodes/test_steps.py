"""Warrants over several nodes, as the console carries them: each step when its turn has come."""

import json
from datetime import timedelta

import pytest

from hsmnodes import steps
from hsmnodes.models import Application, Attachment, Backup, Epoch, Key, KeyCopy, OutboxMessage, Slot
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import NodeSigned
from hsmnodes.node.protocol.purposes import Purpose
from tenants import clock, execution, workflow
from tenants.models import LogEntry, Proposal
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY
from tests.world.applications import admit, admit_further
from tests.world.moving import SLOT, extend, install, offer, send
from tests.world.nodes import KCV
from tests.world.signing_in import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def first(node):
    return node


@pytest.fixture
def second(world, once):
    return once(lambda: world.node("fra-1"))


@pytest.fixture
def zone(world, first, once):
    def make():
        zone = world.ready_zone(first)
        world.key(zone, first)
        return zone

    return once(make, first)


def sent(proposal):
    """The steps that were put into the outbox: which node, and the receipts with it."""
    rows = OutboxMessage.objects.filter(proposal=proposal, kind="warrant").order_by("step")
    return [
        (
            row.step,
            row.node.name,
            [
                json.loads(NodeSigned.model_validate(one).payload_bytes)["step"]
                for one in json.loads(row.message)["receipts"]
            ],
        )
        for row in rows
    ]


@pytest.fixture
def extending(world, zone, first, second):
    """An authorised extension of the zone to fra-1."""
    return extend(world, zone, second, first)


def state(proposal):
    return Proposal.objects.get(pk=proposal.pk).state


def test_each_step_is_sent_when_those_it_needs_are_done(extending, first, second):
    assert sent(extending) == [(0, "fra-1", [])]
    offer(extending, second)
    assert sent(extending)[1:] == [(1, "ams-1", [0])]
    assert state(extending) == "executing"
    send(extending, first)
    assert sent(extending)[2:] == [(2, "fra-1", [0, 1])]
    message = json.loads(OutboxMessage.objects.get(proposal=extending, step=2).message)
    digests = {canonical.sha256_hex(canonical.b64u_decode(one)) for one in message["enclosures"]}
    assert digests == {
        canonical.sha256_hex(b"a sealed backup key"),
        Backup.objects.get(proposal=extending).sha256,
    }
    install(extending, second)
    assert state(extending) == "done"
    assert steps.left(extending) == 0


def test_the_zone_is_shown_on_both_nodes_and_the_box_is_gone(extending, zone, first, second):
    offer(extending, second)
    send(extending, first)
    install(extending, second)
    slot = Slot.objects.get(node=second.id)
    assert (slot.zone, slot.name) == (zone, SLOT["name"])
    assert Epoch.objects.filter(slot=slot, retired_at=None).get().kcv == KCV
    assert {copy.slot.node.name for copy in Key.objects.get().copies.all()} == {"ams-1", "fra-1"}
    assert not Attachment.objects.filter(name="backup-key.sealed").exists()


def test_a_step_whose_data_did_not_arrive_waits_for_it(extending, first, second):
    offer(extending, second)
    results = {
        "backup_key": {"kind": "TBK", "epoch": 1, "kcv": KCV, "id": "b" * 32},
        "sealed_sha256": canonical.sha256_hex(b"a box that was lost"),
        "share_set": None,
        "destroyed": [],
    }
    first.answer(extending, results=results, step=1, attachments=[])
    assert len(sent(extending)) == 2
    assert LogEntry.objects.filter(event="node.message-refused").exists()


def test_a_receipt_for_a_step_that_is_anothers_is_not_believed(extending, first, second):
    first.answer(extending, results={"one_time_key": canonical.b64u(bytes(32))}, step=0)
    second.answer(extending, step=1)
    second.answer(extending, step=3)
    assert state(extending) in ("authorised", "sent")
    assert sent(extending) == [(0, "fra-1", [])]


def test_a_refused_step_is_sent_again_by_those_who_signed_even_when_the_warrant_has_expired(
    extending, world, first, second
):
    offer(extending, second)
    first.answer(extending, step=1, outcome="refused", code="other-backup-key", detail="Not yet.")
    assert state(extending) == "refused"
    Proposal.objects.filter(pk=extending.pk).update(expires_at=clock.now())
    execution.send_again(proposal=extending, person=world.person(ADA))
    assert OutboxMessage.objects.get(proposal=extending, step=1).settled_at is None
    assert OutboxMessage.objects.get(proposal=extending, step=0).settled_at is not None
    send(extending, first)
    install(extending, second)
    assert state(extending) == "done"


@pytest.fixture
def both(extending, zone, first, second):
    """The zone on both nodes."""
    offer(extending, second)
    send(extending, first)
    install(extending, second)
    return zone


def generating(world, zone, first, second, label="later"):
    parameters = {
        "zone": zone.named().model_dump(),
        "keys": [{"label": label, "algorithm": "ec-p256", "usages": ["sign"]}],
    }
    proposal = world.propose("key.generate/v1", parameters, by=DINA, nodes=[first, second])
    return world.approve(proposal, EMIL, FAY)


def test_a_key_is_shown_where_it_is_and_destroyed_when_it_is_nowhere(world, both, first, second):
    made = generating(world, both, first, second)
    first.answer(made, results=first.key_results(made))
    key = Key.objects.get(label="later")
    assert [copy.slot.node.name for copy in key.copies.all()] == ["ams-1"]
    second.answer(made, results={"keys": [{"id": key.pk}]}, step=1)
    assert {copy.slot.node.name for copy in key.copies.all()} == {"ams-1", "fra-1"}
    assert state(made) == "done"

    parameters = {"zone": both.named().model_dump(), "keys": [{"id": key.pk, "label": key.label}]}
    doom = world.propose("key.destroy/v1", parameters, by=DINA, nodes=[first, second])
    doom = world.approve(doom, EMIL, FAY)
    results = {"keys": [{"id": key.pk, "label": key.label}]}
    first.answer(doom, results=results)
    assert Key.objects.get(pk=key.pk).destroyed_at is None
    second.answer(doom, results=results, step=1)
    assert Key.objects.get(pk=key.pk).destroyed_by == doom


def test_what_a_node_refused_because_it_was_behind_is_sent_when_it_has_caught_up(world, both, first, second):
    earlier, later = (generating(world, both, first, second, label) for label in ("one", "two"))
    for proposal in (earlier, later):
        first.answer(proposal, results=first.key_results(proposal))
    second.answer(later, step=1, outcome="refused", code="other-backup-key", detail="Not yet.")
    assert state(later) == "refused"
    second.answer(earlier, results={"keys": [{"id": Key.objects.get(label="one").pk}]}, step=1)
    assert OutboxMessage.objects.get(proposal=later, step=1).settled_at is None
    second.answer(later, results={"keys": [{"id": Key.objects.get(label="two").pk}]}, step=1)
    assert state(later) == "done"


def test_a_withdrawn_zone_is_shown_where_it_still_is(world, both, first, second):
    slot = Slot.objects.get(node=first.id)
    parameters = {
        "zone": both.named().model_dump(),
        "slot": {"id": slot.id, "name": slot.name},
        "left": first.row.named().model_dump(),
        "keeper": second.row.named().model_dump(),
    }
    proposal = world.propose("zone.withdraw/v1", parameters, by=CLEO, nodes=[second, first])
    proposal = world.approve(proposal, ADA, BEN, DINA, EMIL)
    second.answer(proposal, results={"keys": 1}, step=0)
    first.answer(proposal, results={"slot": slot.id}, step=1)
    assert state(proposal) == "done"
    assert [one.node.name for one in Slot.objects.filter(zone=both)] == ["fra-1"]
    gone = Slot.ever.get(pk=slot.pk)
    assert (gone.removed_by, gone.epochs.filter(retired_at=None).count()) == (proposal, 0)
    assert [copy.slot.node.name for copy in KeyCopy.objects.filter(gone_at=None)] == ["fra-1"]
    assert Key.objects.get().destroyed_at is None


def test_what_a_node_will_never_do_is_given_up_by_a_quorum(client, world, both, first, second):
    made = generating(world, both, first, second)
    first.answer(made, results=first.key_results(made))
    sign_in(client, world.person(DINA))
    assert "Abandon what is left" not in client.get(f"/proposals/{made.pk}").content.decode()
    made.receipts.update(received_at=clock.now() - timedelta(minutes=2))
    assert "Abandon what is left" in client.get(f"/proposals/{made.pk}").content.decode()
    answer = client.post(f"/proposals/{made.pk}/abandon", {"reason": "Frankfurt is gone."})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    draft = Proposal.objects.get(operation="warrant.abandon/v1")
    assert [node.name for node in draft.document.nodes] == ["fra-1"]
    abandoning = workflow.propose(
        proposal=draft,
        person=world.person(DINA),
        assertion=DINA.key.sign(Purpose.PROPOSE, bytes(draft.raw)),
    )
    abandoning = world.approve(abandoning, EMIL, FAY)
    assert OutboxMessage.objects.get(proposal=made, step=1).settled_at is None
    second.answer(abandoning, results={"abandoned": made.pk})
    assert OutboxMessage.objects.get(proposal=made, step=1).settled_at is not None
    made.refresh_from_db()
    assert (made.state, made.code) == ("failed", "abandoned")
    assert Key.objects.get(label="later").destroyed_at is None


@pytest.fixture
def admitting(world, both, first, second):
    """The proposal of an application that the first of two nodes has admitted."""
    return admit(world, both, first, second)


def removing(world, zone, *nodes):
    """An authorised removal of the only application from some nodes."""
    application = Application.objects.get()
    named = {"id": application.pk, "name": application.name}
    parameters = {"zone": zone.named().model_dump(), "application": named}
    proposal = world.propose("application.remove/v1", parameters, by=DINA, nodes=list(nodes))
    proposal = world.approve(proposal, EMIL, FAY)
    for step, node in enumerate(nodes):
        node.answer(proposal, results={"application": named}, step=step)
    return Proposal.objects.get(pk=proposal.pk)


def served_on() -> list[str]:
    return [token.slot.node.name for token in Application.objects.get().tokens.filter(removed_at=None)]


def test_an_application_is_shown_where_it_is_and_where_it_is_still_to_come(client, world, admitting, second):
    sign_in(client, world.person(EMIL))
    application = Application.objects.get()
    page = client.get(f"/applications/{application.pk}").content.decode()
    assert "as soon as it can be reached: fra-1" in page
    assert f"{application.pk}-fra-1.kit" not in page

    admit_further(admitting, second)
    assert served_on() == ["ams-1", "fra-1"]
    page = client.get(f"/applications/{application.pk}").content.decode()
    assert f"install FOLDER {application.pk}-ams-1.kit {application.pk}-fra-1.kit --pin" in page
    assert "as soon as it can be reached" not in page
    names = [one.file_name for one in application.downloads]
    assert names == [f"{application.pk}-ams-1.kit", f"{application.pk}-fra-1.kit", f"{application.pk}.pin"]
    for one in application.downloads:
        saved = client.get(f"/receipts/{one.receipt_id}/{one.name}")
        assert f'filename="{one.file_name}"' in saved.headers["Content-Disposition"]


def test_the_pin_of_an_application_travels_with_the_second_step_as_the_first_node_locked_it(admitting):
    assert b"a PIN for the others" in [bytes(one.data) for one in admitting.receipts.get().attachments.all()]
    assert OutboxMessage.objects.filter(proposal=admitting, step=1).exists()


def test_an_application_is_removed_when_it_is_nowhere(world, admitting, both, first, second):
    admit_further(admitting, second)
    removing(world, both, first)
    assert Application.objects.get().removed_at is None
    assert served_on() == ["fra-1"]
    last = removing(world, both, second)
    assert (Application.objects.get().removed_by, served_on()) == (last, [])


def test_an_application_that_comes_after_it_was_removed_elsewhere_is_not_shown_as_removed(
    world, admitting, both, first, second
):
    removing(world, both, first)
    assert Application.objects.get().removed_at is not None
    admit_further(admitting, second)
    application = Application.objects.get()
    assert (application.removed_at, application.removed_by, served_on()) == (None, None, ["fra-1"])


def test_one_removal_removes_an_application_everywhere(world, admitting, both, first, second):
    admit_further(admitting, second)
    proposal = removing(world, both, first, second)
    assert (proposal.state, Application.objects.get().removed_by) == ("done", proposal)


def test_where_the_zone_leaves_a_node_the_application_leaves_it_too(world, admitting, both, first, second):
    admit_further(admitting, second)
    slot = both.zone_slots.get(node=first.id)
    named = {"id": slot.id, "name": slot.name}
    places = {"left": first.row.named().model_dump(), "keeper": second.row.named().model_dump()}
    parameters = {"zone": both.named().model_dump(), "slot": named, **places}
    leaving = world.propose("zone.withdraw/v1", parameters, by=CLEO, nodes=[second, first])
    leaving = world.approve(leaving, ADA, BEN, DINA, EMIL)
    second.answer(leaving, results={"keys": 1}, step=0)
    first.answer(leaving, results={"slot": slot.id}, step=1)
    assert served_on() == ["fra-1"]
    assert Application.objects.get().removed_at is None
