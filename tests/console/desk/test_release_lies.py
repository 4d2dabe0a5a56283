"""A console that lies to a custodian's desk about who asks for a share; it owns all but tokens and nodes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from console.desk.server import make_application
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Proposal, Warrant
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.words import fingerprint
from tests.cast.charters import DEPLOYMENT, Chain, found
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    CUSTODIANS,
    DINA,
    EMIL,
    FAY,
    PROVIDER_PEOPLE,
    Member,
    make_id,
    named,
)
from tests.cast.signing import changed, make_warrant
from tests.cast.tokens import SoftwareToken
from tests.console.desk.conftest import serving
from tests.console.desk.verifying import bring_judge, build_desk, release_in
from tests.hsmnodes.node.protocol.making import NOW, rule
from tests.verifier.nodes import FRA, NodeKey, enrolling
from tests.verifier.story import Story, links_of
from tests.verifier.warrants import DRILL

pytestmark = pytest.mark.browser

Given = Mapping[str, Any]
ITS_NODE = NodeKey("ams-1", 4242)


def impostor(member: Member) -> Member:
    """A token of the console's own, under the credential id of somebody's."""
    other = replace(member)
    key = SoftwareToken("console " + member.name, member.algorithm, member.simulated)
    key.credential_id = member.key.credential_id
    other.__dict__["key"] = key
    return other


def stranger(member: Member) -> Member:
    """The person with a token that the console made, under a credential id of its own."""
    other = replace(member)
    other.__dict__["key"] = SoftwareToken("console " + member.name, member.algorithm, member.simulated)
    return other


def signed_by(proposal: Proposal, requester: Member, approvers: Sequence[Member]) -> Warrant:
    return make_warrant(proposal, requester, approvers)


def proposal_of(warrant: Warrant) -> Proposal:
    return Proposal.from_bytes(warrant.proposal_bytes)


def an_invented_drill() -> Given:
    story = Story()
    drill = signed_by(proposal_of(story.warrant), impostor(DINA), [impostor(EMIL), impostor(FAY)])
    return story.given(warrant=drill)


def a_drill_made_of_signatures_for_something_else() -> Given:
    story = Story()
    keys = story.cast.generate_keys(story.key.node, story.zone)
    drill = story.drill()
    hash_of_drill = proposal_of(drill).sha256
    approvals = tuple(one.model_copy(update={"proposal": hash_of_drill}) for one in keys.approvals)
    mixed = drill.model_copy(update={"request": keys.request, "approvals": approvals})
    return story.under(mixed)


def a_sign_in_as_an_approval() -> Given:
    story = Story()
    raw = proposal_of(story.warrant).raw
    approvals = tuple(
        one.model_copy(update={"assertion": by.key.sign(Purpose.SIGN_IN, raw)})
        for one, by in zip(story.warrant.approvals, (EMIL, FAY), strict=True)
    )
    return story.given(warrant=story.warrant.model_copy(update={"approvals": approvals}))


def a_drill_for_another_share_set_shown_as_this() -> Given:
    story = Story()
    other = story.drill(parameters=proposal_of(story.warrant).parameters | {"share_set": 2})
    return story.under(other)


def an_invented_node() -> Given:
    story = Story(key=ITS_NODE)
    proposal = proposal_of(story.enrolment)
    enrolment = signed_by(proposal, impostor(CLEO), [impostor(ADA), impostor(BEN)])
    return story.given(enrolment=enrolment)


def a_node_that_its_own_people_enrolled() -> Given:
    story = Story(key=ITS_NODE)
    people = tuple(stranger(one) for one in PROVIDER_PEOPLE)
    charter = story.cast.northgate.current.model_copy(
        update={"people": tuple(sorted((one.person() for one in people), key=lambda one: one.id))}
    )
    its_own = Chain(people, [charter], [found(charter, people)])
    at = its_own.at
    by_name = {one.name: one for one in people}
    proposal = changed(proposal_of(story.enrolment), authorities=(at,))
    enrolment = signed_by(proposal, by_name["Cleo"], [by_name["Ada"], by_name["Ben"]])
    return story.given(enrolment=enrolment, charters=links_of(its_own, story.zone))


def a_genuine_node_that_the_drill_is_not_on() -> Given:
    story = Story()
    other = Story(key=FRA, cast=story.cast)
    other.__dict__["zone"] = story.zone
    ceremony = other.asks(warrant=story.warrant, node=FRA.node.node)
    return story.given(enrolment=enrolling(story.cast, FRA), ceremony=ceremony)


def an_invented_one_time_key() -> Given:
    story = Story()
    key = canonical.b64u(bytes(range(9, 41)))
    genuine = story.asks()
    return story.given(
        ceremony=genuine.model_copy(update={"payload": canonical.b64u(story.ceremony(public_key=key).raw)})
    )


def a_one_time_key_signed_by_its_own_node() -> Given:
    story = Story()
    return story.given(ceremony=story.asks(ITS_NODE))


def an_older_ceremony_of_the_node() -> Given:
    story = Story()
    return story.given(ceremony=story.asks(warrant=story.drill()))


def a_charter_version_that_nobody_signed() -> Given:
    story = Story()
    people = tuple(stranger(one) for one in CUSTODIANS)
    persons = tuple(sorted((one.person() for one in people), key=lambda one: one.id))
    charter = story.zone.next_version(people=persons)
    dina, emil, fay = people
    link = story.zone.link_to(charter, requester=dina, approvers=[emil, fay], newcomers=people, now=NOW)
    story.zone.charters.append(charter)
    story.zone.links.append(link)
    drill = signed_by(proposal_of(story.drill()), dina, [emil, fay])
    return story.under(drill)


def a_weaker_rule_with_one_who_helps() -> Given:
    story = Story()
    weaker = tuple(
        rule(DRILL, (1, "key-manager")) if one.operation == DRILL else one for one in story.zone.current.rules
    )
    charter = story.zone.next_version(rules=weaker)
    link = story.zone.link_to(charter, requester=DINA, approvers=[EMIL, impostor(FAY)], now=NOW)
    story.zone.charters.append(charter)
    story.zone.links.append(link)
    return story.under(story.drill(EMIL))


def no_rule_at_all() -> Given:
    story = Story()
    charter = story.zone.charters[0].model_copy(update={"rules": ()})
    link = found(charter, CUSTODIANS)
    return story.given(charters=links_of(story.cast.northgate, story.zone) | {"zone": [link.raw]})


LIES: dict[str, tuple[Callable[[], Given], str]] = {
    "a drill that it invented": (an_invented_drill, "request-refused"),
    "a drill made of signatures for something else": (
        a_drill_made_of_signatures_for_something_else,
        "request-refused",
    ),
    "a sign-in as an approval": (a_sign_in_as_an_approval, "quorum-not-met"),
    "a drill for another share set": (a_drill_for_another_share_set_shown_as_this, "other-share"),
    "a node that it invented": (an_invented_node, "request-refused"),
    "a node that its own people enrolled": (a_node_that_its_own_people_enrolled, "other-anchor"),
    "a genuine node that the drill is not on": (a_genuine_node_that_the_drill_is_not_on, "other-node"),
    "a one-time key that it invented": (an_invented_one_time_key, "bad-signature"),
    "a one-time key that its own node signed": (a_one_time_key_signed_by_its_own_node, "bad-signature"),
    "an older ceremony of the node": (an_older_ceremony_of_the_node, "other-proposal"),
    "a version of a charter that it invented": (a_charter_version_that_nobody_signed, "not-authorised-old"),
    "a weaker rule, with one person's help": (a_weaker_rule_with_one_who_helps, "not-authorised-old"),
    "a founding charter of another content": (no_rule_at_all, "other-anchor"),
}


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Callable[[Given], str]]:
    """Asks a demo's desk."""
    with serving(None) as server:
        origin = f"http://localhost:{server.server_port}"
        server.set_app(make_application(build_desk(tmp_path_factory.mktemp("lies"), origin=origin)))
        page = browser.new_page()
        bring_judge(page, origin)
        yield release_in(page)
        page.close()


@pytest.mark.parametrize("lie", LIES)
def test_no_share_is_released_to(ask, lie):
    make, code = LIES[lie]
    assert ask(make()) == code


def test_a_share_is_released_to_a_node_that_was_enrolled_for_a_drill_that_was_approved(ask):
    story = Story()
    words = " ".join(fingerprint(canonical.sha256_hex(story.key.point)))
    assert ask(story.given()) == f"released to ams-1: {words}"


def of_both(*approvers: Member) -> Given:
    """A drill that takes the provider's consent too, by a charter that has a rule for it."""
    story = Story()
    provider = story.cast.northgate
    rules = [one for one in provider.current.rules if one.operation != DRILL]
    rules = sorted([*rules, rule(DRILL, (2, "hsm-administrator"))], key=lambda one: one.operation)
    charter = provider.current.model_copy(update={"rules": tuple(rules)})
    story.cast.northgate = Chain.founded(charter, provider.members)
    authorities = sorted((story.cast.northgate.at, story.zone.at), key=lambda one: one.kind.value)
    return story.under(story.drill(*approvers, authorities=tuple(authorities)))


def test_where_both_must_consent_both_are_counted(ask):
    both = ["provider", "zone"]
    assert ask(of_both(EMIL, FAY, ADA, BEN), both).startswith("released to ams-1")
    assert ask(of_both(EMIL, FAY, ADA), both) == "quorum-not-met"
    assert ask(of_both(EMIL, ADA, BEN), both) == "quorum-not-met"
    assert ask(of_both(EMIL, FAY, ADA, BEN)) == "wrong-authorities"


def an_import(*approvers: Member, **changes: Any) -> Given:
    """An import of the backup key into a node, by provider and zone."""
    story = Story()
    ceremony, share = story.ceremony(), story.share
    parameters = {
        "slot": named("Slot 9").model_dump(),
        "zone": share.zone.model_dump(),
        "service": story.zone.current.zone.service.model_dump(),
        "zone_charter": story.zone.anchor,
        "holders": [one.model_dump() for one in ceremony.holders],
    } | {name: getattr(share, name) for name in IMPORTED}
    authorities = sorted((story.cast.northgate.at, story.zone.at), key=lambda one: one.kind.value)
    drill = story.drill(
        *(approvers or (EMIL, FAY, ADA, BEN)),
        operation="backup-key.import/v1",
        parameters=parameters | changes,
        authorities=tuple(authorities),
    )
    return story.under(drill)


IMPORTED = ["backup_key", "epoch", "kcv", "commitment", "share_set", "threshold"]


def test_a_share_is_released_to_an_import_of_just_this_backup_key(ask):
    assert ask(an_import()).startswith("released to ams-1")
    assert ask(an_import(EMIL, FAY)) == ask(an_import(ADA, BEN)) == "quorum-not-met"
    for change in (
        {"backup_key": "MBK"},
        {"epoch": 2},
        {"kcv": "ffffff"},
        {"commitment": "0" * 64},
        {"share_set": 2},
        {"threshold": 3},
        {"zone_charter": "0" * 64},
    ):
        assert ask(an_import(**change)) == "other-share", change


PIECES = ["share", "warrant", "enrolment", "ceremony"]


@pytest.mark.parametrize("piece", PIECES)
def test_a_piece_that_is_missing_or_altered_anywhere_is_refused(ask, piece):
    good = Story().given()
    data = good[piece]
    assert ask({**good, piece: b""}) == "not-json"
    for place in range(0, len(data), 1 + len(data) // 60):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        verdict = ask({**good, piece: altered})
        assert "released" not in verdict
        assert " " not in verdict, verdict


def test_whatever_is_not_expected_is_a_refusal(ask):
    good = Story().given()
    for odd in ({"now": None}, {"now": "soon"}, {"now": 1.5}, {"charters": {}}, {"charters": []}):
        assert ask({**good, **odd}) == "unexpected"
    without = {name: value for name, value in good.items() if name != "enrolment"}
    assert ask(without) == "unexpected"


def test_a_desk_that_is_no_demo_s_releases_nothing_to_a_demo(tmp_path, page: Page):
    with serving(None) as server:
        origin = f"http://localhost:{server.server_port}"
        server.set_app(make_application(build_desk(tmp_path, origin=origin, demo=False)))
        bring_judge(page, origin)
        assert release_in(page)(Story().given()) == "demo-document"


def test_the_deployment_of_the_cases_is_the_one_of_the_desk():
    assert Story().share.deployment == DEPLOYMENT == make_id("deployment")
