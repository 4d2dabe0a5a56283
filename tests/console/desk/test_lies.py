"""A console that lies to the desk: the desk shows what is in the bytes, or refuses."""

import pytest
from playwright.sync_api import expect

from hsmnodes.node.protocol import canonical
from tests.console.desk import papers
from tests.console.desk.cast import id_of, named
from tests.console.desk.hands import expect_refusal, press, the_button, words_shown
from tests.console.desk.lying_console import order

pytestmark = pytest.mark.browser

OTHER_ID = id_of("somewhere else")


@pytest.fixture(autouse=True)
def nothing_is_handed_in(request, demo_desk):
    """Unless a test says otherwise, no signature reaches the console."""
    before = len(demo_desk.console.answers)
    yield
    if "signs" not in request.node.name:
        assert len(demo_desk.console.answers) == before


def refuses(page, counter, what, code: str) -> None:
    page.goto(counter.address(what))
    expect_refusal(page, code)


def test_a_summary_of_the_console_is_refused_not_shown(page, demo_desk):
    what = order("approve", papers.proposal(), summary="Generate a harmless key")
    refuses(page, demo_desk, what, "bad-answer: summary")


def test_other_bytes_are_shown_as_what_they_are(page, demo_desk):
    """The console was asked for a key and sends a destruction: sentence and button say so."""
    doomed = {"zone": named("Cards"), "keys": [{"id": id_of("key"), "label": "payments-2026"}]}
    document = papers.proposal("key.destroy/v1", parameters=doomed)
    page.goto(demo_desk.address(order("approve", document)))
    expect(page.locator("h1")).to_have_text(
        "Destroy for ever, in Trust Zone “Cards” on node “ams-1”: “payments-2026”."
    )
    assert the_button(page).inner_text().startswith("Approve: destroy for ever")
    assert len(words_shown(page)) == 8


def test_a_sign_in_whose_bytes_are_an_approval_s_is_refused(page, demo_desk):
    refuses(page, demo_desk, order("sign-in", papers.proposal()), "other-document")


def test_an_approval_whose_bytes_are_a_sign_in_s_is_refused(page, demo_desk):
    document = papers.sign_in(console=demo_desk.console_origin, desk=demo_desk.origin)
    refuses(page, demo_desk, order("approve", document), "other-document")


def test_a_challenge_of_the_console_is_refused(page, demo_desk):
    document = papers.sign_in(console=demo_desk.console_origin, desk=demo_desk.origin)
    refuses(page, demo_desk, order("sign-in", document, challenge="AAAA"), "bad-answer: challenge")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deployment": OTHER_ID}, "other-deployment"),
        ({"operation": "key.leak/v1"}, "unknown-operation"),
        ({"colour": "red"}, "unknown-field: colour"),
        ({"parameters": {**papers.generate_keys(), "also": "export it"}}, "unknown-field: parameters.also"),
        ({"parameters": {"zone": named("Cards")}}, "missing-field: parameters.keys"),
        ({"reason": "Fine\u202eenif toN"}, "unreadable-text: reason"),
        ({"requester": {**named("Di\u200bna"), "organisation": named("Meridian Bank")}}, "unreadable-text"),
        ({"not_before": 1, "expires_at": 2}, "expired"),
        ({"expires_at": papers.now() + 30 * 86400}, "bad-field: expires_at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_proposal_that_cannot_be_shown_or_does_not_belong_is_refused(page, demo_desk, changes, code):
    refuses(page, demo_desk, order("approve", papers.proposal(**changes)), code)


def test_bytes_that_two_readers_could_read_differently_are_refused(page, demo_desk):
    data = canonical.encode(papers.proposal())
    refuses(page, demo_desk, order("approve", data + b"\n"), "not-canonical")
    twice = data.replace(b'"demo":true', b'"demo":true,"demo":true')
    refuses(page, demo_desk, order("approve", twice), "not-canonical")
    refuses(page, demo_desk, order("approve", b"\xff\xfe"), "not-json")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"console": "https://console.example"}, "other-console"),
        ({"desk": papers.at_desk("https://desk.example")}, "other-desk"),
        ({"deployment": OTHER_ID}, "other-deployment"),
        ({"at": 1, "expires_at": 300}, "expired"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_sign_in_for_another_place_or_time_is_refused(page, demo_desk, changes, code):
    document = papers.sign_in(console=demo_desk.console_origin, desk=demo_desk.origin)
    refuses(page, demo_desk, order("sign-in", {**document, **changes}), code)


def test_another_charter_than_the_one_that_is_approved_is_refused(page, demo_desk):
    charter = papers.charter(desk=demo_desk.origin, version=2)
    other = {**charter, "valid_until": charter["valid_until"] - 1}
    attached = [canonical.b64u(canonical.encode(other))]
    refuses(
        page, demo_desk, order("approve", papers.amendment(charter), attached=attached), "stray-attachment"
    )


def test_a_charter_that_does_not_decide_on_it_is_refused_and_nothing_of_its_rules_shown(page, demo_desk):
    raw = canonical.b64u(canonical.encode(papers.charter(desk=demo_desk.origin)))
    refuses(page, demo_desk, order("approve", papers.proposal(), attached=[raw]), "stray-attachment")


@pytest.mark.parametrize("purpose", ["propose", "approve"])
def test_an_amendment_whose_charter_is_kept_back_is_not_signed(page, demo_desk, purpose):
    charter = papers.charter(desk=demo_desk.origin, version=2)
    refuses(page, demo_desk, order(purpose, papers.amendment(charter), attached=[]), "cannot-show")


@pytest.mark.parametrize("purpose", ["propose", "approve"])
def test_an_amendment_is_not_signed_without_the_charter_that_it_follows(page, demo_desk, purpose):
    _, charter = papers.amended(desk=demo_desk.origin)
    raw = canonical.b64u(canonical.encode(charter))
    refuses(page, demo_desk, order(purpose, papers.amendment(charter), attached=[raw]), "cannot-show")


def test_names_in_a_charter_are_quoted_so_that_one_cannot_pass_for_two(page, demo_desk):
    charter = papers.charter(desk=demo_desk.origin)
    charter["people"][0]["tokens"][0]["label"] = "YubiKey” · ES256, make proved"
    page.goto(demo_desk.address(order("found", charter)))
    expect(page.locator("main")).to_contain_text('“YubiKey" · ES256, make proved” · ES256')


def test_a_charter_with_a_rule_for_an_unknown_operation_is_refused(page, demo_desk):
    charter = papers.charter(desk=demo_desk.origin)
    charter["rules"].append({"operation": "zone.sell/v1", "clauses": []})
    refuses(page, demo_desk, order("found", charter), "unknown-operation")


def test_lookalike_letters_are_named(page, demo_desk):
    parameters = {**papers.generate_keys(), "zone": {**named("Cards"), "name": "Саrds"}}
    page.goto(demo_desk.address(order("approve", papers.proposal(parameters=parameters))))
    expect(page.locator(".letters").first).to_contain_text("“С” Cyrillic U+0421")


def test_quotation_marks_in_a_name_are_explained(page, demo_desk):
    parameters = {**papers.generate_keys(), "zone": {**named("Cards"), "name": "Cards “new”"}}
    page.goto(demo_desk.address(order("approve", papers.proposal(parameters=parameters))))
    expect(page.locator("h1")).to_contain_text('“Cards "new"”')
    expect(page.locator("article .note", has_text="Quotation marks inside a name")).to_be_visible()
    expect(page.locator("article dd", has_text="Cards “new”")).to_be_visible()
    page.goto(demo_desk.address(order("approve", papers.proposal())))
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("article .note", has_text="Quotation marks inside a name")).to_have_count(0)


def test_markup_in_a_name_stays_text(page, demo_desk):
    evil = "<img src=x onerror=alert(1)>"
    page.goto(
        demo_desk.address(order("approve", papers.proposal(nodes=[{**papers.node("ams-1"), "name": evil}])))
    )
    expect(page.locator("h1")).to_contain_text(evil)
    expect(page.locator("article img")).to_have_count(0)


def test_a_field_s_name_carries_no_message_of_the_console(page, demo_desk):
    page.goto(demo_desk.address(order("approve", papers.proposal(**{"Call 555-0100 now": 1}))))
    expect_refusal(page, "unknown-field")
    expect(page.locator("main")).not_to_contain_text("555")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("404 Not Found", "ticket-unknown"),
        ("409 Conflict", "ticket-used"),
        ("410 Gone", "ticket-expired"),
        ("503 Service Unavailable", "unavailable"),
    ],
)
def test_a_ticket_that_is_no_good_is_explained_in_the_desk_s_words(context, demo_desk, status, code):
    refuses(context.new_page(), demo_desk, (status, code), code)


def test_an_address_without_a_proper_ticket_asks_nothing_of_the_console(page, demo_desk):
    asked = len(demo_desk.console.asked)
    page.goto(f"{demo_desk.origin}/#https://console.example/")
    expect_refusal(page, "bad-ticket")
    assert len(demo_desk.console.asked) == asked


def test_reloading_begins_nothing_again(page, demo_desk):
    page.goto(demo_desk.address(order("approve", papers.proposal())))
    expect(page.locator("form.signature")).to_be_visible()
    assert page.url == f"{demo_desk.origin}/"
    page.reload()
    expect(page.get_by_role("heading", name="Nothing to sign")).to_be_visible()


def test_a_document_that_is_no_demo_s_is_never_signed_by_a_simulated_token(page, demo_desk):
    page.goto(demo_desk.address(order("approve", papers.proposal(demo=False))))
    page.evaluate(
        "() => { navigator.credentials.get = async () => { throw new DOMException('', 'AbortError'); }; }"
    )
    press(page)
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".state.problem")).to_contain_text("The token did not sign")


def test_a_demo_s_document_is_refused_at_a_real_desk(page, real_desk):
    refuses(page, real_desk, order("approve", papers.proposal()), "demo-document")
