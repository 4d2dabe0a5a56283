"""A statement at the desk: all of it is shown from its bytes, or nothing is signed."""

import copy

import pytest
from playwright.sync_api import expect

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.purposes import Purpose
from tests.console.desk import papers
from tests.console.desk.cast import id_of
from tests.console.desk.hands import expect_refusal
from tests.console.desk.lying_console import order
from tests.console.desk.test_signing import answer_of, verify

pytestmark = pytest.mark.browser

MISTAKEN = "other-statement"


def laid(statement, *attached, purpose="approve", **changes):
    """The order to sign a statement, with the statement itself, unless a test says otherwise."""
    papers_given = attached or (statement,)
    data = [canonical.b64u(canonical.encode(one)) for one in papers_given]
    return order(purpose, papers.signing(statement, **changes), attached=data)


@pytest.mark.parametrize("purpose", ["propose", "approve"])
def test_all_of_it_is_shown_before_it_is_signed(page, demo_desk, purpose):
    statement = papers.statement()
    what = laid(statement, purpose=purpose)
    page.goto(demo_desk.address(what))
    sheet = page.locator("article.sheet")
    expect(page.locator("h1")).to_contain_text("version 1 of the statement of the separation of duties")
    for text in (
        "Provider Northgate",
        "Customer Meridian Bank",
        "Trust Zone Payments",
        "shared: a slot in HSMs that others use too",
        "held in shares by people of Meridian Bank alone",
        "Duty desk, day and night",
        "Who requests something does not count among those who approve it.",
        "There is no reset",
        "Hana",
        "share key kept by the token itself",
        "off: nobody can recover it",
        "Proof of their make",
        "key.destroy/v1 · the default asks for: 2 key managers",
    ):
        expect(sheet).to_contain_text(text)
    for charter in (statement["provider"], statement["customer"], *statement["zones"]):
        expect(sheet).to_contain_text(charter["authority"]["hash"])
        rows = sheet.locator("dd code", has_text="/v1")
        for rule in charter["rules"]:
            expect(rows.filter(has_text=rule["rule"]["operation"]).first).to_be_attached()
    weaker = sheet.locator("strong.weaker")
    expect(weaker).to_have_count(2)
    expect(weaker.first).to_have_text("Payments: Generate keys")
    expect(weaker.last).to_contain_text("Weaker than the default, which asks for: 2 key managers")
    assert weaker.last.evaluate("one => getComputedStyle(one).color") != sheet.evaluate(
        "one => getComputedStyle(one).color"
    )


def test_what_is_signed_is_the_proposal_that_names_its_hash(page, demo_desk):
    statement = papers.statement()
    what = laid(statement)
    answer = answer_of(page, demo_desk, what, "Emil")
    data = canonical.b64u_decode(what["document"])
    verify(demo_desk, answer, "Emil", Purpose.APPROVE, data)
    asked = canonical.decode(data)["parameters"]["statement"]
    assert asked == canonical.sha256_hex(canonical.encode(statement))


def test_a_statement_that_is_not_there_is_not_signed(page, demo_desk):
    page.goto(demo_desk.address(order("approve", papers.signing(papers.statement()))))
    expect_refusal(page, "cannot-show")


def test_another_statement_than_the_proposal_names_is_refused(page, demo_desk):
    page.goto(demo_desk.address(laid(papers.statement(), papers.statement(at=1))))
    expect_refusal(page, "stray-attachment")


def test_two_statements_are_refused(page, demo_desk):
    page.goto(demo_desk.address(laid(papers.statement(), papers.statement(), papers.statement())))
    expect_refusal(page, "stray-attachment")


def _other(name, value):
    statement = papers.statement()
    return {"parameters": papers.signing(statement)["parameters"] | {name: value}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", 2),
        ("service", {"id": id_of("other"), "name": "Payments service"}),
        ("customer", {"id": id_of("other"), "name": "Meridian Bank"}),
    ],
)
def test_a_proposal_that_says_otherwise_than_its_statement_is_refused(page, demo_desk, name, value):
    page.goto(demo_desk.address(laid(papers.statement(), **_other(name, value))))
    expect_refusal(page, MISTAKEN)


def test_a_demo_s_statement_under_another_proposal_is_refused(page, demo_desk):
    page.goto(demo_desk.address(laid(papers.statement(), demo=False)))
    expect_refusal(page, MISTAKEN)


def test_a_statement_of_charters_that_the_proposal_does_not_name_is_refused(page, demo_desk):
    statement = papers.statement()
    sides = copy.deepcopy([statement["customer"]["authority"], statement["provider"]["authority"]])
    sides[0]["version"] = 2
    page.goto(demo_desk.address(laid(statement, authorities=sides)))
    expect_refusal(page, "stale-statement")


def _weak_rule(statement):
    """The rule of the zone that is weaker than its default."""
    return next(
        one for one in statement["zones"][0]["rules"] if one["rule"]["operation"] == "key.generate/v1"
    )


def _spoiled(spoil):
    statement = papers.statement()
    spoil(statement)
    return statement


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda one: one.update(colour="red"), "unknown-field: colour"),
        (lambda one: one.pop("contacts"), "missing-field: contacts"),
        (lambda one: one["exclusions"].append("whatever"), "bad-field: exclusions"),
        (lambda one: one["recovery"].reverse(), "bad-field: recovery"),
        (lambda one: one["recovery"].clear(), "bad-field: recovery"),
        (lambda one: one["exclusions"].pop(), "bad-field: exclusions"),
        (lambda one: _weak_rule(one).update(default=_weak_rule(one)["rule"], weaker=False), "other-default"),
        (lambda one: _weak_rule(one).update(default=None, weaker=False), "other-default"),
        (lambda one: one["service"].update(mode="private"), "bad-field: service.mode"),
        (lambda one: one["zones"][0]["rules"][0].update(weaker="no"), "bad-field: zones[0].rules[0].weaker"),
        (lambda one: one["zones"][0]["rules"][0].pop("default"), "missing-field: zones[0].rules[0].default"),
        (lambda one: one["zones"][0].update(zone=None), "bad-field"),
        (lambda one: one["zones"][0]["zone"]["service"].update(id="0" * 32), "bad-field: zones"),
        (lambda one: one["customer"]["people"].reverse(), "bad-field: customer.people"),
        (lambda one: one["provider"]["people"][0].update(name="A\u202eda"), "unreadable-text"),
        (lambda one: one["contacts"][0].update(reach="x\u200by"), "unreadable-text"),
        (lambda one: one.update(deployment="0" * 32), "other-deployment"),
        (lambda one: one.update(version=2), "bad-field: previous"),
        (lambda one: one["zones"][0]["rules"][0]["rule"].update(operation="key.leak/v1"), "bad-field"),
    ],
)
def test_a_statement_that_cannot_be_shown_whole_is_refused(page, demo_desk, spoil, code):
    page.goto(demo_desk.address(laid(_spoiled(spoil))))
    expect_refusal(page, code)


def test_to_reject_one_it_need_not_be_there(page, demo_desk):
    page.goto(
        demo_desk.address(
            order("reject", papers.signing(papers.statement()), person={"id": id_of("Emil"), "name": "Emil"})
        )
    )
    expect(page.locator("h1")).to_contain_text("Reject the request to agree to version 1")


def test_a_statement_of_many_zones_is_shown_and_one_that_is_too_long_is_not(page, demo_desk):
    [zone] = papers.statement()["zones"]

    def of(count, name="Payments"):
        zones = [copy.deepcopy(zone) for _ in range(count)]
        for number, one in enumerate(zones):
            one["authority"] |= {"id": f"{number:032x}", "name": name}
            one["people"][0]["name"] = name
            one["zone"]["service"]["name"] = name
            one["zone"]["provider"]["name"] = name
            one["zone"]["customer"]["name"] = name
        return papers.statement(zones=zones)

    page.goto(demo_desk.address(laid(of(60))))
    expect(page.locator("h2", has_text="Trust Zone Payments")).to_have_count(60)
    page.goto(demo_desk.address(laid(of(100, "A" * 60))))
    expect_refusal(page, "too-long")
