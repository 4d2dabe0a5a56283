"""The transcript of a ceremony holds as it is, and no longer once anything in it is something else."""

import json

import pytest

from hsmnodes.node.agent.cli import main
from hsmnodes.node.agent.transcripts import verify_transcript
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Warrant
from hsmnodes.node.protocol.errors import Refused
from tests.cast.backups import import_backup_key
from tests.cast.contributing import contribute
from tests.cast.custody import share_elsewhere
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY
from tests.cast.signing import make_warrant
from tests.hsmnodes.node.agent.gathering import give, open_ceremony, split
from tests.hsmnodes.node.agent.making import carrying
from tests.hsmnodes.node.agent.test_refusals import proposed
from tests.hsmnodes.node.protocol.samples import VECTORS

GOLDEN = VECTORS / "transcripts"


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture
def held(make_site, cast, zone):
    """A drill that was held: its transcript as the console would write it, and both anchors."""
    site = make_site().with_zone(zone)
    _, shares = split(site, cast.share_backup_key(site.at, zone), zone)
    warrant = cast.hold_drill(site.at, zone)
    ceremony = open_ceremony(site, warrant, zone)
    [question] = site.deliver(carrying(warrant, zone)).said
    given = []
    for member, index in ((DINA, 1), (FAY, 3)):
        message = contribute(ceremony, member, shares[index])
        said = site.deliver(message).said
        given.append(
            {
                "contribution": message.contribution,
                "assertion": message.assertion.model_dump(),
                "answer": canonical.b64u(said[0].envelope.raw),
            }
        )
    transcript = {
        "type": "quorate/ceremony-transcript/v1",
        "charters": {
            "provider": [canonical.b64u(raw) for raw in cast.northgate.raw_links],
            "zone": [canonical.b64u(raw) for raw in zone.raw_links],
        },
        "enrolment": canonical.b64u(cast.enrol(site.at).raw),
        "warrant": canonical.b64u(warrant.raw),
        "question": canonical.b64u(question.envelope.raw),
        "contributions": given,
        "receipts": [canonical.b64u(said[1].envelope.raw)],
    }
    return transcript, {"provider": cast.northgate.anchor, "zone": zone.anchor}


def code_of(transcript, anchors) -> str:
    with pytest.raises(Refused) as refused:
        verify_transcript(canonical.encode(transcript), **anchors)
    return refused.value.code


def test_it_tells_who_authorised_it_who_gave_a_share_and_what_the_node_did(held):
    transcript, anchors = held
    found = verify_transcript(canonical.encode(transcript), **anchors)
    assert (found.node.name, found.authorised_by) == ("ams-1", ("Emil", "Fay"))
    assert [one.contribution.person.name for one in found.contributions] == ["Dina", "Fay"]
    assert [one.answer.outcome for one in found.contributions] == ["accepted", "accepted"]
    assert [one.outcome for one in found.receipts] == ["done"]


def test_the_command_says_so_and_refuses_what_does_not_hold(held, tmp_path, capsys):
    transcript, anchors = held
    file = tmp_path / "transcript.json"
    file.write_bytes(canonical.encode(transcript))
    words = ["verify-transcript", str(file), "--provider", anchors["provider"], "--zone"]
    assert main([*words, anchors["zone"]]) == 0
    assert "Dina gave share 1 (accepted" in capsys.readouterr().out
    assert main([*words, anchors["provider"]]) == 2
    assert "other-anchor" in capsys.readouterr().err
    assert main(["verify-transcript", str(tmp_path / "none"), *words[2:], anchors["zone"]]) == 1


def test_the_golden_transcript_holds():
    anchors = json.loads((GOLDEN / "anchors.json").read_text())
    found = verify_transcript((GOLDEN / "drill.json").read_bytes(), **anchors)
    assert [one.contribution.person.name for one in found.contributions] == ["Dina", "Fay"]
    assert [(one.operation, one.outcome) for one in found.receipts] == [("backup-key.drill/v1", "done")]


def test_a_ceremony_that_has_just_begun_has_a_transcript_too(held):
    transcript, anchors = held
    begun = transcript | {"contributions": [], "receipts": []}
    assert verify_transcript(canonical.encode(begun), **anchors).contributions == ()


def test_other_anchors_are_refused(held):
    transcript, anchors = held
    for kind in anchors:
        assert code_of(transcript, anchors | {kind: "0" * 64}) == "other-anchor"


def test_a_charter_that_is_missing_is_refused(held):
    transcript, anchors = held
    for kind in anchors:
        rest = transcript["charters"] | {kind: []}
        assert code_of(transcript | {"charters": rest}, anchors) == "no-charter"


@pytest.mark.parametrize("name", ["enrolment", "warrant", "question"])
def test_a_changed_byte_in_a_document_is_refused(held, name):
    transcript, anchors = held
    data = canonical.b64u_decode(transcript[name])
    for place in range(0, len(data), max(1, len(data) // 40)):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert code_of(transcript | {name: canonical.b64u(altered)}, anchors)


@pytest.mark.parametrize("name", ["contribution", "answer"])
def test_a_changed_byte_in_a_contribution_or_its_answer_is_refused(held, name):
    transcript, anchors = held
    [first, second] = transcript["contributions"]
    data = canonical.b64u_decode(first[name])
    for place in range(0, len(data), max(1, len(data) // 40)):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        changed = [first | {name: canonical.b64u(altered)}, second]
        assert code_of(transcript | {"contributions": changed}, anchors)


def test_answers_and_signatures_do_not_change_places(held):
    transcript, anchors = held
    [first, second] = transcript["contributions"]
    for name in ("answer", "assertion"):
        crossed = [first | {name: second[name]}, second | {name: first[name]}]
        assert code_of(transcript | {"contributions": crossed}, anchors)


def test_a_drill_without_its_quorum_is_refused(held):
    transcript, anchors = held
    proposal = proposed_of(transcript)
    alone = make_warrant(proposal, DINA, (EMIL,))
    assert code_of(transcript | {"warrant": canonical.b64u(alone.raw)}, anchors) == "quorum-not-met"


def proposed_of(transcript):
    return proposed(Warrant.from_bytes(canonical.b64u_decode(transcript["warrant"])))


def test_an_import_has_a_transcript_under_both_charters(make_site, cast, zone):
    site = make_site().serving()
    known, shares = share_elsewhere(cast, zone)
    warrant = import_backup_key(cast, site.at, zone, known)
    ceremony = open_ceremony(site, warrant, zone)
    [question] = site.deliver(carrying(warrant, zone)).said
    _, said = give(site, ceremony, shares, (1, 2))
    transcript = {
        "type": "quorate/ceremony-transcript/v1",
        "charters": {
            "provider": [canonical.b64u(raw) for raw in cast.northgate.raw_links],
            "zone": [canonical.b64u(raw) for raw in zone.raw_links],
        },
        "enrolment": canonical.b64u(cast.enrol(site.at).raw),
        "warrant": canonical.b64u(warrant.raw),
        "question": canonical.b64u(question.envelope.raw),
        "contributions": [],
        "receipts": [canonical.b64u(said.envelope.raw)],
    }
    anchors = {"provider": cast.northgate.anchor, "zone": zone.anchor}
    found = verify_transcript(canonical.encode(transcript), **anchors)
    assert set(found.authorised_by) == {"Ada", "Ben", "Dina", "Emil"}


@pytest.mark.parametrize("change", [{"type": "other"}, {"more": 1}, {"receipts": None}, {"charters": "x"}])
def test_a_file_of_another_form_is_refused(held, change):
    transcript, anchors = held
    with pytest.raises(Refused):
        verify_transcript(json.dumps(transcript | change).encode(), **anchors)
