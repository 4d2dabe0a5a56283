"""Signing at a demo's desk, in a real browser: what comes back verifies by the node's own check."""

import copy

import pytest
from playwright.sync_api import expect

from hsmnodes.node.protocol import canonical, words
from hsmnodes.node.protocol.canonical import b64u_decode
from hsmnodes.node.protocol.cbor import is_one_map
from hsmnodes.node.protocol.documents import (
    Assertion,
    CancellationStatement,
    Desk,
    RejectionStatement,
    Token,
)
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.webauthn import verify_assertion
from tests.console.desk import papers
from tests.console.desk.cast import credential_id, named, token
from tests.console.desk.hands import press, sign_as, the_button, words_shown
from tests.console.desk.lying_console import order

pytestmark = pytest.mark.browser


def verify(counter, answer: dict, person: str, purpose: Purpose, data: bytes) -> int:
    """Check an answer's assertion as a node does, by the token a charter has for `person`."""
    return verify_assertion(
        Assertion.model_validate(answer["assertion"]),
        challenge=challenge(purpose, data),
        token=Token.model_validate(token(person)),
        desk=Desk.model_validate(papers.at_desk(counter.origin)),
    )


def answer_of(page, counter, what: dict, person: str) -> dict:
    """Have `person` sign an order, come back to the console with the code, and return what was handed in."""
    page.goto(counter.address(what))
    sign_as(page, person)
    page.wait_for_url(f"{counter.console_origin}/desk/return?code=*")
    return list(counter.console.answers.values())[-1]


def test_signing_in(page, demo_desk):
    document = papers.sign_in(console=demo_desk.console_origin, desk=demo_desk.origin)
    answer = answer_of(page, demo_desk, order("sign-in", document), "Ada")
    assert answer.keys() == {"assertion"}
    verify(demo_desk, answer, "Ada", Purpose.SIGN_IN, canonical.encode(document))


@pytest.mark.parametrize("purpose", ["propose", "approve"])
def test_a_proposal_is_signed_as_it_is_shown(page, demo_desk, purpose):
    document = papers.proposal()
    answer = answer_of(page, demo_desk, order(purpose, document), "Dina")
    verify(demo_desk, answer, "Dina", Purpose(f"quorate/{purpose}/v1"), canonical.encode(document))


@pytest.mark.parametrize(
    ("purpose", "statement"), [("reject", RejectionStatement), ("cancel", CancellationStatement)]
)
def test_a_statement_is_made_at_the_desk(page, demo_desk, purpose, statement):
    document = papers.proposal()
    page.goto(demo_desk.address(order(purpose, document, person=named("Emil"))))
    page.get_by_label("Why do you").fill("The number of the change is wrong.")
    sign_as(page, "Emil")
    page.wait_for_url("**/desk/return?code=*")
    answer = list(demo_desk.console.answers.values())[-1]
    data = b64u_decode(answer["statement"])
    stated = statement.from_bytes(data)
    assert stated.proposal_hash == canonical.sha256_hex(canonical.encode(document))
    assert stated.person.model_dump() == named("Emil")
    assert stated.reason == "The number of the change is wrong."
    verify(demo_desk, answer, "Emil", Purpose(f"quorate/{purpose}/v1"), data)


def test_a_double_click_chooses_a_person_once(page, demo_desk):
    document = papers.proposal()
    handed_in = len(demo_desk.console.answers)
    page.goto(demo_desk.address(order("approve", document)))
    press(page)
    page.get_by_role("combobox").fill("Emil")
    page.get_by_role("option").filter(has=page.get_by_text("Emil", exact=True)).first.dblclick()
    page.wait_for_url("**/desk/return?code=*")
    assert len(demo_desk.console.answers) == handed_in + 1
    answer = list(demo_desk.console.answers.values())[-1]
    verify(demo_desk, answer, "Emil", Purpose.APPROVE, canonical.encode(document))


def test_who_listens_hears_when_it_is_ready(page, demo_desk):
    page.goto(demo_desk.address(order("approve", papers.proposal())))
    expect(page.locator("#announcement")).to_have_text("Ready to be signed. Nothing is signed yet.")


def test_a_reason_is_needed_to_reject(page, demo_desk):
    page.goto(demo_desk.address(order("reject", papers.proposal(), person=named("Emil"))))
    press(page)
    expect(page.locator("dialog")).to_have_count(0)
    page.get_by_label("Why do you").fill("one\ntwo")
    press(page)
    expect(page.locator(".state.problem")).to_contain_text("Nothing was signed")


def test_founding_a_charter_shows_people_words_and_rules(page, demo_desk):
    document = papers.charter(desk=demo_desk.origin)
    page.goto(demo_desk.address(order("found", document)))
    sheet = page.locator("article.sheet")
    for text in ("Dina", "Emil", "Fay", "3 key managers", "Destroy keys", "SIMULATED", "night-shift"):
        expect(sheet).to_contain_text(text)
    for person in document["people"]:
        digest = canonical.sha256_hex(b64u_decode(person["tokens"][0]["public_key"]))
        expect(sheet).to_contain_text(" ".join(words.fingerprint(digest)))
    sign_as(page, "Fay")
    page.wait_for_url("**/desk/return?code=*")
    answer = list(demo_desk.console.answers.values())[-1]
    verify(demo_desk, answer, "Fay", Purpose.FOUND, canonical.encode(document))


def test_the_charter_behind_an_amendment_can_be_read(page, demo_desk):
    before, charter = papers.amended(desk=demo_desk.origin)
    attached = [canonical.b64u(canonical.encode(one)) for one in (before, charter)]
    page.goto(demo_desk.address(order("approve", papers.amendment(charter), attached=attached)))
    page.locator("summary").click()
    expect(page.locator("details")).to_contain_text("3 key managers")
    expect(page.locator("article.sheet")).not_to_contain_text("otherwise than before")


@pytest.mark.parametrize("purpose", ["propose", "approve"])
def test_what_an_amendment_says_of_a_token_otherwise_is_shown_with_what_was_said(page, demo_desk, purpose):
    before, charter = papers.amended(desk=demo_desk.origin)
    charter = copy.deepcopy(charter)
    charter["people"][0]["tokens"][0] |= {
        "label": "YubiKey 5 FIPS",
        "aaguid": "ab" * 16,
        "attestation": {"format": "packed", "trusted": True},
    }
    name = charter["people"][0]["name"]
    attached = [canonical.b64u(canonical.encode(one)) for one in (before, charter)]
    page.goto(demo_desk.address(order(purpose, papers.amendment(charter), attached=attached)))
    sheet = page.locator("article.sheet")
    expect(sheet).to_contain_text("What is said of tokens otherwise than before")
    expect(sheet).to_contain_text(
        f"“YubiKey 5 FIPS” · make proved (packed) · cannot be synced · model {'ab' * 16}"
    )
    told = sheet.locator("strong.weaker")
    expect(told).to_have_count(1)
    expect(told).to_contain_text(f"Before: “Simulated token of {name}” · make not proved (none)")


def deciding(demo_desk, **rule):
    """A proposal of keys, and the bytes of the charter that decides on it, whose rule says more."""
    rules = [
        {"operation": "key.generate/v1", "clauses": [{"role": "key-manager", "group": None, "m": 2}], **rule}
    ]
    charter = papers.charter(desk=demo_desk.origin, rules=rules)
    raw = canonical.encode(charter)
    authority = {**charter["authority"], "version": 1, "hash": canonical.sha256_hex(raw)}
    return papers.proposal(authorities=[authority]), canonical.b64u(raw)


@pytest.mark.parametrize("purpose", ["propose", "approve"])
def test_a_delay_and_hours_are_shown_from_the_charter_that_the_proposal_names(page, demo_desk, purpose):
    document, raw = deciding(demo_desk, delay=2 * 86_400, hours="Monday to Friday, 8:00 to 18:00")
    page.goto(demo_desk.address(order(purpose, document, attached=[raw])))
    sheet = page.locator("article.sheet")
    expect(sheet).to_contain_text("What the rules say besides")
    expect(sheet).to_contain_text("acts only 2 days after the last signature")
    expect(sheet).to_contain_text("Monday to Friday, 8:00 to 18:00")


def test_enrolling_a_simulated_token_shows_its_words_and_it_signs_in(page, demo_desk):
    document = papers.enrolment(desk=demo_desk.origin)
    page.goto(demo_desk.address(order("enrol", document)))
    press(page)
    page.get_by_role("button", name="Make a simulated token for Dina").click()
    expect(page.get_by_role("heading", name="The words of the new token")).to_be_visible()
    registration = list(demo_desk.console.answers.values())[-1]["registration"]
    attestation = b64u_decode(registration["attestation_object"])
    assert is_one_map(attestation)
    assert b64u_decode(registration["credential_id"]) in attestation
    x, y = attestation[-67:-35], attestation[-32:]
    assert words_shown(page) == list(words.fingerprint(canonical.sha256_hex(b"\x04" + x + y)))
    page.get_by_role("link", name="I have noted the words").click()
    page.wait_for_url("**/desk/return?code=*")
    sign_in = papers.sign_in(console=demo_desk.console_origin, desk=demo_desk.origin)
    page.goto(demo_desk.address(order("sign-in", sign_in)))
    press(page)
    page.get_by_role("option").filter(has_text="Blue key").click()
    page.wait_for_url("**/desk/return?code=*")
    assertion = list(demo_desk.console.answers.values())[-1]["assertion"]
    new = {**token("Dina"), "credential_id": registration["credential_id"], "label": "Blue key"}
    verify_assertion(
        Assertion.model_validate(assertion),
        challenge=challenge(Purpose.SIGN_IN, canonical.encode(sign_in)),
        token=Token.model_validate({**new, "public_key": canonical.b64u(b"\x04" + x + y)}),
        desk=Desk.model_validate(papers.at_desk(demo_desk.origin)),
    )


def test_the_words_and_the_button_say_what_is_signed(page, demo_desk):
    document = papers.proposal()
    page.goto(demo_desk.address(order("approve", document)))
    assert words_shown(page) == list(words.fingerprint(canonical.sha256_hex(canonical.encode(document))))
    assert the_button(page).inner_text() == (
        "Approve: generate in Trust Zone “Cards” on node “ams-1”: "
        "“payments-2027” (EC P-256), “archive-2027” (AES-256)"
    )
    expect(page.locator(".origin")).to_have_text(demo_desk.origin)


def test_nobody_is_preselected_for_an_approval(page, demo_desk):
    page.goto(demo_desk.address(order("approve", papers.proposal(), credentials=[credential_id("Emil")])))
    press(page)
    expect(page.get_by_role("option").first).to_contain_text("Emil")
    expect(page.locator("[role=option][aria-selected=true]")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_be_visible()


def test_the_last_person_is_remembered_for_signing_in(page, demo_desk):
    what = order("sign-in", papers.sign_in(console=demo_desk.console_origin, desk=demo_desk.origin))
    answer_of(page, demo_desk, what, "Hana")
    page.goto(demo_desk.address(what))
    expect(the_button(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Hana")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/return?code=*")


def test_the_keyboard_alone_approves(page, demo_desk):
    page.goto(demo_desk.address(order("approve", papers.proposal())))
    expect(page.locator("h1.sentence")).to_be_focused()  # a page that waits has a heading, too
    page.keyboard.press("Tab")
    expect(the_button(page)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("fay")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/return?code=*")


def test_leaving_signs_nothing(page, demo_desk):
    before = len(demo_desk.console.answers)
    page.goto(demo_desk.address(order("approve", papers.proposal())))
    press(page)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.get_by_role("link", name="Leave without signing").click()
    page.wait_for_url(f"{demo_desk.console_origin}/desk/return")
    assert len(demo_desk.console.answers) == before
