"""Zones that move from node to node: the backup key goes to the node that people signed for, to no other."""

from hashlib import sha256
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hsmnodes.node.agent import zones as zones_module
from hsmnodes.node.agent.messages import WarrantMessage
from hsmnodes.node.drivers.errors import DriverDied, DriverError
from hsmnodes.node.drivers.values import SignMechanism
from hsmnodes.node.operations.context import BackupKey
from hsmnodes.node.operations.zone import moving
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Receipt
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.sealing import seal
from tests.cast.moving import extend_zone
from tests.cast.people import CUSTODIANS, named
from tests.hsmnodes.node.agent.gathering import give, open_ceremony, split
from tests.hsmnodes.node.agent.making import CountingDrivers, links, real_drivers
from tests.hsmnodes.node.agent.moving import KEYS, Pair, has_zone, keys_in, one_time_keys
from tests.hsmnodes.node.agent.rotating import slot_of, stated_key
from tests.hsmnodes.node.agent.stepping import Carrier


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def drivers(request):
    return request.param


@pytest.fixture
def pair(make_site, cast, zone):
    return Pair(make_site, cast, zone)


class TestExtending:
    def test_the_zone_is_on_both_nodes_with_the_same_keys(self, make_site, cast, zone, drivers):
        pair = Pair(make_site, cast, zone, drivers)
        receipt = pair.extending().carry()
        assert receipt.outcome == "done", receipt
        assert keys_in(pair.second, zone) == keys_in(pair.first, zone)
        here, there = slot_of(pair.first, zone), slot_of(pair.second, zone)
        assert (there.epoch, there.kcv, there.backup_key_id) == (here.epoch, here.kcv, here.backup_key_id)
        assert one_time_keys(pair.second) == []
        known = [set(site.facts.holdings.keys_of(zone.current.authority.id)) for site in pair.sites]
        assert known[0] == known[1]

    def test_a_signature_made_there_verifies_with_the_public_key_from_before(self, make_site, cast, zone):
        pair = Pair(make_site, cast, zone, real_drivers)
        assert pair.extending().carry().outcome == "done"
        made = next(key for key in pair.made if key["label"] == "cards")
        driver = pair.second.node.parts.zones.driver(zone.current.authority.id)
        digest = sha256(b"a payment").digest()
        signature = driver.sign(bytes.fromhex(made["id"]), digest, SignMechanism.ECDSA)
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        public = load_der_public_key(canonical.b64u_decode(made["public_key"]))
        public.verify(encode_dss_signature(r, s), b"a payment", ec.ECDSA(hashes.SHA256()))

    def test_it_survives_a_restart_between_any_two_steps(self, pair, zone):
        carrier = pair.extending()
        for step in range(3):
            assert carrier.take(step).outcome == "done"
            for site in pair.sites:
                site.start()
            pair.cluster.beat()
        assert keys_in(pair.second, zone) == keys_in(pair.first, zone)
        assert one_time_keys(pair.second) == []

    def test_each_step_is_taken_once_and_answers_the_same_again(self, pair):
        carrier = pair.extending()
        first = [carrier.take(step) for step in range(3)]
        acts = [site.pool.acts for site in pair.sites]
        assert [carrier.take(step) for step in range(3)] == first
        assert [site.pool.acts for site in pair.sites] == acts

    def test_it_is_good_after_the_warrant_expired_once_it_was_begun(self, pair):
        carrier = pair.extending()
        assert carrier.take(0).outcome == "done"
        for site in pair.sites:
            site.clock.now += 6 * 24 * 3600
        pair.cluster.beat()
        assert carrier.carry().outcome == "done"

    @pytest.mark.parametrize("taken", [1, 2])
    def test_an_offer_is_not_good_for_ever(self, pair, zone, taken):
        """Whoever kept the rest back would else bring a backup key in that was rotated out since."""
        carrier = pair.extending()
        for step in range(taken):
            assert carrier.take(step).outcome == "done"
        for site in pair.sites:
            site.clock.now += 8 * 24 * 3600
        pair.cluster.beat()
        assert carrier.take(taken).code == "offer-expired"
        pair.second.node.advance()
        assert one_time_keys(pair.second) == []
        assert not has_zone(pair.second, zone)

    def test_it_cannot_be_begun_too_late(self, pair):
        carrier = pair.extending()
        for site in pair.sites:
            site.clock.now += 30 * 24 * 3600
        pair.cluster.beat()
        assert carrier.take(0).outcome == "refused"

    def test_shares_rebuild_the_key_of_both_nodes(self, pair, cast, zone):
        _, shares = split(pair.first, cast.share_backup_key(pair.first.at, zone), zone)
        assert pair.extending().carry().outcome == "done"
        ceremony = open_ceremony(pair.second, cast.hold_drill(pair.second.at, zone), zone)
        assert pair.second.read(give(pair.second, ceremony, shares, (1, 2))[1]).outcome == "done"

    def test_a_zone_without_keys_moves_too(self, make_site, cast, zone):
        pair = Pair(make_site, cast, zone, keys=KEYS[:1])
        [key] = pair.made
        assert (
            pair.first.send(cast.destroy_keys(pair.first.at, zone, (key["id"], key["label"]))).outcome
            == "done"
        )
        assert pair.extending().carry().outcome == "done"
        assert keys_in(pair.second, zone) == {}

    @pytest.mark.parametrize("fault", [DriverError, DriverDied], ids=["fails", "dies"])
    @pytest.mark.parametrize("method", ["initialise", "install_backup_key", "unwrap_keys"])
    def test_an_arrival_that_breaks_off_leaves_the_whole_zone_or_nothing(self, pair, zone, method, fault):
        carrier, broke = pair.extending(), []
        assert [carrier.take(step).outcome for step in (0, 1)] == ["done", "done"]

        def break_once(called):
            if called == method and not broke:
                broke.append(called)
                raise fault("out of order")

        pair.second.pool.fault = break_once
        receipt = carrier.take(2)
        assert broke
        if receipt.outcome == "done":
            assert keys_in(pair.second, zone) == keys_in(pair.first, zone)
        else:
            assert receipt.outcome == "failed"
            assert not has_zone(pair.second, zone)
            assert list((pair.second.config.state / "zones").glob("*")) == []
            assert pair.extending().carry().outcome == "done"


REFUSED = {
    "another check value": ({"kcv": "000000"}, 1, "other-backup-key"),
    "another epoch": ({"epoch": 2}, 1, "other-backup-key"),
    "another kind of backup key": ({"backup_key": "MBK"}, 0, "wrong-backup-key"),
    "another receiver than is named": ({"receiver": named("ams-2").model_dump()}, 0, "other-node"),
    "another sender than is named": ({"sender": named("ams-2").model_dump()}, 0, "other-node"),
    "a service that is not there": ({"service": named("Other").model_dump()}, 0, "no-such-service"),
}


class TestAttacks:
    """The backup key leaves a node only for one that people signed for and that is enrolled."""

    @pytest.mark.parametrize("case", REFUSED)
    def test_what_does_not_fit_is_refused(self, pair, zone, case):
        changes, at_step, code = REFUSED[case]
        carrier = pair.extending(**changes)
        for step in range(at_step):
            assert carrier.take(step).outcome == "done"
        receipt = carrier.take(at_step)
        assert (receipt.outcome, receipt.code) == ("refused", code)
        assert not has_zone(pair.second, zone)

    def test_a_made_up_node_gets_nothing(self, make_site, pair, cast, zone):
        """People were shown a node that no quorum enrolled: the warrant is good, and the sender refuses."""
        stranger = make_site(name="evil-1")
        warrant = extend_zone(cast, stranger.at, pair.first.at, zone, **stated_key(pair.first, zone))
        carrier = Carrier(warrant, [stranger, pair.first], [zone])
        results = {"one_time_key": canonical.b64u(bytes(32))}
        receipt = made_up_receipt(carrier, stranger, results)
        before = pair.first.pool.acts
        answer = carrier.site(1).deliver(carrier_message(carrier, receipts=(receipt,)))
        [said] = answer.said
        assert pair.first.read(said).code == "unknown-node"
        assert pair.first.pool.acts == before

    def test_an_offer_in_the_name_of_an_enrolled_node_needs_its_identity_key(
        self, make_site, pair, cast, zone
    ):
        """Whoever owns broker and console makes up the receipt with a one-time key of their own."""
        stranger, carrier = make_site(name="evil-1"), pair.extending()
        assert carrier.take(0).outcome == "done"
        payload = carrier.receipt(0).model_copy(
            update={"results": {"one_time_key": canonical.b64u(b"k" * 32)}}
        )
        forged = stranger.node.parts.identity.sign(Purpose.RECEIPT, payload)
        swapped = forged.model_copy(update={"node": pair.second.config.node.id})
        for envelope in (forged, swapped):
            receipt = carrier.take(1, receipts=(envelope,))
            assert receipt.outcome == "refused"
            assert receipt.code in ("wrong-node", "bad-signature")

    def test_receipts_of_other_proposals_steps_and_outcomes_do_not_count(self, pair):
        carrier, other = pair.extending(), pair.extending()
        assert carrier.take(0).outcome == "done"
        assert other.take(0).outcome == "done"
        good = carrier.receipt(0)
        sign = pair.second.node.parts.identity.sign
        cases = [
            (),
            (other.said[0].envelope,),
            (carrier.said[0].envelope, carrier.said[0].envelope),
            (sign(Purpose.HEARTBEAT, good),),
            (sign(Purpose.RECEIPT, good.model_copy(update={"step": 2})),),
            (sign(Purpose.RECEIPT, good.model_copy(update={"outcome": "refused", "code": "no"})),),
            (sign(Purpose.RECEIPT, good.model_copy(update={"results": {}})),),
            (sign(Purpose.RECEIPT, good.model_copy(update={"node": named("ams-9")})),),
        ]
        for receipts in cases:
            assert carrier.take(1, receipts=receipts).outcome == "refused"
        assert carrier.take(1).outcome == "done"

    def test_the_receiver_believes_its_own_journal_and_not_a_receipt_of_its_own_hand(self, pair):
        """A receipt with its own signature that its journal does not have is of a state that was lost."""
        carrier = pair.extending()
        assert [carrier.take(step).outcome for step in (0, 1)] == ["done", "done"]
        altered = carrier.receipt(0).model_copy(update={"at": carrier.receipt(0).at + 1})
        mine = pair.second.node.parts.identity.sign(Purpose.RECEIPT, altered)
        receipt = carrier.take(2, receipts=(mine, carrier.said[1].envelope))
        assert (receipt.outcome, receipt.code) == ("refused", "earlier-steps")
        assert carrier.take(2).outcome == "done"

    @pytest.mark.parametrize(
        "results",
        [
            {},
            {"share_set": {"number": 1}},
            {"share_set": None, "backup_key": {"kind": "TBK", "epoch": "1", "kcv": "000000", "id": "x"}},
            {"sealed_sha256": 7},
            {"more": "than is known"},
        ],
    )
    def test_a_peer_whose_results_are_malformed_is_refused_and_harms_nobody(self, pair, zone, results):
        carrier = pair.extending()
        assert [carrier.take(step).outcome for step in (0, 1)] == ["done", "done"]
        sent = carrier.receipt(1)
        odd = {name: value for name, value in sent.results.items() if results} | results
        lie = pair.first.node.parts.identity.sign(Purpose.RECEIPT, sent.model_copy(update={"results": odd}))
        receipt = carrier.take(2, receipts=(carrier.said[0].envelope, lie))
        assert receipt.outcome == "refused"
        pair.second.start()
        pair.cluster.beat()
        assert carrier.take(2).outcome == "done"

    def test_a_peer_with_a_stolen_identity_cannot_put_its_own_backup_key_in(self, pair, zone):
        """It has not the zone's backup key, and finds one of its own with the same check value."""
        carrier = pair.extending()
        assert [carrier.take(step).outcome for step in (0, 1)] == ["done", "done"]
        zones, sent = pair.second.node.parts.zones, carrier.receipt(1)
        key = BackupKey(**sent.results["backup_key"])
        nodes = dict(zip(("receiver", "sender"), carrier.proposal.nodes, strict=True))
        request = SimpleNamespace(proposal=carrier.proposal)
        bound_to = moving.context(request, zone.current.authority.id, key, **nodes)
        mine = seal(b"k" * 32, moving.one_time_key(carrier.receipt(0)), bound_to)
        results = sent.results | {"sealed_sha256": canonical.sha256_hex(mine)}
        lie = pair.first.node.parts.identity.sign(
            Purpose.RECEIPT, sent.model_copy(update={"results": results})
        )
        archive = carrier.beside[sent.results["archive_sha256"]]
        with patch.object(zones_module, "check_value", lambda _key: key.kcv):
            receipt = carrier.take(
                2,
                receipts=(carrier.said[0].envelope, lie),
                enclosures=(canonical.b64u(mine), canonical.b64u(archive)),
            )
        assert (receipt.outcome, receipt.code) == ("failed", "other-key")
        assert not has_zone(pair.second, zone)
        assert zones is not None

    def test_a_box_for_one_move_opens_in_no_other(self, pair, zone):
        first, second = pair.extending(), pair.extending(slot=named("Slot 3").model_dump())
        for carrier in (first, second):
            assert [carrier.take(step).outcome for step in (0, 1)] == ["done", "done"]
        stolen = first.beside[first.receipt(1).results["sealed_sha256"]]
        sent = second.receipt(1)
        results = sent.results | {"sealed_sha256": canonical.sha256_hex(stolen)}
        forged = pair.first.node.parts.identity.sign(
            Purpose.RECEIPT, sent.model_copy(update={"results": results})
        )
        archive = second.beside[sent.results["archive_sha256"]]
        receipt = second.take(
            2,
            receipts=(second.said[0].envelope, forged),
            enclosures=(canonical.b64u(stolen), canonical.b64u(archive)),
        )
        assert (receipt.outcome, receipt.code) == ("failed", "cannot-open")
        assert not has_zone(pair.second, zone)

    def test_other_bytes_beside_it_are_refused_and_the_right_ones_then_taken(self, pair):
        carrier = pair.extending()
        assert [carrier.take(step).outcome for step in (0, 1)] == ["done", "done"]
        good = carrier.message(2).enclosures
        for enclosures in ((), good[:1], (*good, canonical.b64u(b"more")), (good[0], good[0])):
            assert carrier.take(2, enclosures=enclosures).code == "other-enclosure"
        assert carrier.take(2).outcome == "done"

    def test_steps_cannot_be_taken_out_of_turn_or_by_others(self, pair):
        carrier = pair.extending()
        for step, site in ((0, pair.first), (1, pair.second), (2, pair.first), (3, pair.second)):
            message = carrier.message(0).model_copy(update={"step": step})
            [said] = site.deliver(message).said
            assert site.read(said).code == "other-node"
        assert pair.second.read(
            pair.second.deliver(carrier.message(0).model_copy(update={"step": 2})).said[0]
        ).code == ("earlier-steps")

    def test_neither_broker_nor_console_ever_sees_the_key(self, pair, zone):
        carrier = pair.extending()
        assert carrier.carry().outcome == "done"
        zones = pair.first.node.parts.zones
        key = zones._backup_keys.kept(zone.current.authority.id, slot_of(pair.first, zone).backup_key_id)
        passed = b"".join([*(one.envelope.raw for one in carrier.said.values()), *carrier.beside.values()])
        for spelling in (key, key.hex().encode(), canonical.b64u(key).encode()):
            assert spelling not in passed


def made_up_receipt(carrier, site, results):
    """A receipt of step 0 by a node that is not enrolled, signed by its own identity."""
    receipt = Receipt(
        deployment=site.config.deployment,
        node=site.config.node,
        proposal=carrier.proposal.proposal,
        proposal_hash=carrier.proposal.sha256,
        operation=carrier.proposal.operation,
        step=0,
        outcome="done",
        code=None,
        detail="Offered.",
        results=results,
        sequence=1,
        previous="0" * 64,
        at=carrier.proposal.not_before,
    )
    return site.node.parts.identity.sign(Purpose.RECEIPT, receipt)


def carrier_message(carrier, *, receipts):
    return WarrantMessage(
        step=1,
        warrant=canonical.b64u(carrier.warrant.raw),
        charters=links(*carrier.chains),
        receipts=receipts,
    )
