"""One warrant for every node of a zone: keys and backup key stay the same on all, whoever is away."""

from types import SimpleNamespace

import pytest

from hsmnodes.node.agent.backup_keys import check_value
from hsmnodes.node.drivers.errors import DriverError, ObjectExists
from hsmnodes.node.operations.context import BackupKey
from hsmnodes.node.operations.zone import moving
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.sealing import seal
from tests.cast.moving import extend_zone
from tests.cast.people import CUSTODIANS, named
from tests.hsmnodes.node.agent.gathering import give, open_boxes, open_ceremony
from tests.hsmnodes.node.agent.making import Cluster, CountingDrivers, real_drivers
from tests.hsmnodes.node.agent.rotating import backup_keys_in_hsm, kept_keys, slot_of, stated_key
from tests.hsmnodes.node.agent.stepping import Carrier

KEYS = [("cards", "ec-p256", ("sign",)), ("archive", "aes-256", ("encrypt", "decrypt"))]
NAMES = ("ams-1", "fra-1", "fra-2")


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def drivers(request):
    return request.param


class Trio:
    """Three nodes of a zone without keys."""

    def __init__(self, make_site, cast, zone, drivers=CountingDrivers) -> None:
        self.cast, self.zone = cast, zone
        self.sites = [make_site(name=name, drivers=drivers) for name in NAMES]
        self.cluster = Cluster(self.sites)
        first, *others = self.sites
        for site in self.sites:
            assert site.send(cast.start_service(site.at), cast.northgate, cast.meridian).outcome == "done"
        assert first.send(cast.create_slot(first.at, zone), zone).outcome == "done"
        for number, site in enumerate(others, start=2):
            slot = named(f"Slot {number}").model_dump()
            warrant = extend_zone(cast, site.at, first.at, zone, **stated_key(first, zone), slot=slot)
            assert Carrier(warrant, self.sites, [zone]).carry().outcome == "done"

    @property
    def others(self):
        return [site.at for site in self.sites[1:]]

    def carrier(self, make, *what, **options) -> Carrier:
        warrant = make(self.sites[0].at, self.zone, *what, others=self.others, **options)
        return Carrier(warrant, self.sites, [self.zone])

    def generating(self, *keys) -> Carrier:
        return self.carrier(self.cast.generate_keys, *(keys or KEYS))

    def rotating(self, **options) -> Carrier:
        kcv = slot_of(self.sites[0], self.zone).kcv
        return self.carrier(self.cast.rotate_backup_key, retired_kcv=kcv, share_set=1, **options)

    def in_step(self) -> bool:
        """Whether all nodes have the same keys under the same backup key, in journal and HSM."""
        seen = set()
        for site in self.sites:
            driver = site.node.parts.zones.driver(self.zone.current.authority.id)
            slot = slot_of(site, self.zone)
            keys = sorted((key.key_id, key.label, key.public_key) for key in driver.list_keys())
            said = site.node.parts.zones.inventory(self.zone.current.authority.id)
            living = site.facts.holdings.keys_of(self.zone.current.authority.id)
            said["check values"] = sorted(key.kcv or "" for key in living)
            seen.add((repr(keys), repr(said), driver.backup_key_kcv(bytes.fromhex(slot.backup_key_id))))
        return len(seen) == 1


@pytest.fixture
def trio(make_site, cast, zone):
    return Trio(make_site, cast, zone)


def names_in(results) -> set[str]:
    """Every name in results, but for the members of what is named."""
    if isinstance(results, list):
        return set().union(*map(names_in, results))
    if not isinstance(results, dict) or results.keys() == {"id", "name"}:
        return set()
    return set(results) | {name for inner in results.values() for name in names_in(inner)}


class TestKeys:
    def test_new_keys_reach_every_node(self, make_site, cast, zone, drivers):
        trio = Trio(make_site, cast, zone, drivers)
        receipt = trio.generating().carry()
        assert receipt.outcome == "done", receipt
        assert trio.in_step()
        assert len(trio.sites[2].facts.holdings.keys_of(zone.current.authority.id)) == 2

    def test_destroyed_keys_are_gone_from_every_node(self, trio):
        making = trio.generating()
        assert making.carry().outcome == "done"
        doomed = [(key["id"], key["label"]) for key in making.receipt(0).results["keys"]]
        assert trio.carrier(trio.cast.destroy_keys, *doomed).carry().outcome == "done"
        assert trio.in_step()
        assert trio.sites[1].facts.holdings.living_keys == 0

    def test_a_node_that_is_away_holds_up_nobody_else_and_gets_its_copy_when_it_is_back(self, trio):
        making, (_, away, third) = trio.generating(), trio.sites
        assert making.take(0).outcome == "done"
        away.stop()
        assert making.take(2).outcome == "done"
        for site in (trio.sites[0], third, away):
            site.clock.now += 20 * 24 * 3600
        away.start()
        trio.cluster.beat()
        assert making.take(1).outcome == "done"
        assert trio.in_step()

    def test_a_copy_is_good_under_the_charter_it_was_begun_under(self, trio):
        making = trio.generating()
        assert making.take(0).outcome == "done"
        trio.zone.amend(requester=CUSTODIANS[0], approvers=CUSTODIANS[1:3], now=trio.cast.now)
        for step in (1, 2):
            assert making.take(step).outcome == "done"
        assert trio.in_step()

    def test_copies_without_the_first_receipt_or_with_anothers_are_refused(self, trio):
        making, other = trio.generating(), trio.generating(("other", "ec-p256", ("sign",)))
        assert other.take(0).outcome == "done"
        assert making.take(0).outcome == "done"
        for receipts in ((), (other.said[0].envelope,)):
            assert making.take(1, receipts=receipts).outcome == "refused"
        foreign = making.take(1, enclosures=tuple(other.message(1).enclosures))
        assert foreign.code == "other-enclosure"
        assert making.take(1).outcome == "done"

    def test_a_first_node_cannot_slip_in_other_keys_than_were_signed_for(self, trio):
        """Its identity key is in wrong hands: its receipt and backup are good, and the keys are others."""
        making, other = trio.generating(), trio.generating(("other", "ec-p256", ("sign",)))
        assert [making.take(0).outcome, other.take(0).outcome] == ["done", "done"]
        honest = making.receipt(0)
        archive = other.receipt(0).results["archive_sha256"]
        results = honest.results | {"archive_sha256": archive}
        lie = trio.sites[0].node.parts.identity.sign(
            Purpose.RECEIPT, honest.model_copy(update={"results": results})
        )
        receipt = making.take(1, receipts=(lie,), enclosures=tuple(other.message(1).enclosures))
        assert (receipt.outcome, receipt.code) == ("refused", "other-backup")

    def test_the_same_id_with_other_bytes_is_refused_at_every_step(self, trio):
        making = trio.generating()
        assert making.carry().outcome == "done"
        twin = trio.carrier(
            trio.cast.generate_keys, ("twin", "ec-p256", ("sign",)), proposal=making.proposal.proposal
        )
        for step in range(3):
            message = twin.message(0).model_copy(update={"step": step})
            site = trio.sites[step]
            [said] = site.deliver(message).said
            assert site.read(said).code == "other-bytes"

    def test_what_was_destroyed_does_not_come_back_with_a_copy_that_was_kept_back(self, trio, zone):
        making = trio.generating()
        assert [making.take(step).outcome for step in (0, 2)] == ["done", "done"]
        doomed = [(key["id"], key["label"]) for key in making.receipt(0).results["keys"]]
        assert trio.carrier(trio.cast.destroy_keys, *doomed).carry().outcome == "done"
        assert making.take(1).code == "name-in-use"
        assert trio.in_step()

    def test_a_warrant_is_not_gone_on_with_for_ever(self, trio):
        making = trio.generating()
        assert making.take(0).outcome == "done"
        for site in trio.sites:
            site.clock.now += 31 * 24 * 3600
        trio.cluster.beat()
        assert making.take(1).code == "too-late"

    def test_a_copy_that_fails_leaves_nothing_and_the_others_have_theirs(self, trio, zone):
        making, second = trio.generating(), trio.sites[1]
        assert making.take(0).outcome == "done"
        calls = []

        def fail_at_the_second(method):
            if method == "unwrap_keys":
                raise ObjectExists("some are there")  # so that they are brought one by one
            if method == "unwrap_key":
                calls.append(method)
                if len(calls) == 2:
                    raise DriverError("full", ck=0x31)

        second.pool.fault = fail_at_the_second
        receipt = making.take(1)
        assert receipt.outcome == "failed", receipt
        second.pool.fault = lambda _method: None
        assert second.node.parts.zones.driver(zone.current.authority.id).list_keys() == []
        assert making.take(2).outcome == "done"


class TestBackupKeys:
    def test_a_share_set_is_known_on_every_node(self, trio, zone, cast):
        sharing = trio.carrier(cast.share_backup_key)
        assert sharing.carry().outcome == "done"
        shares = open_boxes(trio.sites[0], sharing.receipt(0), sharing.said[0], zone)
        site = trio.sites[2]
        ceremony = open_ceremony(site, cast.hold_drill(site.at, zone), zone)
        assert site.read(give(site, ceremony, shares, (1, 3))[1]).outcome == "done"

    def test_a_rotation_reaches_every_node_and_leaves_the_old_key_on_none(
        self, make_site, cast, zone, drivers
    ):
        trio = Trio(make_site, cast, zone, drivers)
        assert trio.generating().carry().outcome == "done"
        before = slot_of(trio.sites[0], zone)
        receipt = trio.rotating().carry()
        assert receipt.outcome == "done", receipt
        assert trio.in_step()
        for site in trio.sites:
            slot = slot_of(site, zone)
            assert slot.epoch == 2
            assert kept_keys(site, zone) == [slot.backup_key_id]
            found = backup_keys_in_hsm(site, zone, [before.backup_key_id, slot.backup_key_id])
            assert found == {slot.backup_key_id: slot.kcv}
            assert site.node.parts.zones._vault.names("one-time/") == []
        assert trio.generating(("later", "ec-p256", ("sign",))).carry().outcome == "done"
        assert trio.in_step()

    def test_all_that_they_say_has_titles_for_people(self, trio):
        for carrier in (trio.generating(), trio.rotating()):
            assert carrier.carry().outcome == "done"
            said = [names_in(carrier.receipt(step).results) for step in range(len(carrier.steps))]
            assert set.union(*said) <= set(carrier.operation.titles)

    def test_a_rotation_waits_until_every_node_has_offered(self, trio):
        rotating = trio.rotating()
        assert rotating.take(0).outcome == "done"
        message = rotating.message(0).model_copy(update={"step": 2, "receipts": (rotating.said[0].envelope,)})
        [said] = trio.sites[0].deliver(message).said
        assert trio.sites[0].read(said).code == "earlier-steps"
        assert rotating.carry().outcome == "done"
        assert trio.in_step()

    def test_a_node_that_is_away_after_it_offered_gets_the_key_when_it_is_back(self, trio):
        rotating = trio.rotating()
        assert [rotating.take(step).outcome for step in (0, 1, 2)] == ["done"] * 3
        away = trio.sites[1]
        away.stop()
        assert rotating.take(4).outcome == "done"
        away.start()
        trio.cluster.beat()
        assert rotating.take(3).outcome == "done"
        assert trio.in_step()

    def test_keys_made_meanwhile_under_another_backup_key_are_refused_until_the_node_is_in_step(self, trio):
        rotating = trio.rotating()
        assert [rotating.take(step).outcome for step in (0, 1, 2)] == ["done"] * 3
        making = trio.generating()
        assert making.take(0).outcome == "done"
        assert making.take(1).code == "other-backup-key"
        assert rotating.carry().outcome == "done"
        assert making.carry().outcome == "done"
        assert trio.in_step()

    def test_one_nodes_box_does_not_open_at_another(self, trio):
        rotating = trio.rotating()
        assert [rotating.take(step).outcome for step in (0, 1, 2)] == ["done"] * 3
        first, second = (rotating.message(step).enclosures[0] for step in (3, 4))
        assert rotating.take(3, enclosures=(second,)).code == "other-enclosure"
        made = rotating.receipt(2)
        moved = list(reversed(made.results["moved"]))
        lie = trio.sites[0].node.parts.identity.sign(
            Purpose.RECEIPT, made.model_copy(update={"results": made.results | {"moved": moved}})
        )
        receipt = rotating.take(3, receipts=(rotating.said[0].envelope, lie), enclosures=(second,))
        assert (receipt.outcome, receipt.code) == ("failed", "cannot-open")
        assert slot_of(trio.sites[1], trio.zone).epoch == 1
        assert first != second

    def test_a_first_node_with_a_stolen_identity_cannot_put_a_key_of_its_own_in(self, trio, zone):
        """Whoever has its identity key and not its HSM cannot vouch for a key by the one in force."""
        rotating = trio.rotating()
        assert [rotating.take(step).outcome for step in (0, 1, 2)] == ["done"] * 3
        made, offer = rotating.receipt(2), rotating.receipt(0)
        mine = b"k" * 32
        said = made.results["backup_key"] | {"kcv": check_value(mine)}
        first, second, _ = rotating.proposal.nodes
        request = SimpleNamespace(proposal=rotating.proposal)
        bound_to = moving.context(
            request, zone.current.authority.id, BackupKey(**said), sender=first, receiver=second
        )
        for plain in (mine, mine + bytes(32)):
            box = seal(plain, moving.one_time_key(offer), bound_to)
            moved = [made.results["moved"][0] | {"sealed_sha256": canonical.sha256_hex(box)}]
            results = made.results | {"backup_key": said, "moved": [*moved, made.results["moved"][1]]}
            lie = trio.sites[0].node.parts.identity.sign(
                Purpose.RECEIPT, made.model_copy(update={"results": results})
            )
            receipt = rotating.take(
                3, receipts=(rotating.said[0].envelope, lie), enclosures=(canonical.b64u(box),)
            )
            assert (receipt.outcome, receipt.code) == ("failed", "not-vouched-for")
            assert slot_of(trio.sites[1], zone).epoch == 1
            break

    @pytest.mark.parametrize("changes", [{"epoch": 7}, {"id": "0" * 32}, {"kind": "MBK"}])
    def test_the_next_key_is_the_next_of_this_slot(self, trio, changes):
        rotating = trio.rotating()
        assert [rotating.take(step).outcome for step in (0, 1, 2)] == ["done"] * 3
        made = rotating.receipt(2)
        results = made.results | {"backup_key": made.results["backup_key"] | changes}
        lie = trio.sites[0].node.parts.identity.sign(
            Purpose.RECEIPT, made.model_copy(update={"results": results})
        )
        receipt = rotating.take(3, receipts=(rotating.said[0].envelope, lie))
        assert (receipt.outcome, receipt.code) == ("refused", "other-backup-key")

    @pytest.mark.parametrize("method", ["install_backup_key", "backup_key_kcv"])
    def test_an_installation_that_fails_leaves_the_old_key_in_force(self, trio, zone, method):
        rotating, second = trio.rotating(), trio.sites[1]
        assert [rotating.take(step).outcome for step in (0, 1, 2)] == ["done"] * 3
        before = slot_of(second, zone)

        def fail(called):
            if called == method:
                raise DriverError("busy", ck=0x30)

        second.pool.fault = fail
        assert rotating.take(3).outcome == "failed"
        second.pool.fault = lambda _method: None
        second.node.advance()
        assert slot_of(second, zone) == before
        assert kept_keys(second, zone) == [before.backup_key_id]

    def test_the_new_key_is_in_no_message(self, trio, zone):
        rotating = trio.rotating()
        assert rotating.carry().outcome == "done"
        zones = trio.sites[0].node.parts.zones
        key = zones._backup_keys.kept(zone.current.authority.id, slot_of(trio.sites[0], zone).backup_key_id)
        passed = b"".join([*(one.envelope.raw for one in rotating.said.values()), *rotating.beside.values()])
        for spelling in (key, key.hex().encode(), canonical.b64u(key).encode()):
            assert spelling not in passed
