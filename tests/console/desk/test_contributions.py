"""Giving a share at the desk, in a browser: to an honest console, and to one that lies about who asks."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Page, expect

from console.desk.build import Desk, build
from console.desk.server import make_application
from console.desk.simulator import Simulator
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.contributions import open_contribution
from hsmnodes.node.protocol.custody import box_context
from hsmnodes.node.protocol.documents import Assertion, Ceremony, Contribution, NodeSigned
from hsmnodes.node.protocol.documents.share_keys import Kept
from hsmnodes.node.protocol.sealing import seal
from hsmnodes.node.protocol.words import fingerprint
from tests.cast.charters import DEPLOYMENT
from tests.cast.contributing import make_contribution
from tests.cast.deriving import secret_of, share_key_from
from tests.cast.people import CUSTODIANS, DINA, EMIL, Member
from tests.console.desk.conftest import Counter, serving
from tests.console.desk.hands import choose_simulated, expect_refusal, press, words_shown
from tests.console.desk.kept_keys import public_key_of, write_code, write_file
from tests.console.desk.lying_console import LyingConsole, Order, order
from tests.console.desk.test_release_lies import LIES
from tests.hsmnodes.node.protocol.making import NOW
from tests.verifier.story import ONE_TIME, Story

pytestmark = pytest.mark.browser


def private_key_of(member: Member) -> bytes:
    """The member's P-256 key, as a simulator holds it."""
    return member.key._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def share_key_of(member: Member) -> bytes:
    """The public share key of the member's simulated token."""
    secret = secret_of(private_key_of(member))
    return share_key_from(secret, member.key.credential_id).public_key().public_bytes_raw()


def simulator() -> Simulator:
    """Dina's token."""
    people = [
        {
            "id": member.id,
            "name": member.name,
            "organisation": member.organisation.model_dump(),
            "title": "custodian",
            "tokens": [
                {
                    "credential_id": member.key.credential_id,
                    "label": "Simulated token",
                    "private_key": canonical.b64u(private_key_of(member)),
                }
            ],
        }
        for member in (DINA,)
    ]
    return Simulator.model_validate({"deployment": DEPLOYMENT, "people": tuple(people)}, strict=False)


@pytest.fixture(scope="module")
def counter(tmp_path_factory) -> Iterator[Counter]:
    """A demo's desk at the address for which the story's charters are, and the console before it."""
    folder = tmp_path_factory.mktemp("contributions") / "desk"
    with serving(None) as console_server, serving(None) as desk_server:
        console_origin = f"http://127.0.0.1:{console_server.server_port}"
        origin = f"http://localhost:{desk_server.server_port}"
        digest = build(Desk(console_origin, origin, DEPLOYMENT, simulator()), folder)
        console = LyingConsole(origin)
        console_server.set_app(console)
        desk_server.set_app(make_application(folder))
        yield Counter(origin, console_origin, console, folder, digest)


@pytest.fixture
def at_the_time(page: Page) -> Page:
    """A page whose clock shows the time of the story."""
    page.clock.set_system_time(NOW)
    return page


def asked(story: Story, given: dict[str, Any] | None = None, **changes: Any) -> Order:
    """What the console hands over to Dina, honest but for `given` and `changes`."""
    pieces = given or story.given()
    ceremony = Ceremony.from_bytes(NodeSigned.from_bytes(pieces["ceremony"]).payload_bytes)
    share = story.shares[0]
    [dina] = [one for one in story.custodians if one.id == DINA.id]
    public_key = share_key_of(DINA) if dina.kept == "token" else public_key_of(DINA.key.share_private)
    box = seal(share.raw, public_key, box_context(share))
    papers = {
        "question": canonical.b64u(pieces["ceremony"]),
        "warrant": canonical.b64u(pieces["warrant"]),
        "enrolment": canonical.b64u(pieces["enrolment"]),
        "charters": {
            kind: [canonical.b64u(link) for link in links] for kind, links in pieces["charters"].items()
        },
        "box": canonical.b64u(box),
    }
    document = make_contribution(ceremony, DINA)
    return order(
        "contribute",
        document.raw,
        credentials=[DINA.key.credential_id],
        ceremony=papers | changes,
    )


def give(page: Page, counter: Counter, what: Order) -> None:
    page.goto(counter.address(what))
    press(page)
    choose_simulated(page, "Dina")


def test_a_share_is_sealed_to_the_node_that_asks_for_it(at_the_time, counter):
    page, story = at_the_time, Story()
    what = asked(story)
    page.goto(counter.address(what))
    ceremony = story.ceremony()
    expect(page.locator("h1")).to_contain_text("Hold a drill")
    assert " ".join(words_shown(page)) == " ".join(fingerprint(ceremony.sha256))
    press(page)
    choose_simulated(page, "Dina")
    is_given(page, counter, story, what)


def is_given(page: Page, counter: Counter, story: Story, what: Order) -> None:
    """Dina's share was handed in, sealed to the node that asks, with her token's signature."""
    expect(page.get_by_role("heading", name="Back at the console")).to_be_visible()
    ceremony = story.ceremony()
    answer = list(counter.console.answers.values())[-1]
    assert set(answer) == {"assertion", "sealed"}
    contribution = Contribution.from_bytes(canonical.b64u_decode(what["document"]))
    holder = ceremony.holders[0]
    opened = open_contribution(
        canonical.b64u_decode(answer["sealed"]),
        ONE_TIME.private_bytes_raw(),
        contribution=contribution,
        ceremony=ceremony,
        holder=holder,
    )
    assert canonical.b64u(opened.value) == story.shares[0].value
    assert Assertion.model_validate(answer["assertion"]).credential_id == DINA.key.credential_id


def nothing_was_sent(counter: Counter, before: int) -> None:
    assert len(counter.console.answers) == before


@pytest.mark.parametrize("lie", LIES)
def test_no_share_and_no_signature_leaves_the_desk_for(at_the_time, counter, lie):
    make, _code = LIES[lie]
    before = len(counter.console.answers)
    page = at_the_time
    page.goto(counter.address(asked(Story(), dict(make()))))
    sheet = page.locator("form.signature, .card.alarm, .card.refused").first
    sheet.wait_for()
    if page.locator("form.signature").count():
        press(page)
        choose_simulated(page, "Dina")
        expect(page.get_by_role("heading", name="Your share stays at this desk")).to_be_visible()
    expect(page.locator(".reference code")).to_be_visible()
    nothing_was_sent(counter, before)


def test_a_box_that_holds_another_s_share_is_not_released(at_the_time, counter):
    story, before = Story(), len(counter.console.answers)
    other = story.shares[1]
    context = box_context(story.shares[0])
    box = seal(other.raw, share_key_of(DINA), context)
    give(at_the_time, counter, asked(story, box=canonical.b64u(box)))
    expect(at_the_time.get_by_role("heading", name="Your share stays at this desk")).to_be_visible()
    nothing_was_sent(counter, before)


def test_an_altered_box_is_not_released(at_the_time, counter):
    before = len(counter.console.answers)
    give(at_the_time, counter, asked(Story(), box=canonical.b64u(bytes(500))))
    expect(at_the_time.locator(".reference code")).to_have_text("cannot-open")
    nothing_was_sent(counter, before)


LIES_ABOUT_THE_CONTRIBUTION = {
    "another ceremony": ({"ceremony": "0" * 64}, "other-ceremony"),
    "another node": ({"node": {"id": "0" * 32, "name": "ams-1"}}, "other-ceremony"),
    "another share": ({"index": 2}, "other-holder"),
    "another person": ({"person": {"id": EMIL.id, "name": "Emil"}}, "other-holder"),
    "another share set": ({"share_set": 2}, "other-ceremony"),
}


@pytest.mark.parametrize("lie", LIES_ABOUT_THE_CONTRIBUTION)
def test_a_contribution_that_is_not_to_the_question_is_not_even_shown(at_the_time, counter, lie):
    changes, code = LIES_ABOUT_THE_CONTRIBUTION[lie]
    what = asked(Story())
    document = canonical.decode(canonical.b64u_decode(what["document"])) | changes
    page = at_the_time
    page.goto(counter.address(what | {"document": canonical.b64u(canonical.encode(document))}))
    expect_refusal(page, code)


def test_papers_without_a_contribution_and_a_contribution_without_papers_are_refused(at_the_time, counter):
    page, what = at_the_time, asked(Story())
    page.goto(counter.address(what | {"ceremony": None}))
    expect_refusal(page, "bad-answer")
    page.goto("about:blank")
    page.goto(counter.address(what | {"purpose": "quorate/approve/v1"}))
    expect_refusal(page, "other-document")


def story_of(kept: Kept) -> Story:
    """The story in which Dina's token computes no share key, and she keeps one so."""
    return Story(
        custodians=tuple(replace(one, kept=kept) if one.id == DINA.id else one for one in CUSTODIANS)
    )


def test_a_share_is_given_with_the_key_from_a_file(at_the_time, counter, tmp_path):
    page, story = at_the_time, story_of("file")
    file = tmp_path / "share-key.json"
    whose = {"deployment": DEPLOYMENT, "credential_id": DINA.key.credential_id}
    whose |= {"person": {"id": DINA.id, "name": DINA.name}, "organisation": DINA.organisation.model_dump()}
    file.write_bytes(write_file(DINA.key.share_private, "six words that nobody drew", **whose))
    what = asked(story)
    give(page, counter, what)
    page.get_by_label("The file").set_input_files(file)
    page.get_by_label("Its passphrase").fill("six words that nobody drew")
    page.get_by_role("button", name="Open the file").click()
    is_given(page, counter, story, what)


def test_a_share_is_given_with_the_key_from_a_sheet(at_the_time, counter):
    page, story = at_the_time, story_of("sheet")
    what = asked(story)
    give(page, counter, what)
    page.get_by_label("Or the text of the code").fill(write_code(DINA.key.share_private))
    page.keyboard.press("Enter")
    is_given(page, counter, story, what)


@pytest.mark.parametrize("kept", ["file", "sheet"])
def test_who_has_not_the_key_at_hand_gives_nothing(at_the_time, counter, kept):
    page, before = at_the_time, len(counter.console.answers)
    give(page, counter, asked(story_of(kept)))
    page.get_by_role("button", name="Not now").click()
    expect(page.locator(".state.problem")).to_contain_text("The share key was not given")
    nothing_was_sent(counter, before)


def test_a_key_from_a_sheet_releases_no_more_than_one_from_a_token(at_the_time, counter):
    page, before = at_the_time, len(counter.console.answers)
    give(page, counter, asked(story_of("sheet"), box=canonical.b64u(bytes(500))))
    page.get_by_label("Or the text of the code").fill(write_code(DINA.key.share_private))
    page.keyboard.press("Enter")
    expect(page.locator(".reference code")).to_have_text("cannot-open")
    nothing_was_sent(counter, before)
