"""How long it takes to say of every operation who could do it: 200 people in two charters, 30 operations."""

from collections.abc import Iterator
from statistics import median
from time import process_time

from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Role, Rule
from tenants.analysis.questions import Question, answer
from tests.bench.figures import Figure, at_most
from tests.cast.people import MERIDIAN, NORTHGATE, Member, named
from tests.hsmnodes.node.protocol.making import NOW, make_charter, rule

PEOPLE, OPERATIONS, ROUNDS = 100, 30, 5
ZONE, PROVIDER = AuthorityKind.ZONE, AuthorityKind.PROVIDER
MANAGER, CUSTODIAN, OFFICER = "key-manager", "custodian", "security-officer"
OF_ZONE = [((2, MANAGER),), ((3, MANAGER), (2, CUSTODIAN)), ((2, "night-watch"), (2, MANAGER), (1, "owners"))]
OF_PROVIDER = [((2, "hsm-administrator"),), ((2, "hsm-administrator"), (1, OFFICER))]


def measure() -> Iterator[Figure]:
    charters = {ZONE: _zone(), PROVIDER: _provider()}
    questions = [
        Question(_tag(number), (ZONE, PROVIDER) if number % 3 == 0 else (ZONE,), 2)
        for number in range(OPERATIONS)
    ]
    taken = []
    for _ in range(ROUNDS):
        start = process_time()
        for one in answer(questions, charters, now=NOW):
            if not one.could.possible or one.stays.spare < 0:
                raise AssertionError(one.operation)
            _ = one.could.alone, one.could.mixtures(), one.stays.weaknesses, one.both_sides, one.in_both
        taken.append(process_time() - start)
    name = f"{2 * PEOPLE} people, {OPERATIONS} operations: who could do what, against a second"
    yield at_most(name, "s", median(taken), 1.0, 1.0)


def _zone() -> Charter:
    roles = [(Role.KEY_MANAGER,), (Role.CUSTODIAN, Role.KEY_MANAGER), (Role.CUSTODIAN,), (Role.AUDITOR,)]
    members = [
        Member(f"Zone {number}", (MERIDIAN, NORTHGATE)[number % 5 == 0], roles[number % 4])
        for number in range(PEOPLE)
    ]
    groups = {"night-watch": members[::7], "owners": members[::11]}
    rules = [rule(_tag(number), *OF_ZONE[number % len(OF_ZONE)]) for number in range(OPERATIONS)]
    return _charter(ZONE, members, rules, authority=named("Payments"), groups=groups)


def _provider() -> Charter:
    roles = [(Role.HSM_ADMINISTRATOR,), (Role.SECURITY_OFFICER,)]
    members = [Member(f"Provider {number}", NORTHGATE, roles[number % 2]) for number in range(PEOPLE)]
    rules = [rule(_tag(number), *OF_PROVIDER[number % len(OF_PROVIDER)]) for number in range(OPERATIONS)]
    return _charter(PROVIDER, members, rules, authority=NORTHGATE)


def _charter(kind: AuthorityKind, members: list[Member], rules: list[Rule], **changes) -> Charter:
    return make_charter(members, *rules, kind=kind, **changes)


def _tag(number: int) -> str:
    return f"bench.do-{chr(ord('a') + number // 26)}{chr(ord('a') + number % 26)}/v1"
