"""Small charters and proposals of the cast for tests of the rules themselves, at a fixed time."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.charters import authority_at
from hsmnodes.node.protocol.consistency import AMEND
from hsmnodes.node.protocol.documents import (
    Assertion,
    AuthorityKind,
    Charter,
    Clause,
    Group,
    Named,
    NodeAt,
    Proposal,
    Role,
    Rule,
    ZoneTerms,
)
from tests.cast import charters as cast_charters
from tests.cast import signing
from tests.cast.people import CUSTOMER_PEOPLE, HANA, MERIDIAN, NORTHGATE, Member, make_id, named
from tests.cast.tokens import SoftwareToken

NOW = 1_800_000_000
GENERATE = "key.generate/v1"
TERMS = ZoneTerms(
    service=named("Payments service"), provider=NORTHGATE, customer=MERIDIAN, controller="customer"
)

__all__ = ["AMEND", "GENERATE", "NOW", "TERMS", "assemble", "make_charter", "make_proposal", "rule"]


Asked = tuple[int, str]


def rule(
    operation: str, *clauses: Asked, alternatives: Sequence[Sequence[Asked]] = (), **members: Any
) -> Rule:
    """The rule for an operation, each clause as (M, role or group), with further alternatives and members."""
    others = tuple(map(_clauses, alternatives)) or None
    return Rule(operation=operation, clauses=_clauses(clauses), alternatives=others, **members)


def _clauses(asked: Sequence[Asked]) -> tuple[Clause, ...]:
    return tuple(
        Clause(role=Role(who), group=None, m=m) if who in set(Role) else Clause(role=None, group=who, m=m)
        for m, who in asked
    )


def make_charter(
    members: Iterable[Member] = CUSTOMER_PEOPLE,
    *rules: Rule,
    kind: AuthorityKind = AuthorityKind.CUSTOMER,
    authority: Named = MERIDIAN,
    groups: Mapping[str, Sequence[Member]] | None = None,
    **changes: Any,
) -> Charter:
    """Version 1 of a charter with just these rules and groups."""
    fields = {
        "rules": tuple(sorted(rules, key=lambda one: one.operation)),
        "groups": tuple(
            Group(name=name, people=tuple(sorted(one.id for one in of)))
            for name, of in sorted((groups or {}).items())
        ),
        "zone": TERMS if kind is AuthorityKind.ZONE else None,
    }
    return cast_charters.make_charter(kind, authority, tuple(members), now=NOW, **(fields | changes))


def make_proposal(*charters: Charter, requester: Member = HANA, **changes: Any) -> Proposal:
    """A proposal to generate a key under `charters`, always with the same id."""
    fields: dict[str, Any] = {
        "operation": GENERATE,
        "proposal": make_id("proposal"),
        "authorities": tuple(sorted(map(authority_at, charters), key=lambda one: (one.kind.value, one.id))),
    }
    return signing.make_proposal(
        parameters={
            "zone": {"id": make_id("Payments"), "name": "Payments"},
            "keys": [{"label": "card-signing", "algorithm": "ec-p256", "usages": ["sign"]}],
        },
        nodes=[NodeAt(id=make_id("ams-1"), name="ams-1", identity="1" * 64)],
        requester=requester,
        now=NOW,
        **(fields | changes),
    )


def assemble(
    token: SoftwareToken, authenticator_data: bytes, client_data: bytes, signature: bytes | None = None
) -> Assertion:
    """An assertion of these very parts, rightly signed by the token unless a signature is given."""
    if signature is None:
        signature = token._sign(authenticator_data + hashlib.sha256(client_data).digest())
    return Assertion(
        credential_id=token.credential_id,
        authenticator_data=b64u(authenticator_data),
        client_data=b64u(client_data),
        signature=b64u(signature),
    )
