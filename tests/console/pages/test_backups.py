"""The pages of backups: what each shows, the plan that is drafted as shown, and what is refused."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hsmnodes import backups
from hsmnodes.models import Backup, Key, KeyCopy, Slot
from hsmnodes.models.backup import store
from hsmnodes.node.protocol.backups import read_backup
from tenants import clock
from tenants.identifiers import new_id
from tenants.models import Proposal
from tests.cast.people import DINA, EMIL, IVO
from tests.world.backups import destroyed, make_file, without_backups

pytestmark = pytest.mark.django_db

WHY = {"reason": "The HSM was replaced.", "lifetime": "86400"}


def path(stage, name=""):
    return f"/backups/{stage.backup.pk}{name}"


def filled(stage, **more):
    return WHY | {"on_node": stage.nodes["ams-1"].id, "existing": "skip"} | more


def test_a_zone_shows_when_it_was_last_backed_up_and_which_epoch_opens_it(stage, as_):
    shown = as_(EMIL).get(f"/zones/{stage.zones['Cards'].pk}").content.decode()
    assert "Last backed up" in shown
    assert "opens with the key of epoch 1" in shown
    empty = as_(EMIL).get(f"/zones/{stage.zones['Payments'].pk}").content.decode()
    assert "No backup was taken yet" in empty


def test_a_backup_shows_what_is_in_it_and_its_file_is_the_one_that_was_signed(stage, as_):
    shown = as_(EMIL).get(path(stage)).content.decode()
    for text in ("card-signing", "issuer-2026", stage.backup.sha256, "Not verified in an HSM yet"):
        assert text in shown
    file = as_(EMIL).get(path(stage, "/file"))
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert read_backup(file.content).sha256 == stage.backup.sha256


def test_a_file_that_does_not_hold_any_more_is_said_so_and_not_offered(stage, as_):
    store().delete(stage.backup.file)
    shown = as_(DINA).get(path(stage)).content.decode()
    assert "does not hold" in shown
    assert "/restore" not in shown
    assert as_(EMIL).get(path(stage, "/file")).status_code == 404
    assert as_(DINA).post(path(stage, "/restore"), filled(stage)).status_code == 302
    assert not Proposal.objects.filter(operation="backup.restore/v1").exists()


def test_all_keys_or_those_that_are_ticked_are_backed_up(stage, as_):
    zone, key = stage.zones["Cards"], Key.objects.get(label="card-signing")
    for ticked, what, keys in [([], "all", []), ([key.pk], "chosen", [{"id": key.pk, "label": key.label}])]:
        answer = as_(DINA).post(
            "/propose/backup.take/v1",
            WHY | {"zone": zone.pk, "keys": ticked, "on_node": stage.nodes["ams-1"].id},
        )
        draft = Proposal.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
        assert draft.document.parameters == {
            "zone": {"id": zone.pk, "name": zone.name},
            "what": what,
            "keys": keys,
        }


def test_the_zone_is_asked_for_first_as_its_keys_and_hsms_are_listed(stage, as_):
    asked = as_(DINA).get("/propose/backup.take/v1")
    assert asked.context["form"].asks_first
    assert "Go on" in asked.content.decode()
    chosen = as_(DINA).get(f"/propose/backup.take/v1?zone={stage.zones['Cards'].pk}").content.decode()
    assert "Go on" not in chosen
    assert "Choose another Trust Zone" in chosen


def test_the_plan_is_shown_and_drafted_as_it_was_shown(stage, as_):
    destroyed("card-signing", under=stage.proposals["made"])
    for existing, action in (("skip", "skip"), ("replace", "replace")):
        shown = as_(DINA).post(path(stage, "/restore"), filled(stage, existing=existing, show="plan"))
        assert shown.status_code == 200
        plan = shown.context["plan"]
        assert {one["label"]: one["action"] for one in plan} == {
            "card-signing": "create",
            "issuer-2026": action,
            "pin-encryption": action,
            "tokenisation": action,
        }
        answer = as_(DINA).post(path(stage, "/restore"), filled(stage, existing=existing))
        draft = Proposal.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
        by_id = sorted(plan, key=lambda one: one["id"])
        assert draft.document.parameters == backups.parameters_of(stage.backup) | {"keys": by_id}
        assert "card-signing" in draft.sentence


def test_chosen_keys_alone_are_restored(stage, as_):
    key = Key.objects.get(label="issuer-2026")
    answer = as_(DINA).post(path(stage, "/restore"), filled(stage, existing="replace", keys=[key.pk]))
    draft = Proposal.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    assert [one["label"] for one in draft.document.parameters["keys"]] == ["issuer-2026"]


def test_keys_whose_labels_fit_are_restored_and_a_label_that_none_has_is_refused(stage, as_):
    address = path(stage, "/restore")
    answer = as_(DINA).post(address, filled(stage, existing="replace", labelled="iSSUer"))
    draft = Proposal.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    assert [one["label"] for one in draft.document.parameters["keys"]] == ["issuer-2026"]
    answer = as_(DINA).post(address, filled(stage, existing="replace", labelled="nobody's"))
    assert answer.status_code == 422
    assert "No key of the backup has this in its label." in answer.content.decode().replace("&#x27;", "'")
    key = Key.objects.get(label="card-signing")
    shown = as_(DINA).post(address, filled(stage, keys=[key.pk], labelled="issuer", show="plan"))
    assert [one["label"] for one in shown.context["plan"]] == ["card-signing"]


def test_a_look_at_the_plan_needs_no_reason_yet(stage, as_):
    shown = as_(DINA).post(path(stage, "/restore"), filled(stage, reason="", show="plan"))
    assert (shown.status_code, shown.context["form"].errors) == (200, {})
    assert as_(DINA).post(path(stage, "/restore"), filled(stage, reason="")).status_code == 422


def test_a_plan_in_which_nothing_happens_is_not_drafted(stage, as_):
    answer = as_(DINA).post(path(stage, "/restore"), filled(stage))
    assert answer.status_code == 422
    assert "Nothing would change" in answer.content.decode()


def test_more_keys_than_fit_a_proposal_are_refused_with_what_to_do(stage, as_, monkeypatch):
    monkeypatch.setattr("hsmnodes.backups.MOST_AT_ONCE", 3)
    answer = as_(DINA).post(path(stage, "/restore"), filled(stage, existing="replace"))
    assert answer.status_code == 422
    assert "Tick some of them" in answer.content.decode()


def test_of_more_missing_keys_than_fit_a_proposal_the_first_are_restored_and_then_the_others(
    stage, as_, monkeypatch
):
    monkeypatch.setattr("hsmnodes.backups.MOST_AT_ONCE", 3)
    KeyCopy.objects.all().delete()
    address, ids = path(stage, "/restore"), [key.id for key in backups.open_backup(stage.backup).keys]
    assert "1 more key is missing there" in as_(DINA).get(address).content.decode()
    answer = as_(DINA).post(address, filled(stage))
    draft = Proposal.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    planned = draft.document.parameters["keys"]
    assert [(one["id"], one["action"]) for one in planned] == [(one, "create") for one in ids[:3]]
    slot = Slot.objects.get(zone=stage.backup.zone)
    KeyCopy.objects.bulk_create(KeyCopy(key_id=one, slot=slot, since=clock.now()) for one in ids[:3])
    answer = as_(DINA).post(address, filled(stage))
    draft = Proposal.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    planned = draft.document.parameters["keys"]
    assert [one["id"] for one in planned if one["action"] == "create"] == ids[3:]


def test_a_verification_is_drafted(stage, as_):
    answer = as_(DINA).post(path(stage, "/verify"), filled(stage))
    draft = Proposal.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    assert draft.document.parameters == backups.parameters_of(stage.backup) | {"keys": 4}
    again = as_(DINA).get(f"/propose/backup.verify/v1?again={draft.pk}")
    assert again.headers["Location"] == path(stage)
    assert as_(IVO).get(f"/propose/backup.verify/v1?again={draft.pk}").headers["Location"] == "/zones"


def test_a_backup_that_no_hsm_here_opens_cannot_be_restored(stage, as_):
    Backup.objects.filter(pk=stage.backup.pk).update(epoch=2)
    assert "No HSM here opens it" in as_(DINA).get(path(stage)).content.decode()
    assert as_(DINA).post(path(stage, "/restore"), filled(stage)).status_code == 422


def test_a_file_is_verified_before_it_is_stored(stage, as_):
    zone = stage.zones["Cards"]
    address, good = f"/zones/{zone.pk}/backups", make_file(zone, stage.nodes["ams-1"], new_id()).data
    bad = good[:-1] + b"\x00"
    without_backups()
    for data, status in ((bad, 422), (b"", 422), (good, 302)):
        answer = as_(DINA).post(address, {"file": SimpleUploadedFile("x.backup", data)})
        assert answer.status_code == status
    assert Backup.objects.filter(zone=zone).count() == 1
    answer = as_(DINA).post(address, {"file": SimpleUploadedFile("x.backup", bad)})
    assert "altered" in answer.content.decode()
    assert read_backup(good).manifest.keys[-1].label in answer.content.decode()
