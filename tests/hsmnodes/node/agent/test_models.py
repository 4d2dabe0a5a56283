"""The service models on a node: whole HSM or slot, under the control of provider or customer, and both."""

from dataclasses import dataclass

import pytest

from hsmnodes.node.operations.registry import default_rules, rules_of_two_sides
from hsmnodes.node.protocol.documents import AuthorityKind, Proposal
from tests.cast.charters import Chain
from tests.cast.people import (
    CUSTODIANS,
    DINA,
    EMIL,
    FAY,
    GUS,
    LEA,
    MANAGERS_FOR_OTHERS,
    NILS,
    ROSA,
    TOM,
    ZONE_PEOPLE,
    Member,
)
from tests.cast.signing import changed, make_warrant
from tests.hsmnodes.node.agent.making import Site, charters, real_drivers
from tests.hsmnodes.node.protocol.controlling import (
    HOLDERS,
    PROVIDERS_CUSTODIANS,
    handed,
    zone_of_both,
    zone_of_customer,
    zone_of_provider,
)


@dataclass(frozen=True)
class Model:
    """How a service is given, and who does what in its zone."""

    mode: str
    make: object
    managers: tuple[Member, ...]
    custodians: tuple[Member, ...]

    @property
    def backup_key(self) -> str:
        return "MBK" if self.mode == "exclusive" else "TBK"


MODELS = {
    "exclusive, controlled by the provider": Model(
        "exclusive", zone_of_provider, MANAGERS_FOR_OTHERS, PROVIDERS_CUSTODIANS
    ),
    "exclusive, controlled by the customer": Model("exclusive", zone_of_customer, ZONE_PEOPLE, CUSTODIANS),
    "shared, controlled by the provider": Model(
        "shared", zone_of_provider, MANAGERS_FOR_OTHERS, PROVIDERS_CUSTODIANS
    ),
    "shared, controlled by the customer": Model("shared", zone_of_customer, ZONE_PEOPLE, CUSTODIANS),
    "exclusive, managed by the provider, controlled by the customer": Model(
        "exclusive", zone_of_both, MANAGERS_FOR_OTHERS, HOLDERS
    ),
    "shared, managed by the provider, controlled by the customer": Model(
        "shared", zone_of_both, MANAGERS_FOR_OTHERS, HOLDERS
    ),
}


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def model(request):
    return request.param


def prepare(site: Site, cast, model: Model) -> Chain:
    """The service started and the zone in its slot."""
    zone = model.make(cast)
    started = cast.start_service(site.at, mode=model.mode)
    assert site.send(started, cast.northgate, cast.meridian).outcome == "done"
    people = {one.id: one for one in (*model.managers[:2], *model.custodians[:2])}
    warrant = cast.create_slot(site.at, zone, backup_key=model.backup_key, managers=tuple(people.values()))
    receipt = site.send(warrant, zone)
    assert receipt.outcome == "done", receipt
    assert receipt.results["backup_key"]["kind"] == model.backup_key
    return zone


def ask(site: Site, cast, zone: Chain, operation: str, *people: Member, **parameters):
    """The receipt for what the first of these people requests and the others approve."""
    authority = zone.current.authority
    named = {"zone": {"id": authority.id, "name": authority.name}}
    proposal = cast.propose(operation, named | parameters, [zone], [site.at], people[0])
    return site.send(make_warrant(proposal, people[0], people[1:]), zone)


def make_key(site, cast, zone, *people, label="card-signing"):
    key = {"label": label, "algorithm": "ec-p256", "usages": ["sign"]}
    return ask(site, cast, zone, "key.generate/v1", *people, keys=[key])


def share(site, cast, zone, *people, holders):
    custodians = [one.holder for one in holders]
    split = {"epoch": 1, "share_set": 1, "threshold": 2, "custodians": custodians}
    return ask(site, cast, zone, "backup-key.share/v1", *people, **split)


def back_up(site, cast, zone, *people):
    return ask(site, cast, zone, "backup.take/v1", *people, what="all", keys=[])


def test_a_zone_is_founded_gets_a_slot_a_key_shares_and_a_backup(make_site, cast, model):
    site = make_site().enrolled()
    zone = prepare(site, cast, model)
    assert make_key(site, cast, zone, *model.managers).outcome == "done"
    receipt = share(site, cast, zone, *model.custodians, holders=model.custodians)
    assert [one["custodian"]["name"] for one in receipt.results["shares"]] == [
        one.name for one in model.custodians
    ]
    assert back_up(site, cast, zone, *model.custodians).outcome == "done"


def test_real_hsms_do_the_same_for_the_mixed_model(make_site, cast):
    site = make_site(drivers=real_drivers).enrolled()
    model = MODELS["exclusive, managed by the provider, controlled by the customer"]
    zone = prepare(site, cast, model)
    assert make_key(site, cast, zone, *model.managers).outcome == "done"
    assert share(site, cast, zone, *model.custodians, holders=model.custodians).outcome == "done"
    assert back_up(site, cast, zone, *model.custodians).outcome == "done"


# ------------------------------------------------------------------ the mixed model, attacked

BOTH = MODELS["shared, managed by the provider, controlled by the customer"]


@pytest.fixture
def mixed(make_site, cast):
    site = make_site().enrolled()
    return site, prepare(site, cast, BOTH)


def test_who_manages_keys_for_others_does_not_get_at_their_backup_key(mixed, cast):
    site, zone = mixed
    assert share(site, cast, zone, *MANAGERS_FOR_OTHERS, holders=HOLDERS).code == "quorum-not-met"
    assert share(site, cast, zone, *HOLDERS, holders=MANAGERS_FOR_OTHERS).code == "not-a-custodian"
    assert back_up(site, cast, zone, *MANAGERS_FOR_OTHERS).code == "quorum-not-met"
    assert not site.facts.holdings.share_sets


def test_who_holds_the_backup_key_does_not_manage_keys_thereby(mixed, cast):
    site, zone = mixed
    assert make_key(site, cast, zone, *HOLDERS).code == "quorum-not-met"
    assert not site.facts.holdings.keys


def test_who_manages_keys_for_others_cannot_amend_the_charter_alone(mixed, cast):
    site, zone = mixed
    taken = handed(zone, PROVIDERS_CUSTODIANS, "provider", rules=default_rules(AuthorityKind.ZONE))
    link = zone.link_to(
        taken, requester=NILS, approvers=(ROSA, TOM), newcomers=PROVIDERS_CUSTODIANS, now=cast.now
    )
    zone.links.append(link)
    report = site.deliver(charters(zone))
    assert report.refused.code == "not-authorised-old"
    [pinned] = [chain for place, chain in site.facts.chains.items() if place[0] is AuthorityKind.ZONE]
    assert len(pinned.charters) == 1


def test_a_slot_takes_those_who_hold_the_backup_key_and_those_who_manage_the_keys(make_site, cast):
    site = make_site().serving()
    zone = zone_of_both(cast)
    for signers in (MANAGERS_FOR_OTHERS[:2], HOLDERS[:2], (NILS, DINA, EMIL), (NILS, ROSA, DINA)):
        refused = site.send(cast.create_slot(site.at, zone, managers=signers), zone)
        assert refused.code == "quorum-not-met"
    assert not site.facts.holdings.slots


@pytest.mark.parametrize("controller", ["provider", "customer"])
def test_a_zone_that_is_not_controlled_as_it_says_gets_no_slot(make_site, cast, controller):
    members = (*CUSTODIANS, *PROVIDERS_CUSTODIANS)
    zone = cast.zone(members=members, controller=controller, rules=rules_of_two_sides())
    site = make_site().serving()
    receipt = site.send(cast.create_slot(site.at, zone, managers=(NILS, ROSA, DINA, EMIL)), zone)
    assert (receipt.outcome, receipt.code) == ("refused", "foreign-custodian")
    assert not site.pool.calls["install_backup_key"]


# ------------------------------------------------------------------ control changes hands


def hand_to_provider(cast, zone: Chain, *approvers: Member) -> None:
    terms = zone.current.zone.model_copy(update={"controller": "provider"})
    new = handed(zone, PROVIDERS_CUSTODIANS, "provider")
    zone.amend(
        requester=DINA,
        approvers=approvers,
        newcomers=PROVIDERS_CUSTODIANS,
        now=cast.now,
        people=new.people,
        zone=terms,
    )


def test_after_a_transfer_the_other_sides_people_hold_and_manage(make_site, cast):
    site = make_site().enrolled()
    zone = prepare(site, cast, MODELS["shared, controlled by the customer"])
    assert make_key(site, cast, zone, *ZONE_PEOPLE).outcome == "done"
    assert share(site, cast, zone, *CUSTODIANS, holders=CUSTODIANS).outcome == "done"
    [slot] = site.facts.holdings.slots.values()
    hand_to_provider(cast, zone, EMIL, FAY, ROSA, TOM)
    assert make_key(site, cast, zone, *ZONE_PEOPLE, label="late").code == "request-unknown-token"
    assert make_key(site, cast, zone, *MANAGERS_FOR_OTHERS, label="ours").outcome == "done"
    rotation = {"epoch": 2, "share_set": 2, "threshold": 2, "retired_kcv": slot.kcv}
    to_old = rotation | {"custodians": [one.holder for one in CUSTODIANS]}
    refused = ask(site, cast, zone, "backup-key.rotate/v1", *PROVIDERS_CUSTODIANS, **to_old)
    assert refused.code == "not-a-custodian"
    to_new = rotation | {"custodians": [one.holder for one in PROVIDERS_CUSTODIANS]}
    receipt = ask(site, cast, zone, "backup-key.rotate/v1", *PROVIDERS_CUSTODIANS, **to_new)
    assert receipt.outcome == "done", receipt
    assert receipt.results["keys"] == 2


@pytest.mark.parametrize(
    ("approvers", "code"),
    [((EMIL, FAY), "not-authorised-new"), ((ROSA, TOM), "not-authorised-old"), ((), "not-authorised-old")],
)
def test_a_transfer_that_one_side_has_not_signed_changes_nothing(make_site, cast, approvers, code):
    site = make_site().enrolled()
    zone = prepare(site, cast, MODELS["shared, controlled by the customer"])
    hand_to_provider(cast, zone, *approvers)
    assert site.deliver(charters(zone)).refused.code == code
    before = Chain(zone.members, zone.charters[:1], zone.links[:1])
    assert make_key(site, cast, before, *ZONE_PEOPLE).outcome == "done"


def test_a_zone_whose_control_went_over_is_still_the_one_that_its_customer_founded(make_site, cast):
    zone = zone_of_customer(cast)
    founding = cast.found_zone(zone)
    hand_to_provider(cast, zone, EMIL, FAY, ROSA, TOM)
    site = make_site().serving()
    warrant = cast.create_slot(site.at, zone, founding, managers=(ROSA, TOM))
    assert site.send(warrant, zone).outcome == "done"


def test_a_founding_that_names_another_controller_than_the_charter_founds_nothing(make_site, cast):
    zone = zone_of_customer(cast)
    good = Proposal.from_bytes(cast.found_zone(zone).proposal_bytes)
    told = changed(good, parameters=good.parameters | {"controller": "provider"})
    hand_to_provider(cast, zone, EMIL, FAY, ROSA, TOM)
    site = make_site().serving()
    warrant = cast.create_slot(site.at, zone, make_warrant(told, DINA, (GUS, LEA)), managers=(ROSA, TOM))
    assert site.send(warrant, zone).code == "other-terms"
