"""Choosing some of very many keys: the page stays small, any of them is found, and no tick is lost."""

import re

import pytest

from console.pages.forms import doomed, picking
from hsmnodes import backups
from hsmnodes.models import Key
from tenants.identifiers import new_id
from tenants.models import Proposal
from tests.cast.people import DINA
from tests.world.backups import make_file

pytestmark = pytest.mark.django_db

WHY = {"reason": "Out of use.", "lifetime": "86400"}


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(picking, "MOST_LISTED", 2)


@pytest.fixture
def cards(stage):
    """The ids of the keys of a zone, by label."""
    return dict(Key.objects.filter(zone=stage.zones["Cards"]).values_list("label", "pk"))


def described(answer) -> dict[str, str]:
    """What the page says beside each label that it lists."""
    listed = answer.context["form"]["keys"].subwidgets
    parts = [one.choice_label.partition(" (") for one in listed]
    return {label: said.removesuffix(")") for label, _, said in parts}


def boxes(answer) -> dict[str, bool]:
    """The labels that the page lists, and whether each is ticked."""
    listed = answer.context["form"]["keys"].subwidgets
    return {one.choice_label.partition(" (")[0]: one.data["selected"] for one in listed}


def filled(stage, **more):
    return WHY | {"zone": stage.zones["Cards"].pk, "on_node": stage.nodes["ams-1"].id} | more


def test_only_the_first_are_listed_and_how_many_more_there_are_is_said(stage, as_, cards):
    answer = as_(DINA).get(f"/propose/key.destroy/v1?zone={stage.zones['Cards'].pk}")
    assert boxes(answer) == {"card-signing": False, "issuer-2026": False}
    page = " ".join(answer.content.decode().split())
    assert "Of 4, the list shows those that are ticked and the first that fit. 2 more fit" in page


@pytest.mark.parametrize(
    "form", ["/propose/key.destroy/v1", "/propose/backup.take/v1", "/propose/key.rotate/v1"]
)
def test_others_are_found_by_their_label_and_what_is_ticked_stays(stage, as_, cards, form):
    looking = {"keys": [cards["issuer-2026"]], "keys-find": "TOKEN", "show": "keys", "reason": "Old."}
    answer = as_(DINA).post(form, filled(stage, **looking))
    assert answer.status_code == 200
    assert boxes(answer) == {"issuer-2026": True, "tokenisation": False}
    assert described(answer) == {"issuer-2026": "RSA 3072", "tokenisation": "AES-256"}
    page = answer.content.decode()
    assert 'value="TOKEN"' in page
    assert ">\nOld.</textarea>" in page
    assert "data-invalid" not in page
    assert not Proposal.objects.filter(operation=form.split("/", 2)[2]).exists()


def test_what_is_ticked_is_proposed_whether_it_is_listed_or_not(stage, as_, cards):
    chosen = [cards["tokenisation"], cards["issuer-2026"]]
    as_(DINA).post("/propose/key.destroy/v1", filled(stage, keys=chosen))
    draft = Proposal.objects.get(operation="key.destroy/v1")
    assert [key["id"] for key in draft.document.parameters["keys"]] == chosen


def test_more_than_a_proposal_names_are_refused_with_what_to_do(stage, as_, cards, monkeypatch):
    monkeypatch.setattr(doomed, "MOST_AT_ONCE", 3)
    answer = as_(DINA).post("/propose/key.destroy/v1", filled(stage, keys=list(cards.values())))
    assert answer.status_code == 422
    assert "One proposal names at most 3 of them, and 4 are ticked. Untick some." in answer.content.decode()


def test_what_is_no_key_of_the_zone_is_refused(stage, as_):
    answer = as_(DINA).post("/propose/key.destroy/v1", filled(stage, keys=["0" * 32]))
    assert answer.status_code == 422


def test_keys_of_a_backup_are_found_and_the_plan_is_of_those_that_are_ticked(stage, as_, cards):
    address = f"/backups/{stage.backup.pk}/restore"
    looking = {"keys": [cards["issuer-2026"]], "keys-find": "token", "show": "keys", "existing": "replace"}
    answer = as_(DINA).post(address, filled(stage, **looking))
    assert boxes(answer) == {"issuer-2026": True, "tokenisation": False}
    assert described(answer) == {"issuer-2026": "RSA 3072", "tokenisation": "AES-256"}
    assert [one["label"] for one in answer.context["plan"]] == ["issuer-2026"]
    assert "data-invalid" not in answer.content.decode()
    both = [cards["issuer-2026"], cards["tokenisation"]]
    as_(DINA).post(address, filled(stage, keys=both, existing="replace"))
    planned = Proposal.objects.get(operation="backup.restore/v1").document.parameters["keys"]
    assert sorted(one["id"] for one in planned) == sorted(both)


def test_what_an_application_may_do_is_found_by_the_label_of_the_key(stage, as_, cards):
    looking = {"keys-find": "token", "show": "keys"}
    answer = as_(DINA).post("/propose/application.admit/v1", filled(stage, **looking))
    assert list(boxes(answer)) == ["decrypt – tokenisation", "encrypt – tokenisation"]


def test_a_zone_of_thousands_of_keys_is_restored_in_parts_from_a_page_that_stays_small(
    stage, as_, monkeypatch
):
    monkeypatch.setattr(picking, "MOST_LISTED", 100)
    zone, node, made = stage.zones["Cards"], stage.nodes["ams-1"], Key.objects.get(label="card-signing")
    Key.objects.bulk_create(
        Key(
            id=f"{number:032x}",
            zone=zone,
            slot=made.slot,
            label=f"key {number}",
            algorithm="ec-p256",
            usages=["sign"],
            public_key=made.public_key,
            proposal=made.proposal,
            created_at=made.created_at,
        )
        for number in range(3_000)
    )
    file = make_file(zone, node, new_id())
    backup = backups.upload_backup(person=stage.world.person(DINA), zone=zone, data=file.data)
    page = as_(DINA).get(f"/backups/{backup.pk}/restore").content
    assert len(page) < 200_000
    shown = page.replace(b",", b"").replace(b"\xc2\xa0", b"")
    as_(DINA).post(f"/backups/{backup.pk}/restore", filled(stage, existing="skip"))
    planned = Proposal.objects.get(operation="backup.restore/v1").document.parameters["keys"]
    assert 900 < len(planned) <= 1_000, "as many as one proposal has room for"
    assert f"{3_000 - len(planned)} more keys are missing there".encode() in shown
    assert len(as_(DINA).get(f"/propose/key.destroy/v1?zone={zone.pk}").content) < 100_000


def test_ten_thousand_keys_make_a_short_list():
    field = picking.PickingField({f"{number:032x}": f"key {number}" for number in range(10_000)})
    assert len(field.choices) == picking.MOST_LISTED
    field.list_those([f"{9_999:032x}"], "key 77")
    assert re.fullmatch(r"key (9999|77.*)", field.choices[0][1])
    assert field.not_listed == 111 - picking.MOST_LISTED
