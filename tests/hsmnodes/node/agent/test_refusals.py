"""A node refuses what is not authorised exactly as it stands: nothing happens, and the reason is signed."""

import pytest

from hsmnodes.node.agent.messages import CancellationMessage, WarrantMessage
from hsmnodes.node.operations.steps import MOST_NODES
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import NodeAt, Proposal, Requester
from tests.cast.deployment import NodeOfCast
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, IVO, LEA, make_id, named
from tests.cast.signing import DAY, approve, cancel, changed, make_warrant, reject
from tests.hsmnodes.node.agent.making import carrying

AES = ("files", "aes-256", ("decrypt", "encrypt"))


def proposed(warrant) -> Proposal:
    return Proposal.from_bytes(warrant.proposal_bytes)


def with_fields(warrant, requester=DINA, approvers=(EMIL, FAY), **changes):
    """The warrant's proposal with other fields, signed anew by the same people."""
    return make_warrant(changed(proposed(warrant), **changes), requester, approvers)


def with_parameters(warrant, **changes):
    return with_fields(warrant, parameters=proposed(warrant).parameters | changes)


OTHERS = tuple(NodeAt(id=make_id(f"x-{n}"), name=f"x-{n}", identity="0" * 64) for n in range(MOST_NODES))
CASES = {
    "of another deployment": ("other-deployment", lambda g, c: with_fields(g, deployment=make_id("other"))),
    "for production, where the node is a demo": ("other-deployment", lambda g, c: with_fields(g, demo=False)),
    "for another node": (
        "other-node",
        lambda g, c: with_fields(g, nodes=(NodeOfCast(named("fra-1"), b"\x04" + bytes(64)).at,)),
    ),
    "for this node by its id, with another identity key": (
        "other-node",
        lambda g, c: with_fields(g, nodes=(proposed(g).nodes[0].model_copy(update={"identity": "0" * 64}),)),
    ),
    "for this node by its id, under another name": (
        "other-node",
        lambda g, c: with_fields(g, nodes=(proposed(g).nodes[0].model_copy(update={"name": "ams-2"}),)),
    ),
    "for this node and too many others": (
        "other-nodes",
        lambda g, c: with_fields(g, nodes=(*proposed(g).nodes, *OTHERS)),
    ),
    "for no node": ("other-nodes", lambda g, c: with_fields(g, nodes=())),
    "of an operation that does not exist": (
        "unknown-operation",
        lambda g, c: with_fields(g, operation="key.reveal/v1"),
    ),
    "of an operation no node carries out": (
        "not-for-nodes",
        lambda g, c: with_fields(g, operation="zone.found/v1"),
    ),
    "with a parameter too many": ("unknown-field", lambda g, c: with_parameters(g, extractable=True)),
    "with a usage the algorithm has not": (
        "bad-field",
        lambda g, c: with_parameters(g, keys=[{"label": "a", "algorithm": "ec-p256", "usages": ["decrypt"]}]),
    ),
    "of a zone that is not here": (
        "not-pinned",
        lambda g, c: with_parameters(g, zone=named("Treasury").model_dump()),
    ),
    "with another name for the zone": (
        "other-name",
        lambda g, c: with_parameters(g, zone={"id": named("Payments").id, "name": "Payroll"}),
    ),
    "with one label twice": (
        "name-twice",
        lambda g, c: with_parameters(
            g,
            keys=[
                {"label": label, "algorithm": "aes-128", "usages": ["encrypt"]} for label in ("one", "One")
            ],
        ),
    ),
    "too early": (
        "too-early",
        lambda g, c: with_fields(g, not_before=c.now + 60, expires_at=c.now + DAY),
    ),
    "expired": ("expired", lambda g, c: with_fields(g, not_before=c.now - DAY, expires_at=c.now)),
    "under a charter version that is not in force": (
        "other-charter",
        lambda g, c: with_fields(
            g,
            authorities=tuple(one.model_copy(update={"version": 2}) for one in proposed(g).authorities),
        ),
    ),
    "under another name of the zone's authority": (
        "other-charter",
        lambda g, c: with_fields(
            g,
            authorities=tuple(one.model_copy(update={"name": "Payroll"}) for one in proposed(g).authorities),
        ),
    ),
    "by authorities the operation does not name": (
        "wrong-authorities",
        lambda g, c: with_fields(g, authorities=(c.northgate.at,), requester=CLEO, approvers=(ADA, BEN)),
    ),
    "by one authority too many": (
        "wrong-authorities",
        lambda g, c: with_fields(g, authorities=(c.northgate.at, *proposed(g).authorities)),
    ),
    "with one approval too few": ("quorum-not-met", lambda g, c: make_warrant(proposed(g), DINA, (EMIL,))),
    "with the requester's approval for the missing one": (
        "quorum-not-met",
        lambda g, c: make_warrant(proposed(g), DINA, (EMIL, DINA)),
    ),
    "with one person's approval twice": (
        "quorum-not-met",
        lambda g, c: make_warrant(proposed(g), DINA, (EMIL, EMIL)),
    ),
    "with a stranger's approval": (
        "quorum-not-met",
        lambda g, c: make_warrant(proposed(g), DINA, (EMIL, IVO)),
    ),
    "with approvals of other roles": (
        "quorum-not-met",
        lambda g, c: make_warrant(proposed(g), DINA, (GUS, LEA)),
    ),
    "with approvals of the provider's people": (
        "quorum-not-met",
        lambda g, c: make_warrant(proposed(g), DINA, (ADA, BEN)),
    ),
    "signed by another than the requester it names": (
        "other-requester",
        lambda g, c: make_warrant(proposed(g), FAY, (EMIL, FAY)),
    ),
    "requested under another's name": (
        "other-requester",
        lambda g, c: (
            with_fields(g, requester=DINA, approvers=(EMIL, FAY))
            and make_warrant(
                changed(
                    proposed(g),
                    requester=Requester(id=FAY.id, name=FAY.name, organisation=FAY.organisation),
                ),
                DINA,
                (EMIL, FAY),
            )
        ),
    ),
    "with approvals of another proposal": (
        "quorum-not-met",
        lambda g, c: make_warrant(proposed(g), DINA, (EMIL,)).model_copy(
            update={
                "approvals": (
                    approve(proposed(g), EMIL),
                    approve(changed(proposed(g), reason="Another."), FAY),
                )
            }
        ),
    ),
    "rejected": (
        "closed",
        lambda g, c: make_warrant(
            proposed(g), DINA, (EMIL, FAY), rejections=[reject(proposed(g), FAY, at=c.now)]
        ),
    ),
    "cancelled by its requester": (
        "closed",
        lambda g, c: make_warrant(
            proposed(g), DINA, (EMIL, FAY), cancellations=[cancel(proposed(g), DINA, at=c.now)]
        ),
    ),
}


@pytest.mark.parametrize(("code", "make"), CASES.values(), ids=CASES)
def test_a_warrant_is_refused(site, cast, zone, code, make):
    good = cast.generate_keys(site.at, zone)
    before, acts = site.facts.holdings.keys.copy(), site.pool.acts
    receipt = site.send(make(good, cast))
    assert (receipt.outcome, receipt.code) == ("refused", code)
    assert (site.facts.holdings.keys, site.facts.open_intents) == (before, {})
    assert site.pool.acts == acts, "the HSM was asked for more than a signature on the refusal"


def test_a_refusal_leaves_the_place_for_the_complete_warrant(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    early = make_warrant(proposed(good), DINA, (EMIL,))
    assert site.send(early).code == "quorum-not-met"
    assert site.send(good).outcome == "done"


def test_a_refusal_takes_no_place_in_the_chain_of_receipts(site, cast, zone):
    first = site.send(cast.generate_keys(site.at, zone, AES))
    refused = site.send(make_warrant(proposed(cast.generate_keys(site.at, zone)), DINA, ()))
    assert (refused.sequence, refused.previous) == (first.sequence, first.sha256)
    second = site.send(cast.generate_keys(site.at, zone))
    assert (second.sequence, second.previous) == (first.sequence + 1, first.sha256)


@pytest.mark.parametrize("how", ["rejections", "cancellations"])
def test_what_was_closed_once_stays_closed_when_the_console_leaves_that_out(site, cast, zone, how):
    good = cast.generate_keys(site.at, zone)
    sign = reject if how == "rejections" else cancel
    closed = make_warrant(
        proposed(good), DINA, (EMIL, FAY), **{how: [sign(proposed(good), FAY, at=cast.now)]}
    )
    assert site.send(closed).code == "closed"
    assert site.send(good).code == "closed"
    site.start()
    assert site.send(good).code == "closed"


def cancelling(warrant, cancellation):
    return CancellationMessage(proposal=warrant.proposal, cancellation=canonical.b64u(cancellation.raw))


def test_a_cancellation_handed_over_stops_the_warrant(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    report = site.deliver(cancelling(good, cancel(proposed(good), EMIL, at=cast.now)))
    assert report.refused is None
    assert site.send(good).code == "closed"


def test_a_strangers_cancellation_stops_nothing(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    report = site.deliver(cancelling(good, cancel(proposed(good), IVO, at=cast.now)))
    assert report.refused.code == "not-a-cancellation"
    assert site.send(good).outcome == "done"


def test_a_cancellation_by_the_requester_needs_their_request(site, cast, zone):
    """Anyone can write a proposal that names somebody as its requester."""
    good = cast.generate_keys(site.at, zone)
    invented = changed(proposed(good), operation="no.such/v1")
    report = site.deliver(cancelling(make_warrant(invented, DINA, ()), cancel(invented, DINA, at=cast.now)))
    assert report.refused.code == "not-a-cancellation"
    message = cancelling(good, cancel(proposed(good), DINA, at=cast.now))
    assert site.deliver(message.model_copy(update={"request": good.request})).refused is None
    assert site.send(good).code == "closed"


def test_a_cancellation_of_a_namesake_with_the_same_id_stops_nothing(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    other = changed(proposed(good), reason="Another.")
    site.deliver(
        CancellationMessage(
            proposal=canonical.b64u(other.raw),
            cancellation=canonical.b64u(cancel(other, DINA, at=cast.now).raw),
        )
    )
    assert site.send(good).outcome == "done"


def test_a_cancellation_after_the_act_is_too_late(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    site.send(good)
    assert (
        site.deliver(cancelling(good, cancel(proposed(good), EMIL, at=cast.now))).refused.code == "too-late"
    )


def test_a_step_that_the_operation_has_not_is_refused(site, cast, zone):
    message = carrying(cast.generate_keys(site.at, zone)).model_copy(update={"step": 1})
    [said] = site.deliver(message).said
    assert site.read(said).code == "other-node"


def test_nothing_but_its_enrolment_is_done_by_a_node_that_is_not_enrolled(make_site, cast):
    site = make_site()
    warrant = cast.start_service(site.at)
    assert site.send(warrant, cast.northgate, cast.meridian).code == "not-enrolled"
    site.enrolled()
    assert site.send(cast.enrol(site.at)).code == "already-enrolled"
    assert site.send(warrant, cast.northgate, cast.meridian).outcome == "done"


@pytest.mark.parametrize("identity", [b"\x04" + bytes(64), b""])
def test_an_enrolment_with_another_identity_key_is_refused(make_site, cast, identity):
    site = make_site()
    enrolment = proposed(cast.enrol(site.at))
    parameters = enrolment.parameters | {"identity": canonical.b64u(identity)}
    wrong = make_warrant(changed(enrolment, parameters=parameters), CLEO, (ADA, BEN))
    assert site.send(wrong, cast.northgate).code in {"other-identity", "bad-field"}


def test_an_enrolment_under_a_provider_that_is_not_pinned_is_refused(make_site, cast):
    site = make_site(provider_founding="ab" * 32)
    assert site.send(cast.enrol(site.at), cast.northgate).code == "not-pinned"


def test_a_flood_of_refusals_is_answered_only_so_often(site, cast, zone):
    good = proposed(cast.generate_keys(site.at, zone))
    answered = 0
    for number in range(300):
        spoiled = make_warrant(changed(good, reason=f"Number {number}."), DINA, ())
        answered += len(site.deliver(WarrantMessage(warrant=canonical.b64u(spoiled.raw))).said)
    assert 90 <= answered <= 110
    assert site.node.parts.refusals.uncounted == 300 - answered
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"


def test_the_same_nonsense_gets_the_same_answer(site, cast, zone):
    wrong = carrying(make_warrant(proposed(cast.generate_keys(site.at, zone)), DINA, ()))
    voice = site.pool.calls["sign_identity"]
    assert site.deliver(wrong).said == site.deliver(wrong).said
    assert site.pool.calls["sign_identity"] == voice + 1
