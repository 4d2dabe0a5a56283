"""Charters of the cast, how they are founded, and how they are amended."""

from collections.abc import Iterable, Sequence
from typing import Any

from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.charters import authority_at
from hsmnodes.node.protocol.consistency import AMEND
from hsmnodes.node.protocol.documents import (
    Assertion,
    Authority,
    Charter,
    CharterLink,
    Clause,
    Group,
    Named,
    Person,
    Proposal,
    Role,
    Rule,
    Token,
    TokenRules,
    ZoneTerms,
)
from hsmnodes.node.protocol.purposes import Purpose, challenge
from tests.cast.people import DEPLOYMENT, MERIDIAN, NORTHGATE, make_id, named, person
from tests.cast.proposals import make_proposal, make_warrant
from tests.cast.tokens import DESK, SoftwareToken

START = 1_800_000_000
YEAR = 365 * 86_400
GENERATE = "key.generate/v1"
PROVIDER_PEOPLE = ("Ada", "Ben", "Cleo", "Jon", "Kim")
CUSTOMER_PEOPLE = ("Dina", "Emil", "Fay", "Gus", "Lea", "Hana")


def clause(m: int, who: Role | str) -> Clause:
    """M of a role, or of a group where `who` is not the name of a role."""
    role = who if who in list(Role) else None
    return Clause(role=role, group=None if role else who, m=m)


def rule(operation: str, *clauses: tuple[int, Role | str]) -> Rule:
    """The rule for an operation, its clauses as (M, role or group)."""
    return Rule(operation=operation, clauses=tuple(clause(m, who) for m, who in clauses))


def make_charter(
    kind: str = "customer",
    authority: Named = MERIDIAN,
    *,
    people: Iterable[Person | str] = CUSTOMER_PEOPLE,
    rules: Iterable[Rule] = (),
    groups: dict[str, Sequence[str]] | None = None,
    **changes: Any,
) -> Charter:
    """A charter's first version; people by name are those of the cast."""
    members = [person(one) if isinstance(one, str) else one for one in people]
    fields: dict[str, Any] = {
        "deployment": DEPLOYMENT,
        "demo": False,
        "authority": Authority(kind=kind, id=authority.id, name=authority.name),
        "version": 1,
        "previous": None,
        "valid_from": START,
        "valid_until": START + YEAR,
        "desk": DESK,
        "token_rules": TokenRules(backup_eligible="forbidden"),
        "zone": ZONE_TERMS if kind == "zone" else None,
        "people": tuple(sorted(members, key=lambda one: one.id)),
        "groups": tuple(
            Group(name=name, people=tuple(sorted(make_id(one) for one in of)))
            for name, of in sorted((groups or {}).items())
        ),
        "rules": tuple(sorted(rules, key=lambda one: one.operation)),
    }
    return Charter(**(fields | changes))


ZONE_TERMS = ZoneTerms(
    service=named("Payments service"), provider=NORTHGATE, customer=MERIDIAN, controller="customer"
)


def software(token: Token) -> SoftwareToken:
    """The software token that a charter describes: its label is its name."""
    return SoftwareToken(token.label, token.algorithm, token.simulated)


def possession(charter: Charter, tokens: Iterable[Token]) -> tuple[Assertion, ...]:
    """Each token's signature over the charter."""
    found = challenge(Purpose.FOUND, charter.raw)
    return tuple(software(token).sign(found) for token in tokens)


def tokens_in(charter: Charter) -> list[Token]:
    """Every token of everyone in a charter."""
    return [token for one in charter.people for token in one.tokens]


def found(charter: Charter) -> CharterLink:
    """The founding link of a charter, signed by everyone in it."""
    return CharterLink(
        charter=b64u(charter.raw), possession=possession(charter, tokens_in(charter)), warrant=None
    )


def successor(current: Charter, **changes: Any) -> Charter:
    """The next version of a charter, with `changes`."""
    return current.model_copy(update={"version": current.version + 1, "previous": current.sha256, **changes})


def amendment_proposal(current: Charter, new: Charter, *, requester: str, **changes: Any) -> Proposal:
    """The proposal to amend `current` into `new`."""
    authority = current.authority
    parameters = {
        "authority": {"kind": authority.kind.value, "id": authority.id, "name": authority.name},
        "version": new.version,
        "charter": new.sha256,
    }
    fields: dict[str, Any] = {
        "operation": AMEND,
        "parameters": parameters,
        "authorities": (authority_at(current),),
        "nodes": (),
        "previous": current.sha256,
    }
    return make_proposal((current,), requester=requester, **(fields | changes))


def amend(
    current: Charter,
    new: Charter,
    *,
    requester: str = "Hana",
    approvers: Iterable[str] = ("Gus", "Lea"),
    prove: Iterable[Token] | None = None,
    **changes: Any,
) -> CharterLink:
    """The link from `current` to `new`, proposed and approved by the cast; new tokens prove themselves."""
    known = {token.credential_id for token in tokens_in(current)}
    new_tokens = [token for token in tokens_in(new) if token.credential_id not in known]
    proposal = amendment_proposal(current, new, requester=requester, **changes)
    return CharterLink(
        charter=b64u(new.raw),
        possession=possession(new, new_tokens if prove is None else prove),
        warrant=b64u(make_warrant(proposal, requester, approvers).raw),
    )
