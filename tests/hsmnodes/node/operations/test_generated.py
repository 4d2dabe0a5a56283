"""What every operation gets for nothing: the same attacks on each, made from the registry.

An operation without a story here fails the first test, so that none is added without them.
"""

import random

import pytest

from hsmnodes.node.operations.base import NodeOperation
from hsmnodes.node.operations.registry import default_rules, describe, operation, operations
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import verify_amendment
from hsmnodes.node.protocol.consistency import RECOVER
from hsmnodes.node.protocol.documents import Proposal, Role, Warrant
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.quorum import Signatures, evaluate
from tests.cast.charters import Chain
from tests.cast.deployment import Deployment
from tests.cast.people import (
    ADA,
    CLEO,
    DINA,
    EMIL,
    EVERYONE,
    FAY,
    GUS,
    HANA,
    JON,
    KIM,
    LEA,
    MERIDIAN,
    Member,
)
from tests.cast.signing import changed, make_warrant
from tests.hsmnodes.node.agent.gathering import give, read_ceremony
from tests.hsmnodes.node.agent.making import Site, carrying, charters
from tests.hsmnodes.node.agent.stepping import Carrier
from tests.hsmnodes.node.operations.stories import STORIES, Scene

# What only warrants over several nodes bring about (agent/test_several_nodes.py).
SAID_OF_MORE = {  # of several nodes, or of keys that do not fit into one file
    "application.admit/v1": {"shared_pin_sha256"},
    "backup-key.rotate/v1": {"node", "one_time_key", "parts_sha256"},
    "backup.take/v1": {"parts_sha256"},
    "key.generate/v1": {"proposal"},
    "key.rotate/v1": {"proposal"},
    "zone.extend/v1": {"parts_sha256"},
}
OSCAR = Member("Oscar", MERIDIAN, (Role.KEY_MANAGER,))


ON_NODES = [tag for tag, found in operations().items() if isinstance(found, NodeOperation)]
FLOORED = [tag for tag, found in operations().items() if found.consent.floor >= 2]
# A recovery is counted by a clause instead of a rule; its attacks are in protocol/test_recovery.py.
every_operation = pytest.mark.parametrize("tag", [tag for tag in operations() if tag != RECOVER])
every_on_a_node = pytest.mark.parametrize("tag", ON_NODES)


@pytest.fixture
def play(tmp_path, tag):
    """The scene of an operation, with its good warrant."""
    cast = Deployment()
    scene = Scene(Site(tmp_path, cast), cast, cast.zone())
    STORIES[tag].stage(scene)
    yield scene, STORIES[tag].warrant(scene)
    for site in (scene.site, *scene.others):
        site.stop()


def proposal_of(warrant: Warrant) -> Proposal:
    return Proposal.from_bytes(warrant.proposal_bytes)


def authorised(tag, scene, warrant, *, now=None) -> bool:
    """Whether the signatures suffice, as everyone counts them."""
    proposal = proposal_of(warrant)
    found = operation(proposal.operation)
    consent = found.consent_for(found.read(proposal.parameters))
    in_force = [chain.current for chain in STORIES[tag].chains(scene)]
    return evaluate(
        in_force, proposal, Signatures.of(warrant), consent=consent, now=now or scene.cast.now
    ).authorised


def give_all(scene, said):
    """What the node says in the end: if it asks for shares, when all are given."""
    if said and said[0].kind == "ceremony":
        ceremony = read_ceremony(scene.site, said[0])
        return give(scene.site, ceremony, scene.shares, range(1, ceremony.asked + 1))
    return said


def outcome(scene, tag, warrant) -> str:
    """What the node makes of it, with the charters it might need, and the shares it might ask for."""
    enclosed = {"enclosures": tuple(map(canonical.b64u, scene.enclosures))}
    message = carrying(warrant, *STORIES[tag].chains(scene)).model_copy(update=enclosed)
    said = give_all(scene, scene.site.deliver(message).said)
    return scene.site.read(said[-1]).outcome.value if said else "no answer"


def state(scene):
    facts = scene.site.facts
    return facts.holdings, facts.intents, facts.outcomes, scene.site.pool.acts


def refused_without_a_trace(scene, tag, warrant) -> bool:
    before = [repr(one) for one in state(scene)]
    recorded = scene.site.node.parts.store.rows("SELECT COUNT(*) FROM refusals")[0][0]
    answer = outcome(scene, tag, warrant)
    noted = scene.site.node.parts.store.rows("SELECT COUNT(*) FROM refusals")[0][0]
    return (
        answer in ("refused", "no answer")
        and before == [repr(one) for one in state(scene)]
        and noted > recorded
    )


def test_every_operation_has_a_story():
    assert set(STORIES) | {RECOVER} == set(operations())


@every_operation
def test_its_good_warrant_is_authorised(play, tag):
    scene, warrant = play
    assert authorised(tag, scene, warrant)


@every_on_a_node
def test_it_is_carried_out_once(play, tag):
    scene, warrant = play
    assert outcome(scene, tag, warrant) == "done"
    first, acts = scene.site.deliver(carrying(warrant)).said, scene.site.pool.acts
    scene.site.start()
    acts = scene.site.pool.acts
    assert scene.site.deliver(carrying(warrant)).said == first
    assert scene.site.pool.acts == acts


def names_in(results) -> set[str]:
    """The names of results that people see; an id with its name is shown as the name."""
    if isinstance(results, list):
        return {name for one in results for name in names_in(one)}
    if not isinstance(results, dict) or results.keys() == {"id", "name"}:
        return set()
    return set(results) | {name for inner in results.values() for name in names_in(inner)}


@every_on_a_node
def test_all_its_results_have_titles_for_people(play, tag):
    scene, warrant = play
    enclosed = {"enclosures": tuple(map(canonical.b64u, scene.enclosures))}
    message = carrying(warrant, *STORIES[tag].chains(scene)).model_copy(update=enclosed)
    said = give_all(scene, scene.site.deliver(message).said)
    carrier = Carrier(warrant, [scene.site, *scene.others], STORIES[tag].chains(scene), said={0: said[-1]})
    carrier.carry()
    names = [names_in(carrier.receipt(step).results) for step in range(len(carrier.steps))]
    assert set.union(*names) | SAID_OF_MORE.get(tag, set()) == set(operation(tag).titles)


@pytest.mark.parametrize("tag", [tag for tag in operations() if tag not in (*ON_NODES, RECOVER)])
def test_no_node_carries_it_out(play, tag):
    scene, warrant = play
    assert refused_without_a_trace(scene, tag, warrant)


@every_operation
def test_who_proposes_cannot_approve(play, tag):
    scene, warrant = play
    requester = STORIES[tag].requester
    lone = make_warrant(proposal_of(warrant), requester, [requester, *STORIES[tag].approvers[:-1]])
    lone = lone.model_copy(update={"evidence": warrant.evidence})
    assert not authorised(tag, scene, lone)
    assert refused_without_a_trace(scene, tag, lone)


@pytest.mark.parametrize("tag", FLOORED)
def test_one_person_twice_is_one_person(play, tag):
    scene, warrant = play
    twice = warrant.model_copy(update={"approvals": (*warrant.approvals[:-1], warrant.approvals[0])})
    assert not authorised(tag, scene, twice)
    assert refused_without_a_trace(scene, tag, twice)


@every_operation
def test_an_expired_one_is_refused(play, tag):
    scene, warrant = play
    after = proposal_of(warrant).expires_at
    assert not authorised(tag, scene, warrant, now=after)
    scene.site.clock.now = after
    assert refused_without_a_trace(scene, tag, warrant)


@every_operation
def test_one_changed_byte_is_refused(play, tag):
    scene, warrant = play
    rng = random.Random(tag)
    before = [repr(one) for one in state(scene)]
    for _ in range(60):
        data = bytearray(warrant.raw)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        message = carrying(warrant).model_copy(update={"warrant": canonical.b64u(bytes(data))})
        said = scene.site.deliver(message).said
        assert all(scene.site.read(one).outcome == "refused" for one in said)
    assert before == [repr(one) for one in state(scene)]


@every_operation
def test_it_needs_every_authority_it_names(play, tag):
    scene, warrant = play
    for chain in STORIES[tag].chains(scene):
        known = chain.current.by_credential
        without = [one for one in warrant.approvals if one.assertion.credential_id not in known]
        short = warrant.model_copy(update={"approvals": tuple(without)})
        assert not authorised(tag, scene, short)
        assert refused_without_a_trace(scene, tag, short)


def fills(scene: Scene, tag: str, gone: Member, member: Member) -> bool:
    """Whether somebody has the role, where it is asked for, in which another would sign."""
    story = STORIES[tag]
    if member.id in {one.id for one in (story.requester, *story.approvers)}:
        return False
    for chain in story.chains(scene):
        people = chain.current.persons
        if gone.id in people and member.id in people:
            asked = {clause.role for clause in chain.current.rule(tag).asked}
            return bool(asked & set(people[gone.id].roles) & set(people[member.id].roles))
    return False


@every_operation
def test_of_the_whole_cast_only_who_has_the_role_that_is_asked_signs_in_anothers_place(play, tag):
    scene, warrant = play
    requester, approvers = STORIES[tag].requester, STORIES[tag].approvers
    for gone in approvers:
        left = [one for one in approvers if one is not gone]
        for member in EVERYONE:
            signed = make_warrant(proposal_of(warrant), requester, [*left, member])
            signed = signed.model_copy(update={"evidence": warrant.evidence})
            wanted = member.id == gone.id or fills(scene, tag, gone, member)
            assert authorised(tag, scene, signed) == wanted, (gone.name, member.name)
            if not wanted and gone is approvers[-1]:
                assert refused_without_a_trace(scene, tag, signed), (gone.name, member.name)


def withdraw(scene: Scene, chain: Chain) -> None:
    """Amend a charter so that one who approves no longer has the role; the node hears of it."""
    people = {person.id: person for person in chain.current.people}
    if chain is scene.cast.northgate:
        del people[ADA.id]
        signed = {"requester": CLEO, "approvers": (JON, KIM)}
    elif chain is scene.cast.meridian:
        people[GUS.id] = GUS.with_roles(Role.AUDITOR).person()
        people[HANA.id] = HANA.with_roles(Role.SECURITY_OFFICER).person()
        signed = {"requester": DINA, "approvers": (GUS, LEA, HANA)}
    else:
        del people[EMIL.id]
        people[OSCAR.id] = OSCAR.person()
        signed = {"requester": DINA, "approvers": (EMIL, FAY, OSCAR), "newcomers": [OSCAR]}
    wanted = tuple(sorted(people.values(), key=lambda person: person.id))
    current = chain.next_version(people=wanted)
    link = chain.link_to(current, now=scene.cast.now, **signed)
    verify_amendment(chain.current, link)
    chain.charters.append(current)
    chain.links.append(link)
    scene.site.deliver(charters(chain))


@every_operation
def test_a_role_withdrawn_in_between_no_longer_counts(play, tag):
    scene, warrant = play
    for chain in STORIES[tag].chains(scene):
        withdraw(scene, chain)
    assert not authorised(tag, scene, warrant)
    assert refused_without_a_trace(scene, tag, warrant)


@every_operation
def test_a_parameter_too_many_or_too_few_is_refused(tag, play):
    scene, warrant = play
    parameters = proposal_of(warrant).parameters
    fewer = dict(list(parameters.items())[1:])
    for changed_parameters in (parameters | {"force": True}, fewer):
        with pytest.raises(Refused):
            operation(tag).read(changed_parameters)
        proposal = changed(proposal_of(warrant), parameters=changed_parameters)
        wrong = make_warrant(proposal, STORIES[tag].requester, STORIES[tag].approvers)
        assert refused_without_a_trace(scene, tag, wrong)


@every_operation
def test_the_default_rules_satisfy_its_floor(tag):
    found = operation(tag)
    for kind in found.rules:
        [rule] = [rule for rule in default_rules(kind) if rule.operation == tag]
        assert sum(clause.m for clause in rule.clauses) >= found.consent.floor
    assert set(found.consent.kinds) <= set(found.rules)


@pytest.mark.parametrize("tag", [tag for tag, found in operations().items() if found.nodes])
def test_the_catalogue_says_where_its_parties_are_named(tag):
    told = describe(operation(tag))
    named = {one["name"] for one in told["fields"] if one["kind"] == "named"}
    assert told["consent"]["parties"].keys() == set(told["consent"]["kinds"]) - {"provider"}
    assert named.issuperset(told["consent"]["parties"].values())
