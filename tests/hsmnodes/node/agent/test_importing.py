"""A zone comes to another node: custodians bring the backup key, and a backup its keys."""

import pytest

from hsmnodes.node.drivers.errors import DriverDied
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import read_backup
from tests.cast.backups import import_backup_key, restore_backup, take_backup
from tests.cast.contributing import contribute
from tests.cast.people import CUSTODIANS, DINA
from tests.hsmnodes.node.agent.gathering import give, open_ceremony, read_answer, split
from tests.hsmnodes.node.agent.making import Cluster, CountingDrivers, carrying, real_drivers

KEYS = [("cards", "ec-p256", ("sign",)), ("archive", "aes-256", ("encrypt", "decrypt"))]


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def drivers(request):
    return request.param


class Pair:
    """ams-1 with a zone whose backup key is split, and fra-1, which has only the service."""

    def __init__(self, make_site, cast, zone, drivers=CountingDrivers) -> None:
        self.cast, self.zone = cast, zone
        self.first, self.second = (make_site(name=name, drivers=drivers) for name in ("ams-1", "fra-1"))
        self.cluster = Cluster([self.first, self.second])
        for site in (self.first, self.second):
            assert site.send(cast.start_service(site.at), cast.northgate, cast.meridian).outcome == "done"
        assert self.first.send(cast.create_slot(self.first.at, zone), zone).outcome == "done"
        self.receipt, self.shares = split(self.first, cast.share_backup_key(self.first.at, zone), zone)

    @property
    def known(self) -> dict:
        """What is known of the key and its share set."""
        slot = self.first.facts.holdings.slots[self.zone.current.authority.id]
        last = self.first.facts.holdings.share_sets[self.zone.current.authority.id]
        return {
            "epoch": slot.epoch,
            "kcv": slot.kcv,
            "commitment": last.commitment,
            "share_set": last.number,
            "threshold": last.threshold,
            "holders": [
                {
                    "index": one.index,
                    "custodian": one.person.model_dump(),
                    "credential_id": one.credential_id,
                    "commitment": one.commitment,
                }
                for one in last.holders
            ],
        }

    def warrant(self, **changes):
        return import_backup_key(self.cast, self.second.at, self.zone, self.known, **changes)

    def bring(self, **changes):
        """The receipt of an import, with the first two shares."""
        ceremony = open_ceremony(self.second, self.warrant(**changes), self.zone)
        return self.second.read(give(self.second, ceremony, self.shares, (1, 2))[1])


@pytest.fixture
def pair(make_site, cast, zone):
    return Pair(make_site, cast, zone)


def driver_of(site, zone):
    return site.node.parts.executor._hands.driver(zone.current.authority.id)


def test_custodians_bring_the_key_and_a_backup_brings_the_keys(make_site, cast, zone, drivers):
    pair = Pair(make_site, cast, zone, drivers)
    made = pair.first.send(cast.generate_keys(pair.first.at, zone, *KEYS)).results["keys"]
    [said] = pair.first.deliver(carrying(take_backup(cast, pair.first.at, zone))).said
    backup = read_backup(canonical.b64u_decode(said.attachments[0].data))
    receipt = pair.bring()
    assert receipt.outcome == "done", receipt
    assert receipt.results["backup_key"]["kcv"] == pair.known["kcv"]
    warrant = restore_backup(cast, pair.second.at, zone, backup, {label: "create" for label, *_ in KEYS})
    message = carrying(warrant).model_copy(update={"enclosures": (canonical.b64u(backup.data),)})
    [said] = pair.second.deliver(message).said
    assert pair.second.read(said).outcome == "done"
    there = {key.key_id.hex(): key.label for key in driver_of(pair.second, zone).list_keys()}
    assert there == {key["id"]: key["label"] for key in made}


def test_the_zone_goes_on_there_as_if_it_had_always_been(pair, zone, cast):
    assert pair.bring().outcome == "done"
    site = pair.second
    site.start()
    pair.cluster.beat()
    assert site.facts.holdings.share_sets[zone.current.authority.id].number == 1
    assert site.send(cast.generate_keys(site.at, zone, KEYS[0])).outcome == "done"
    ceremony = open_ceremony(site, cast.hold_drill(site.at, zone), zone)
    assert site.read(give(site, ceremony, pair.shares, (2, 3))[1]).outcome == "done"


def test_nothing_is_made_before_the_shares_are_in_and_they_must_be_of_this_key(pair, zone):
    ceremony = open_ceremony(pair.second, pair.warrant(), zone)
    assert pair.second.facts.holdings.slots == {}
    wrong = pair.shares[1].model_copy(update={"value": canonical.b64u(bytes(32))})
    [said] = pair.second.deliver(contribute(ceremony, DINA, wrong)).said
    assert read_answer(pair.second, said).code == "altered-share"


@pytest.mark.parametrize("changes", [{"kcv": "000000"}, {"commitment": "0" * 64}])
def test_what_people_signed_of_the_key_must_be_true(pair, zone, changes):
    """No share is of the key that was signed for: nothing is made, and nobody is blamed."""
    ceremony = open_ceremony(pair.second, pair.warrant(**changes), zone)
    said = []
    for index, member in ((1, CUSTODIANS[0]), (2, CUSTODIANS[1])):
        said = pair.second.deliver(contribute(ceremony, member, pair.shares[index])).said
    [answer] = said
    refused = read_answer(pair.second, answer)
    assert refused.code == "other-share"
    assert "not the one that was signed for" in refused.detail
    assert pair.second.facts.holdings.slots == {}


REFUSED = {
    "a service that is not here": ({"service": {"id": "0" * 32, "name": "Other"}}, "no-such-service"),
    "a backup key of another kind": ({"backup_key": "MBK"}, "wrong-backup-key"),
    "more needed than there are": ({"threshold": 4}, "bad-threshold"),
    "another zone's charter": ({"zone_charter": "0" * 64}, "other-anchor"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_import_that_does_not_fit_opens_nothing(pair, case):
    changes, code = REFUSED[case]
    [said] = pair.second.deliver(carrying(pair.warrant(**changes), pair.zone)).said
    receipt = pair.second.read(said)
    assert receipt.outcome == "refused"
    assert receipt.code in (code, "no-charter")
    assert not pair.second.facts.gatherings


def test_a_zone_that_has_a_slot_here_is_not_imported(pair, zone, cast):
    warrant = import_backup_key(cast, pair.first.at, zone, pair.known)
    assert pair.first.send(warrant, zone).code == "slot-exists"


def test_without_the_customer_s_consent_to_the_zone_nothing_is_opened(pair, zone):
    bare = pair.warrant().model_copy(update={"evidence": ()})
    assert pair.second.send(bare, zone).code == "evidence"


@pytest.mark.parametrize("method", ["initialise", "install_backup_key", "backup_key_kcv"])
def test_an_import_that_breaks_off_is_finished(pair, zone, method):
    broken = []

    def break_once(called):
        if called == method and not broken:
            broken.append(called)
            raise DriverDied("gone")

    pair.second.pool.fault = break_once
    assert pair.bring().outcome == "done"
    assert broken
    assert driver_of(pair.second, zone) is not None
