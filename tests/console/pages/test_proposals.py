"""The page of a proposal: what it says, to whom, and what can be done there."""

import io
import subprocess
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hsmnodes.node.protocol.words import fingerprint
from tenants.models import Proposal, State
from tests.cast.people import CLEO, DINA, EMIL, FAY, GUS, HANA, IVO
from tests.world.moving import extended

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    assert response.status_code == 200, response.content
    return " ".join(response.content.decode().split())


def test_it_shows_the_sentence_and_the_eight_words(stage, as_):
    proposal = stage.proposals["waiting"]
    page = text_of(as_(FAY).get(f"/proposals/{proposal.pk}"))
    assert "Generate in Trust Zone “Cards” on node “ams-1”" in page
    for word in fingerprint(proposal.hash):
        assert f"<li>{word}</li>" in page


def test_seats_show_who_signed_who_may_and_who_requests(stage, as_):
    page = text_of(as_(FAY).get(f"/proposals/{stage.proposals['waiting'].pk}"))
    assert "2 of 3 key managers" in page
    assert "1 of 2 signed" in page
    assert "Your seat" in page
    assert "Requests it, so does not count" in page


def test_who_is_asked_is_led_to_the_desk_and_who_is_not_is_not(stage, as_):
    address = f"/proposals/{stage.proposals['waiting'].pk}"
    way = f'action="/desk/approve/{stage.proposals["waiting"].pk}"'
    assert way in text_of(as_(FAY).get(address))
    for member in (DINA, EMIL, HANA, CLEO):
        assert way not in text_of(as_(member).get(address))


def test_what_is_said_of_stopping_it_fits_the_buttons(stage, as_):
    address = f"/proposals/{stage.proposals['waiting'].pk}"
    both, one = "Both are signed at the desk", "You sign that at the desk"
    for person, said, unsaid in ((FAY, both, one), (DINA, one, both)):
        shown = as_(person).get(address).content.decode()
        assert ("Reject…" in shown) is (said == both)
        assert "Cancel…" in shown
        assert said in shown
        assert unsaid not in shown


def test_a_rejected_one_says_who_and_why(stage, as_):
    page = text_of(as_(EMIL).get(f"/proposals/{stage.proposals['rejected'].pk}"))
    assert "Dina rejected this" in page
    assert "It is not what we agreed." in page
    assert f"again={stage.proposals['rejected'].pk}" in page


def test_who_cannot_propose_it_is_not_offered_to_propose_it_again(stage, as_):
    rejected = stage.proposals["rejected"]
    for member in (CLEO, HANA):
        assert "Propose it again" not in text_of(as_(member).get(f"/proposals/{rejected.pk}"))
        assert as_(member).get(f"/propose/{rejected.operation}?again={rejected.pk}").status_code == 403


def test_a_refusal_says_what_was_not_done(stage, as_):
    page = text_of(as_(DINA).get(f"/proposals/{stage.proposals['refused'].pk}"))
    assert "The name card-signing was already used for a key here." in page
    assert "Nothing was done on the HSM." in page
    assert f"/proposals/{stage.proposals['refused'].pk}/send-again" in page


def test_a_done_one_shows_its_keys_and_receipt(stage, as_):
    page = text_of(as_(EMIL).get(f"/proposals/{stage.proposals['made'].pk}"))
    assert "Receipt of ams-1" in page
    assert "issuer-2026" in page
    assert page.count("public.pem") == 2


def test_every_parameter_is_shown_once_and_apart_from_what_is_around(stage, as_):
    from console.pages.proposal_view import view_of

    for proposal in stage.proposals.values():
        view = view_of(proposal, stage.world.person(CLEO))
        labels = [row.label for row in view.envelope]
        assert labels[0].startswith("Node"), proposal.operation
        assert labels[-1] == "Document"
        shown = len(view.parameters.rows) + sum(len(thing.rows) for thing in view.parameters.things)
        assert shown == len(view.fields)


def evidence_of(proposal, browser, folder):
    """The files in the archive, each with its bytes, and what openssl says of each receipt."""
    packed = zipfile.ZipFile(io.BytesIO(browser.get(f"/proposals/{proposal.pk}/evidence.zip").content))
    assert len(set(packed.namelist())) == len(packed.namelist())
    packed.extractall(folder)
    said = []
    for key in sorted(folder.glob("receipt-*.pem")):
        signature, signed = key.with_suffix(".sig"), key.with_suffix(".signed")
        command = ["openssl", "dgst", "-sha256", "-verify", key, "-signature", signature, signed]
        said.append(subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip())
    return {one.name: one.read_bytes() for one in folder.iterdir()}, said


def test_the_evidence_is_verified_by_openssl_alone(stage, as_, tmp_path):
    proposal = stage.proposals["made"]
    files, said = evidence_of(proposal, as_(GUS), tmp_path)
    assert said == ["Verified OK"]
    assert files["proposal.json"] == bytes(proposal.raw)
    assert proposal.hash in files["README.txt"].decode()


def test_receipts_of_two_hsms_at_the_same_place_of_their_journals_are_both_evidence(stage, as_, tmp_path):
    proposal = Proposal.objects.get(operation="cluster.form/v1")
    places = [one.sequence for one in proposal.receipts.all()]
    assert len(places) > len(set(places))
    files, said = evidence_of(proposal, as_(CLEO), tmp_path)
    assert said == ["Verified OK"] * len(places)
    assert {files[f"receipt-{number}.json"] for number in range(1, len(places) + 1)} == {
        bytes(one.raw) for one in proposal.receipts.all()
    }


def test_the_live_part_is_sent_only_when_something_is_new(stage, as_):
    proposal = stage.proposals["waiting"]
    browser = as_(FAY)
    from console.pages.proposal_view import version

    seen = version(proposal)
    assert browser.get(f"/proposals/{proposal.pk}/live?seen={seen}").status_code == 204
    stage.world.approve(proposal, FAY)
    page = text_of(browser.get(f"/proposals/{proposal.pk}/live?seen={seen}"))
    assert "2 of 2 signed" in page


def test_a_draft_is_given_up_by_its_requester(stage, as_):
    draft = stage.proposals["draft"]
    assert as_(EMIL).post(f"/proposals/{draft.pk}/discard").status_code == 403
    as_(FAY).post(f"/proposals/{draft.pk}/discard")
    assert Proposal.objects.get(pk=draft.pk).state == State.CANCELLED


def test_a_stranger_finds_nothing(stage, as_):
    answer = as_(IVO).get(f"/proposals/{stage.proposals['waiting'].pk}")
    assert answer.status_code == 404
    assert "Cards" not in answer.content.decode()
    assert "quote" in answer.content.decode()


def test_the_inbox_holds_what_waits_for_me_and_no_more(stage, as_):
    page = text_of(as_(FAY).get("/proposals"))
    assert stage.proposals["waiting"].pk in page
    assert stage.proposals["made"].pk not in page
    assert "Nothing waits for your signature" in text_of(as_(EMIL).get("/proposals"))


def test_lists_are_filtered_and_searched(stage, as_):
    browser = as_(EMIL)
    found = text_of(browser.get("/proposals?view=all&state=done&operation=key.generate/v1"))
    assert stage.proposals["made"].pk in found
    assert stage.proposals["waiting"].pk not in found
    found = text_of(browser.get("/proposals?view=all&q=settlement"))
    assert stage.proposals["running"].pk in found
    assert stage.proposals["made"].pk not in found
    assert "Nothing fits these filters" in text_of(browser.get("/proposals?view=all&q=nothing-like-it"))


def test_lists_go_on_from_page_to_page(stage, as_, monkeypatch):
    monkeypatch.setattr("console.pages.inbox.SIZE", 3)
    browser = as_(EMIL)
    first = browser.get("/proposals?view=all")
    older = first.context["found"].older
    second = browser.get(f"/proposals?view=all&cursor={older}")
    assert not {row[0].pk for row in first.context["rows"]} & {row[0].pk for row in second.context["rows"]}
    assert second.context["found"].newer


def test_others_drafts_are_not_in_lists(stage, as_):
    assert stage.proposals["draft"].pk not in text_of(as_(EMIL).get("/proposals?view=all"))
    assert stage.proposals["draft"].pk in text_of(as_(FAY).get("/proposals?view=mine"))


def test_the_csv_holds_the_list(stage, as_):
    answer = b"".join(as_(EMIL).get("/proposals.csv?view=all").streaming_content).decode()
    assert answer.startswith("proposal,hash,operation")
    assert stage.proposals["made"].hash in answer


def test_lists_of_results_are_tables_with_titles_for_people(stage, as_):
    split = Proposal.objects.get(operation="backup-key.share/v1")
    [outcome] = as_(EMIL).get(f"/proposals/{split.pk}").context["view"].outcomes
    assert [fact.label for fact in outcome.facts] == ["Commitment"]
    [table] = outcome.tables
    assert (table.title, table.columns) == (
        "Shares",
        ("Share", "Custodian", "Token", "Commitment", "Sealed share, SHA-256"),
    )
    assert [row[1].value for row in table.rows] == ["Dina", "Emil", "Fay"]
    started = Proposal.objects.filter(operation="service.start/v1").order_by("created_at").first()
    page = text_of(as_(CLEO).get(f"/proposals/{started.pk}"))
    assert "Customer founding" not in page


@pytest.mark.parametrize("address", ["/", "/proposals"])
def test_shares_that_somebody_is_asked_for_are_looked_for_once(stage, as_, address):
    """The count beside the menu is of the same ones as the page itself."""
    browser = as_(DINA)
    with CaptureQueriesContext(connection) as captured:
        assert "shares_to_give" in browser.get(address).context
    assert (
        len([one for one in captured if "hsmnodes_ceremony" in one["sql"] and "opened_at" in one["sql"]]) == 1
    )


def test_keys_that_came_to_a_further_hsm_are_told_with_their_algorithm_as_people_write_it(world, node, as_):
    zone = world.ready_zone(node)
    world.key(zone, node)
    moved = extended(world, zone, world.node("fra-1"), node)
    outcome = as_(DINA).get(f"/proposals/{moved.pk}").context["view"].outcomes[-1]
    [table] = outcome.tables
    assert [fact.value for fact in table.rows[0] if fact.label == "Algorithm"] == ["EC P-256"]
