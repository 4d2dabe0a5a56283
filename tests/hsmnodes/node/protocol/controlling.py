"""Zones under the control of either side, and what would take it from the side that a charter names."""

from collections.abc import Callable
from dataclasses import replace

from hsmnodes.node.operations.registry import default_rules, rules_of_two_sides
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, CharterLink, Clause, Group, Role, Rule
from tests.cast.charters import Chain
from tests.cast.deployment import Deployment
from tests.cast.people import (
    CUSTODIANS,
    DINA,
    EMIL,
    FAY,
    LUMEN,
    MANAGERS_FOR_OTHERS,
    NILS,
    NORTHGATE,
    ROSA,
    TOM,
    ZONE_PEOPLE,
    Member,
)
from tests.hsmnodes.node.protocol.amending import in_order
from tests.hsmnodes.node.protocol.making import NOW

HOLDERS = tuple(one.with_roles(Role.CUSTODIAN) for one in ZONE_PEOPLE)
PROVIDERS_CUSTODIANS = tuple(one.with_roles(Role.CUSTODIAN, Role.KEY_MANAGER) for one in MANAGERS_FOR_OTHERS)
PROVIDERS_HOLDERS = tuple(one.with_roles(Role.CUSTODIAN) for one in MANAGERS_FOR_OTHERS)
MIXED = (*HOLDERS, *MANAGERS_FOR_OTHERS)


def zone_of_customer(cast: Deployment | None = None) -> Chain:
    """The customer's people manage the keys and hold the backup key."""
    return (cast or Deployment(now=NOW)).zone(members=CUSTODIANS)


def zone_of_provider(cast: Deployment | None = None) -> Chain:
    """The provider's people do both, for the customer."""
    return (cast or Deployment(now=NOW)).zone(members=PROVIDERS_CUSTODIANS, controller="provider")


def zone_of_both(cast: Deployment | None = None, **changes: object) -> Chain:
    """The provider's people manage the keys, the customer's hold the backup key."""
    return (cast or Deployment(now=NOW)).zone(members=MIXED, **({"rules": rules_of_two_sides()} | changes))


def zone_that_provider_holds(cast: Deployment | None = None) -> Chain:
    """The customer's people manage the keys, the provider's hold the backup key."""
    members = (*PROVIDERS_HOLDERS, *ZONE_PEOPLE)
    return (cast or Deployment(now=NOW)).zone(
        members=members, controller="provider", rules=rules_of_two_sides()
    )


def rules_with(operation: str, *clauses: tuple[int, Role | str]) -> tuple[Rule, ...]:
    """The rules of two sides with another one for this operation."""
    other = Rule(
        operation=operation,
        clauses=tuple(
            Clause(role=who, group=None, m=m) if isinstance(who, Role) else Clause(role=None, group=who, m=m)
            for m, who in clauses
        ),
    )
    return tuple(other if one.operation == operation else one for one in rules_of_two_sides())


CONTROLLED: dict[str, Callable[[], Chain]] = {
    "the customer does everything": zone_of_customer,
    "the provider does everything": zone_of_provider,
    "the provider manages keys, the customer holds the backup key": zone_of_both,
    "the customer manages keys, the provider holds the backup key": zone_that_provider_holds,
    "a rule asks for a group of the side in control": lambda: zone_of_both(
        groups=(Group(name="keepers", people=tuple(sorted(one.id for one in HOLDERS))),),
        rules=rules_with("backup-key.reshare/v1", (2, "keepers")),
    ),
    "a rule is empty, which denies": lambda: zone_of_both(rules=rules_with("backup-key.reshare/v1")),
}


def strangers() -> tuple[Member, ...]:
    return (*CUSTODIANS, Member("Ivo", LUMEN, (Role.KEY_MANAGER,)))


OUT_OF_CONTROL: dict[str, tuple[Callable[[], Chain], str]] = {
    "key managers of the other side decide on the charter": (
        lambda: zone_of_both(rules=rules_with("charter.amend/v1", (2, Role.KEY_MANAGER))),
        "not-controlled",
    ),
    "key managers of the other side decide on the backup key": (
        lambda: zone_of_both(rules=rules_with("backup-key.reshare/v1", (3, Role.KEY_MANAGER))),
        "not-controlled",
    ),
    "one person of the side in control is not enough": (
        lambda: zone_of_both(rules=rules_with("slot.create/v1", (1, Role.CUSTODIAN), (2, Role.KEY_MANAGER))),
        "not-controlled",
    ),
    "a group holds people of both sides": (
        lambda: zone_of_both(
            groups=(Group(name="keepers", people=tuple(sorted(one.id for one in (DINA, EMIL, NILS)))),),
            rules=rules_with("backup-key.share/v1", (2, "keepers")),
        ),
        "not-controlled",
    ),
    "the usual rules, which ask for key managers alone": (
        lambda: zone_of_both(rules=default_rules(AuthorityKind.ZONE)),
        "not-controlled",
    ),
    "the provider controls what the customer's people do alone": (
        lambda: Deployment(now=NOW).zone(members=ZONE_PEOPLE, controller="provider"),
        "not-controlled",
    ),
    "the provider holds a share of what the customer controls": (
        lambda: zone_of_customer_with(TOM.with_roles(Role.CUSTODIAN)),
        "foreign-custodian",
    ),
    "the customer holds a share of what the provider controls": (
        lambda: Deployment(now=NOW).zone(members=(*PROVIDERS_CUSTODIANS, HOLDERS[0]), controller="provider"),
        "foreign-custodian",
    ),
    "somebody is of neither side": (lambda: Deployment(now=NOW).zone(members=strangers()), "foreign-person"),
    "somebody is of an organisation that has the customer's name alone": (
        lambda: zone_of_customer_with(
            replace(TOM, organisation=LUMEN.model_copy(update={"name": "Meridian"}))
        ),
        "foreign-person",
    ),
}


def zone_of_customer_with(other: Member) -> Chain:
    return Deployment(now=NOW).zone(members=(*CUSTODIANS, other))


def handed(chain: Chain, members: tuple[Member, ...], controller: str, **changes: object) -> Charter:
    """The next version: other people, and control with that side."""
    terms = chain.current.zone.model_copy(update={"controller": controller})
    people = in_order(one.person() for one in members)
    return chain.next_version(**({"people": people, "zone": terms} | changes))


def handing_over(
    chain: Chain,
    new: Charter,
    *,
    approvers: tuple[Member, ...],
    newcomers: tuple[Member, ...] = (),
    requester: Member = DINA,
) -> CharterLink:
    """The link to it."""
    return chain.link_to(new, requester=requester, approvers=approvers, newcomers=newcomers, now=NOW)


def to_provider(*approvers: Member, **changes: object) -> tuple[Chain, CharterLink]:
    """Control goes to the provider, which takes over key management, too."""
    chain = zone_of_customer()
    new = handed(chain, PROVIDERS_CUSTODIANS, "provider", **changes)
    return chain, handing_over(chain, new, approvers=approvers, newcomers=PROVIDERS_CUSTODIANS)


def to_customer(*approvers: Member) -> tuple[Chain, CharterLink]:
    """The customer takes the backup key over; the provider goes on managing keys."""
    chain = zone_of_provider()
    new = handed(chain, MIXED, "customer", rules=rules_of_two_sides())
    return chain, handing_over(chain, new, approvers=approvers, newcomers=HOLDERS, requester=NILS)


def turning_coats() -> tuple[Chain, CharterLink]:
    """The customer's people take control for the provider, as people of the provider."""
    chain = zone_of_customer()
    coats = tuple(replace(one, organisation=NORTHGATE) for one in CUSTODIANS)
    new = handed(chain, coats, "provider")
    return chain, handing_over(chain, new, approvers=(EMIL, FAY))


def turning_coats_under_new_ids() -> tuple[Chain, CharterLink]:
    """The same, each under a new name and id, with the same token."""
    chain = zone_of_customer()
    coats = []
    for one, name in zip(CUSTODIANS, ("Dino", "Emilio", "Fayola"), strict=True):
        coat = Member(name, NORTHGATE, (Role.KEY_MANAGER,), algorithm=one.algorithm)
        coat.__dict__["key"] = one.key
        coats.append(coat)
    new = handed(chain, tuple(coats), "provider")
    return chain, handing_over(chain, new, approvers=(EMIL, FAY), newcomers=tuple(coats))


HANDED_OVER: dict[str, Callable[[], tuple[Chain, CharterLink]]] = {
    "from customer to provider": lambda: to_provider(EMIL, FAY, ROSA, TOM),
    "from provider to customer": lambda: to_customer(ROSA, TOM, EMIL, FAY),
}

NOT_HANDED_OVER: dict[str, tuple[Callable[[], tuple[Chain, CharterLink]], str]] = {
    "the side that gives it up has not signed": (lambda: to_provider(ROSA, TOM), "not-authorised-old"),
    "one of the side that gives it up has signed": (
        lambda: to_provider(EMIL, ROSA, TOM),
        "not-authorised-old",
    ),
    "the side that gets it has not signed": (lambda: to_provider(EMIL, FAY), "not-authorised-new"),
    "one of the side that gets it has signed": (lambda: to_provider(EMIL, FAY, ROSA), "not-authorised-new"),
    "the customer's people take it by themselves": (lambda: to_customer(EMIL, FAY), "not-authorised-old"),
    "the provider's people impose it": (lambda: to_customer(ROSA, TOM), "not-authorised-new"),
    "people change sides": (turning_coats, "other-organisation"),
    "people change sides under new ids": (turning_coats_under_new_ids, "other-organisation"),
    "the service changes with it": (
        lambda: to_provider(
            EMIL,
            FAY,
            ROSA,
            TOM,
            zone=zone_of_provider().current.zone.model_copy(update={"service": LUMEN}),
        ),
        "other-terms",
    ),
}
