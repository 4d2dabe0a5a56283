"""Cases of release: a good one, and each link between its pieces broken alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import NodeSigned, Proposal, Warrant
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import Chain
from tests.cast.deployment import Deployment
from tests.cast.people import ADA, BEN, CUSTODIANS, DINA, EMIL, FAY, JON, KIM, MERIDIAN, make_id, named
from tests.cast.signing import cancel, reject
from tests.hsmnodes.node.protocol.making import NOW, rule
from tests.verifier.book import Book
from tests.verifier.nodes import AMS, ENROL, FRA, NodeKey, amended, chain_elsewhere, enrolling
from tests.verifier.story import Story, links_of
from tests.verifier.warrants import DRILL

WHO = [EMIL.id, FAY.id]
DAY = 86_400
OTHER_KEY = canonical.b64u(
    X25519PrivateKey.from_private_bytes(bytes(range(2, 34))).public_key().public_bytes_raw()
)


def book() -> Book:
    """All of them."""
    made = Book("release")
    story = Story()
    made.accept("a drill, as it should be", story.given(), WHO)
    for share, member in zip(story.shares, CUSTODIANS, strict=True):
        made.accept(f"the share of {member.name}", story.given(share=share), WHO)
    _add_shares(made, story)
    _add_ceremonies(made, story)
    _add_warrants(made, story)
    _add_enrolments(made, story)
    _add_charters(made)
    _add_times(made, story)
    return made


def _add_shares(made: Book, story: Story) -> None:
    """A share that is not the one asked for. What is asked for is told by the node, and it by the anchors."""

    def share(**changes: Any) -> dict[str, Any]:
        return story.given(share=story.share.model_copy(update=changes))

    other = make_id("x")
    made.refuse("a share of another deployment", share(deployment=other), "other-deployment")
    made.refuse("a share not of a demo", share(demo=False), "other-deployment")
    made.refuse("a share of another zone", share(zone=named("Cards")), "other-zone")
    renamed = named("Payments").model_copy(update={"name": "Payrnents"})
    made.refuse("a share of a zone of another name", share(zone=renamed), "other-zone")
    made.refuse("a share anchored in another provider", share(provider_founding="0" * 64), "other-anchor")
    made.refuse("a share anchored in another zone", share(zone_founding="0" * 64), "other-anchor")
    made.refuse("a share of the other kind", share(backup_key="MBK"), "foreign-share", desk="other-share")
    made.refuse("a share of another epoch", share(epoch=2), "stale-share", desk="other-share")
    made.refuse("a share of another set", share(share_set=2), "stale-share", desk="other-share")
    made.refuse("another threshold", share(threshold=3), "other-share")
    made.refuse("another count", share(count=4), "other-holder")
    made.refuse("another check value", share(kcv="ffffff"), "other-share")
    made.refuse("another key's commitment", share(commitment="0" * 64), "other-share")
    made.refuse("another index", share(index=3), "other-holder")
    made.refuse("another custodian", share(custodian=named("Fay")), "other-holder")
    made.refuse("another token", share(credential_id=DINA.key.credential_id), "other-holder")
    spoiled = bytearray(canonical.b64u_decode(story.share.value))
    spoiled[0] ^= 1
    made.refuse("an altered share", share(value=canonical.b64u(bytes(spoiled))), "altered-share")
    made.refuse("a share cut short", share(value=canonical.b64u(bytes(spoiled[1:]))), "altered-share")
    made.refuse(
        "bytes that are no share", story.given(share=story.warrant), "missing-field", desk="other-document"
    )


def _add_ceremonies(made: Book, story: Story) -> None:
    """What the node did not ask, asked elsewhere, or asked before."""

    def asked(**changes: Any) -> dict[str, Any]:
        return story.given(ceremony=story.asks(**changes))

    made.refuse("signed by another node's key", story.given(ceremony=story.asks(FRA)), "bad-signature")
    made.refuse(
        "signed by a key of the console's", story.given(ceremony=story.asks(NodeKey("x", 7))), "bad-signature"
    )
    theirs = Story(key=FRA).asks()
    made.refuse("the question of another node", story.given(ceremony=theirs), "wrong-node")
    receipt = story.key.sign(story.ceremony().raw, Purpose.RECEIPT)
    made.refuse("signed as a receipt", story.given(ceremony=receipt), "wrong-purpose")
    foreign = NodeSigned.from_bytes(story.asks().raw)
    swapped = foreign.model_copy(update={"payload": canonical.b64u(story.ceremony(public_key=OTHER_KEY).raw)})
    made.refuse("another one-time key, slipped in", story.given(ceremony=swapped), "bad-signature")
    made.refuse("in the name of another node", asked(node=FRA.node.node), "other-node")
    made.refuse("asks for another zone", asked(zone=named("Cards")), "foreign-share", desk="other-zone")
    made.refuse(
        "asks for another deployment", asked(deployment=make_id("x")), "foreign-share", desk="other-share"
    )
    made.refuse("asks outside the demo", asked(demo=False), "foreign-share", desk="other-share")
    made.refuse(
        "asks for another provider's", asked(provider_founding="0" * 64), "foreign-share", desk="other-share"
    )
    made.refuse(
        "asks for another zone's founding", asked(zone_founding="0" * 64), "foreign-share", desk="other-share"
    )
    made.refuse("asks for another epoch", asked(epoch=2), "stale-share", desk="other-share")
    made.refuse("asks for another share set", asked(share_set=2), "stale-share", desk="other-share")
    made.refuse("asks for more shares than rebuild it", asked(threshold=3, asked=3), "other-share")
    made.accept("asks everybody", asked(asked=3), WHO)
    made.refuse("another key's check value", asked(kcv="ffffff"), "other-share")
    made.refuse("another key", asked(commitment="0" * 64), "other-share")
    made.refuse("another proposal's id", asked(proposal=make_id("x")), "other-proposal")
    made.refuse("another proposal's hash", asked(proposal_hash="0" * 64), "other-proposal")
    made.refuse("another operation", asked(operation="backup-key.share/v1"), "other-proposal")
    made.refuse("another step", asked(step=1), "other-proposal")
    before = story.asks(warrant=story.drill(reason="The one before."))
    made.refuse("the question for an earlier drill", story.given(ceremony=before), "other-proposal")
    made.refuse("opened before the proposal", asked(opened_at=NOW - 61), "too-early")
    made.accept("opened as the proposal begins", asked(opened_at=NOW - 60), WHO)
    made.refuse("opened in the future", asked(opened_at=NOW + 121), "too-early")
    made.accept("opened by a clock that is a little ahead", asked(opened_at=NOW + 120), WHO)
    made.refuse("over", asked(expires_at=NOW), "ceremony-over")
    made.refuse("outlasts its warrant", asked(expires_at=NOW - 60 + 2 * DAY + 1), "ceremony-over")
    one, two, three = story.ceremony().holders
    without = {"holders": (one, two)}
    made.refuse("leaves a holder out", asked(**without), "other-holder")
    stranger = two.model_copy(update={"custodian": named("Gus")})
    made.refuse("names another holder", asked(holders=(one, stranger, three)), "other-holder")
    moved = two.model_copy(update={"credential_id": EMIL.second_key.credential_id})
    made.refuse("names another token of the holder", asked(holders=(one, moved, three)), "other-holder")
    other = two.model_copy(update={"commitment": three.commitment})
    made.refuse("expects another share", asked(holders=(one, other, three)), "altered-share")
    _add_bad_questions(made, story)


def _add_bad_questions(made: Book, story: Story) -> None:
    """Questions that are no ceremony, though the node signed them."""

    def saying(**changes: Any) -> dict[str, Any]:
        plain = story.ceremony().model_dump(mode="json") | changes
        return story.given(ceremony=story.key.sign(canonical.encode(plain)))

    made.refuse("a one-time key of small order", saying(public_key=canonical.b64u(bytes(32))), "bad-field")
    made.refuse("a field too many", saying(also="this"), "unknown-field")
    made.refuse("no time of opening", saying(opened_at=None), "bad-field")
    made.refuse(
        "holders out of order",
        saying(holders=story.ceremony().model_dump(mode="json")["holders"][::-1]),
        "bad-field",
    )
    made.refuse("fewer asked for than rebuild it", saying(asked=2, threshold=3), "bad-field")
    made.refuse(
        "another document",
        story.given(ceremony=story.key.sign(story.share.raw)),
        "missing-field",
        desk="other-document",
    )


def _add_warrants(made: Book, story: Story) -> None:
    """A drill that nobody wants, or not this one."""
    refused: dict[str, tuple[Warrant, str]] = {
        "a drill that nobody approved but one": (story.drill(EMIL), "quorum-not-met"),
        "a drill that one approved twice": (story.drill(EMIL, EMIL), "quorum-not-met"),
        "a drill that its requester approved": (story.drill(EMIL, DINA), "quorum-not-met"),
        "a drill that the provider approved": (story.drill(ADA, BEN), "quorum-not-met"),
        "a drill that was rejected": (
            story.drill(signed=lambda p: {"rejections": (reject(p, EMIL, at=NOW),)}),
            "closed",
        ),
        "a drill that was cancelled": (
            story.drill(signed=lambda p: {"cancellations": (cancel(p, DINA, at=NOW),)}),
            "closed",
        ),
        "a drill on another node": (story.drill(nodes=(FRA.node.at,)), "other-node"),
        "a drill on two nodes": (story.drill(nodes=(AMS.node.at, FRA.node.at)), "other-nodes"),
        "a drill in another deployment": (story.drill(deployment=make_id("x")), "other-deployment"),
        "an invented operation": (story.drill(operation="backup-key.leak/v1"), "unknown-operation"),
        "a drill under an invented charter": (
            story.drill(authorities=(story.zone.at.model_copy(update={"version": 2, "hash": "0" * 64}),)),
            "other-charter",
        ),
        "a drill with the provider's consent alone": (
            story.drill(authorities=(story.cast.northgate.at,)),
            "wrong-authorities",
        ),
    }
    for name, (warrant, code) in refused.items():
        made.refuse(name, story.under(warrant), code)
    parameters = Proposal.from_bytes(story.warrant.proposal_bytes).parameters
    for name, change in {"epoch": {"epoch": 2}, "share set": {"share_set": 2}}.items():
        drill = story.drill(parameters=parameters | change)
        made.refuse(f"a drill of another {name}", story.under(drill), "other-share-set", desk="other-share")
    elsewhere = story.drill(parameters=parameters | {"zone": named("Cards").model_dump()})
    made.refuse("a drill of another zone", story.under(elsewhere), "not-pinned", desk="other-party")
    misnamed = story.drill(parameters=parameters | {"zone": {"id": make_id("Payments"), "name": "Cards"}})
    made.refuse("a drill of a zone of another name", story.under(misnamed), "other-name", desk="other-share")
    keys = story.cast.generate_keys(AMS.node, story.zone)
    made.refuse("an operation that needs no shares", story.under(keys), "gathers-nothing")
    made.refuse(
        "an operation of the provider's",
        story.under(story.enrolment),
        "already-enrolled",
        desk="gathers-nothing",
    )
    made.refuse("another warrant than the ceremony's", story.given(warrant=story.drill()), "other-proposal")


def _add_enrolments(made: Book, story: Story) -> None:
    """A node that was not admitted, or not with this key."""
    cast = story.cast
    for name, enrolment, code, desk in (
        (
            "a node that one person enrolled",
            enrolling(cast, approvers=[ADA]),
            "not-authorised",
            "quorum-not-met",
        ),
        (
            "a node that officers enrolled",
            enrolling(cast, approvers=[JON, KIM]),
            "not-authorised",
            "quorum-not-met",
        ),
        (
            "a node that the zone enrolled",
            enrolling(cast, approvers=[EMIL, FAY]),
            "not-authorised",
            "quorum-not-met",
        ),
        ("the enrolment of another node", enrolling(cast, FRA), "wrong-node", None),
        (
            "a node of the same name with another key",
            enrolling(cast, NodeKey("ams-1", 9)),
            "bad-signature",
            None,
        ),
        ("a node of another deployment", enrolling(cast, deployment=make_id("x")), "other-deployment", None),
        ("the drill in the enrolment's place", story.warrant, "operation", None),
    ):
        made.refuse(name, story.given(enrolment=enrolment), code, desk=desk)
    other = Deployment(now=NOW)
    other.northgate = chain_elsewhere()
    made.refuse(
        "a node of another provider",
        story.given(enrolment=enrolling(other)),
        "not-authorised",
        desk="other-charter",
    )
    console = Story(key=NodeKey("ams-1", 7), cast=cast)
    invented = enrolling(cast, console.key, approvers=[])
    made.refuse(
        "a node that the console invented",
        console.given(enrolment=invented),
        "not-authorised",
        desk="quorum-not-met",
    )


def _add_charters(made: Book) -> None:
    """Charters that went on, were invented, or are another's."""
    story = Story()
    amended(story.cast.northgate, valid_until=story.cast.northgate.current.valid_until - 1)
    amend_zone(story.zone, valid_until=story.zone.current.valid_until - 1)
    made.accept("after both charters went on", story.given(), WHO)
    good = links_of(story.cast.northgate, story.zone)
    first, second = good["zone"]
    customer = [one.raw for one in story.cast.meridian.links]
    changes: dict[str, tuple[dict[str, list[bytes]], str]] = {
        "no charters of the provider": ({"provider": []}, "no-charter"),
        "no charters of the zone": ({"zone": []}, "no-charter"),
        "the zone's founding is withheld": ({"zone": [second]}, "not-founding"),
        "the zone's amendment is withheld": ({"zone": [first]}, "other-charter"),
        "the zone's versions the wrong way round": ({"zone": [second, first]}, "not-founding"),
        "the provider's chain in the zone's place": ({"zone": good["provider"]}, "other-anchor"),
        "the customer's chain in the provider's place": ({"provider": customer}, "other-anchor"),
    }
    for name, (change, code) in changes.items():
        made.refuse(name, story.given(charters=good | change), code)
    mixed = story.share.model_copy(update={"provider_founding": story.zone.anchor})
    made.refuse(
        "a share anchored in the zone for its provider",
        story.given(share=mixed, charters=good | {"provider": good["zone"]}),
        "other-authority",
    )
    soon = Story()
    enrolment = soon.enrolment  # under the version before
    amended(soon.cast.northgate, valid_from=NOW + 60)
    made.refuse(
        "the provider's charter is not valid yet",
        soon.given(enrolment=enrolment, now=NOW + 59),
        "charter-not-yet",
    )
    made.accept(
        "the first second of the provider's charter", soon.given(enrolment=enrolment, now=NOW + 60), WHO
    )
    _add_weaker(made)
    _add_strangers(made)


def amend_zone(zone: Chain, **changes: Any) -> None:
    """The zone's key managers amend its charter."""
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=NOW, **changes)


def _without_floor(rules: Sequence[Any], operation: str, role: str) -> tuple[Any, ...]:
    return tuple(rule(operation, (1, role)) if one.operation == operation else one for one in rules)


def _add_weaker(made: Book) -> None:
    """Rules that would let one person decide."""
    for name, signers, code in (
        ("a weaker rule that nobody agreed to", (), "not-authorised-old"),
        ("a weaker rule that one agreed to", (EMIL,), "not-authorised-old"),
        ("a weaker rule that the console's people agreed to", (ADA, BEN), "not-authorised-old"),
        ("a weaker rule, rightly agreed to, below the floor", (EMIL, FAY), "below-floor"),
    ):
        story = Story()
        new = story.zone.next_version(rules=_without_floor(story.zone.current.rules, DRILL, "key-manager"))
        link = story.zone.link_to(new, requester=DINA, approvers=signers, now=NOW)
        story.zone.charters.append(new)
        story.zone.links.append(link)
        made.refuse(name, story.under(story.drill(EMIL)), code)
    story = Story()
    provider = story.cast.northgate
    new = provider.next_version(rules=_without_floor(provider.current.rules, ENROL, "hsm-administrator"))
    provider.links.append(provider.link_to(new, requester=ADA, approvers=(BEN,), now=NOW))
    provider.charters.append(new)
    made.refuse("a weaker rule of the provider's", story.given(), "not-authorised-old")


def _add_strangers(made: Book) -> None:
    """Charters of others, founded rightly: only the anchors in the share tell."""
    story, other = Story(), Story()
    other.cast.northgate = chain_elsewhere()
    foreign = links_of(other.cast.northgate, story.zone)
    made.refuse("another provider's charter", story.given(charters=foreign), "other-anchor")
    made.refuse("a zone of another provider", other.given(), "other-provider")
    misnamed = Story()
    cards = named("Payments").model_copy(update={"name": "Cards"})
    parameters = Proposal.from_bytes(misnamed.warrant.proposal_bytes).parameters
    drill = misnamed.drill(parameters=parameters | {"zone": cards.model_dump()})
    share = misnamed.share.model_copy(update={"zone": cards})
    everywhere = misnamed.given(warrant=drill, share=share, ceremony=misnamed.asks(warrant=drill, zone=cards))
    made.refuse("another name for the zone, but in its charter", everywhere, "other-zone")
    cards = story.cast.zone(named("Cards"), members=CUSTODIANS)
    theirs = links_of(story.cast.northgate, cards)
    made.refuse("another zone's charter", story.given(charters=theirs), "other-anchor")
    mixed = Story()
    ada = replace(ADA, organisation=MERIDIAN).with_roles(*CUSTODIANS[0].roles)
    mixed.__dict__["zone"] = mixed.cast.zone(members=(ada, *CUSTODIANS))
    made.refuse("an administrator of the HSM is a custodian", mixed.given(), "separation")


def _add_times(made: Book, story: Story) -> None:
    """Too early and too late."""
    end = NOW - 60 + 2 * DAY
    made.accept("the last second", story.given(now=end - 1), WHO)
    made.refuse("a second later", story.given(now=end), "expired")
    made.refuse("a clock that is behind", story.given(now=NOW - 61), "too-early")
    for chain, name in (("northgate", "provider's"), ("zone", "zone's")):
        short = Story()
        founded = _founded_until(short.cast.northgate if chain == "northgate" else short.zone, NOW + 60)
        if chain == "northgate":
            short.cast.northgate = founded
        else:
            short.__dict__["zone"] = founded
        made.accept(f"the last second of the {name} charter", short.given(now=NOW + 59), WHO)
        made.refuse(f"the {name} charter has expired", short.given(now=NOW + 60), "charter-expired")


def _founded_until(chain: Chain, until: int) -> Chain:
    return Chain.founded(chain.current.model_copy(update={"valid_until": until}), chain.members)
