"""Splitting a zone's backup key on a node, on the fake driver and on SoftHSM2."""

import itertools

import pytest

from hsmnodes.node.drivers.errors import DriverDied
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.custody import KeyAtStake
from hsmnodes.node.protocol.documents import Proposal, Role
from hsmnodes.node.protocol.sharing import Share
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY, GUS, ZONE_PEOPLE
from tests.cast.signing import make_warrant
from tests.hsmnodes.node.agent.gathering import split
from tests.hsmnodes.node.agent.making import CountingDrivers, carrying, real_drivers


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def site(request, make_site, zone):
    return make_site(drivers=request.param).with_zone(zone)


def rebuilt(site, documents, receipt):
    """The key that some shares make."""
    one = next(iter(documents))
    at_stake = KeyAtStake(
        one.deployment,
        one.demo,
        one.zone,
        one.provider_founding,
        one.zone_founding,
        one.backup_key,
        one.epoch,
        one.kcv,
    )
    shares = [Share(each.index, canonical.b64u_decode(each.value)) for each in documents]
    return at_stake.rebuild(shares, threshold=one.threshold, commitment=receipt.results["commitment"])


def kept(site, zone) -> bytes:
    """The backup key as the node keeps it."""
    return site.node.parts.executor._hands._vault.get(f"zone/{zone.current.authority.id}/backup-key/1")


def test_any_two_of_three_custodians_rebuild_the_very_key_that_is_in_the_hsm(site, cast, zone):
    receipt, documents = split(site, cast.share_backup_key(site.at, zone), zone)
    driver = site.node.parts.executor._hands.driver(zone.current.authority.id)
    for two in itertools.combinations(documents.values(), 2):
        assert rebuilt(site, two, receipt) == kept(site, zone)
    assert {one.kcv for one in documents.values()} == {driver.backup_key_kcv(backup_key_of(site, zone))}


def backup_key_of(site, zone) -> bytes:
    """The id of the backup key in force."""
    return bytes.fromhex(site.facts.holdings.slots[zone.current.authority.id].backup_key_id)


def test_each_share_names_the_founding_charters_that_its_custodian_will_verify_from(site, cast, zone):
    _, documents = split(site, cast.share_backup_key(site.at, zone), zone)
    for one in documents.values():
        assert (one.provider_founding, one.zone_founding) == (cast.northgate.anchor, zone.anchor)


def test_a_reshared_key_is_the_same_and_old_shares_do_not_mix_with_new_ones(site, cast, zone):
    first, old = split(site, cast.share_backup_key(site.at, zone), zone)
    second, new = split(site, cast.share_backup_key(site.at, zone, CUSTODIANS[:2], share_set=2), zone)
    assert first.results["commitment"] == second.results["commitment"]
    assert rebuilt(site, new.values(), second) == rebuilt(site, [old[1], old[3]], first) == kept(site, zone)
    with pytest.raises(Exception, match="other-key"):
        rebuilt(site, [old[1], new[2]], second)


def test_a_start_finds_the_share_set_again(site, cast, zone):
    split(site, cast.share_backup_key(site.at, zone), zone)
    held = site.facts.holdings.share_sets
    site.start()
    assert site.facts.holdings.share_sets == held
    assert site.send(cast.share_backup_key(site.at, zone), zone).code == "other-share-set"


def test_an_attempt_that_breaks_off_is_made_again_and_only_one_set_leaves_the_node(make_site, cast, zone):
    site = make_site().with_zone(zone)
    broken = []

    def break_once(method):
        if method == "random" and not broken:
            broken.append(method)
            raise DriverDied("gone")

    site.pool.fault = break_once
    receipt, documents = split(site, cast.share_backup_key(site.at, zone), zone)
    assert broken
    assert rebuilt(site, [documents[1], documents[2]], receipt) == kept(site, zone)


def test_a_repeated_warrant_gets_the_same_boxes(site, cast, zone):
    warrant = cast.share_backup_key(site.at, zone)
    [first], [second] = (site.deliver(carrying(warrant, zone)).said for _ in range(2))
    assert first == second


WRONG = {
    "another epoch": ({"epoch": 2}, "other-epoch"),
    "a set that is not the next": ({"share_set": 2}, "other-share-set"),
    "more needed than there are": ({"threshold": 4}, "bad-threshold"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_split_that_does_not_fit_is_refused(make_site, cast, zone, case):
    site = make_site().with_zone(zone)
    changes, code = WRONG[case]
    assert site.send(cast.share_backup_key(site.at, zone, **changes), zone).code == code


def test_a_first_split_does_not_stand_for_a_later_one_nor_the_other_way(make_site, cast, zone):
    site = make_site().with_zone(zone)
    later = cast.propose(
        "backup-key.reshare/v1",
        parameters(cast, site, zone),
        [zone],
        [site.at],
        DINA,
    )
    assert site.send(sign(later), zone).code == "no-shares"
    split(site, cast.share_backup_key(site.at, zone), zone)
    again = parameters(cast, site, zone) | {"share_set": 2}
    first = cast.propose("backup-key.share/v1", again, [zone], [site.at], DINA)
    assert site.send(sign(first), zone).code == "shared-already"


def test_only_custodians_of_the_zone_s_charter_get_shares(make_site, cast):
    zone = cast.zone(members=(*CUSTODIANS[:2], FAY))
    site = make_site().with_zone(zone)
    assert site.send(cast.share_backup_key(site.at, zone), zone).code == "not-a-custodian"
    stranger = GUS.with_roles(Role.CUSTODIAN)
    warrant = cast.share_backup_key(site.at, zone, (*CUSTODIANS[:2], stranger))
    assert site.send(warrant, zone).code == "not-a-custodian"


def test_only_share_keys_that_the_charter_admits_are_sealed_to(make_site, cast, zone):
    site = make_site().with_zone(zone)
    holders = parameters(cast, site, zone)["custodians"]
    own = EMIL.second_key.share_key(EMIL).stated.public_key
    swapped = [holders[0], holders[1] | {"share_key": own}]
    assert (
        site.send(cast.share_backup_key(site.at, zone, custodians=swapped), zone).code == "no-such-share-key"
    )
    crossed = [holders[0], holders[1] | {"share_key": holders[0]["share_key"]}]
    assert (
        site.send(cast.share_backup_key(site.at, zone, custodians=crossed), zone).code == "no-such-share-key"
    )


def test_nobody_holds_two_shares_and_names_must_fit(make_site, cast, zone):
    site = make_site().with_zone(zone)
    holders = parameters(cast, site, zone)["custodians"]
    twice = cast.share_backup_key(site.at, zone, custodians=[holders[0], holders[0]])
    assert site.send(twice, zone).code == "custodian-twice"
    renamed = holders[0] | {"person": holders[0]["person"] | {"name": "Dinah"}}
    other = cast.share_backup_key(site.at, zone, custodians=[renamed, holders[1]])
    assert site.send(other, zone).code == "other-name"


def test_a_zone_without_custodians_cannot_split_its_key(make_site, cast):
    zone = cast.zone(members=ZONE_PEOPLE)
    site = make_site().with_zone(zone)
    assert site.send(cast.share_backup_key(site.at, zone), zone).code == "not-a-custodian"


def parameters(cast, site, zone) -> dict:
    """Those of a good first split."""
    return dict(Proposal.from_bytes(cast.share_backup_key(site.at, zone).proposal_bytes).parameters)


def sign(proposal):
    """By the people who may."""
    return make_warrant(proposal, DINA, (EMIL, FAY))
