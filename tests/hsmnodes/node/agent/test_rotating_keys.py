"""Rotating keys: a new key in the place of each, under the backup key in force; the old ones stay."""

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding

from hsmnodes.node.drivers.errors import DriverDied
from hsmnodes.node.operations.holdings import Key
from hsmnodes.node.operations.said import MOST_AT_ONCE
from tests.cast.backups import restore_backup
from tests.cast.deployment import PAYMENTS
from tests.cast.people import CUSTODIANS, make_id
from tests.hsmnodes.node.agent.gathering import open_boxes, split
from tests.hsmnodes.node.agent.making import CountingDrivers, carrying, real_drivers
from tests.hsmnodes.node.agent.rotating import blobs_of, rebuilt, rotate_warrant
from tests.hsmnodes.node.agent.test_backups import back_up, destroy, give
from tests.hsmnodes.node.agent.test_rotation import opens, rebuilt_of
from tests.hsmnodes.node.agent.test_settling import fail_at
from tests.hsmnodes.node.agent.test_several_nodes import Trio

KEYS = [("pair", "ec-p256", ("sign",)), ("secret", "aes-256", ("decrypt", "encrypt"))]


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def site(request, make_site, zone):
    return make_site(drivers=request.param).with_zone(zone)


@pytest.fixture
def fake(make_site, zone):
    return make_site().with_zone(zone)


def generate(site, cast, zone):
    """Each key of KEYS: its id with its label, and what it is."""
    made = site.send(cast.generate_keys(site.at, zone, *KEYS)).results["keys"]
    return [
        ((key["id"], label), algorithm, usages)
        for key, (label, algorithm, usages) in zip(made, KEYS, strict=True)
    ]


def successors(keys, *, version=2):
    return [
        ((old_id, label), f"{label} v{version}", algorithm, usages)
        for (old_id, label), algorithm, usages in keys
    ]


def stored(site):
    return {key.label: key for key in site.node.parts.zones.driver(PAYMENTS.id).list_keys()}


def test_new_keys_are_made_in_the_place_of_others_which_stay(site, cast, zone):
    old = generate(site, cast, zone)
    before = stored(site)
    receipt = site.send(cast.rotate_keys(site.at, zone, *successors(old)))
    assert receipt.outcome == "done", receipt
    assert [key["replaces"] for key in receipt.results["keys"]] == [old_id for (old_id, _), *_ in old]
    after = stored(site)
    assert set(after) == {"pair", "secret", "pair v2", "secret v2"}
    for label in ("pair", "secret"):
        new = after[f"{label} v2"]
        assert after[label] == before[label]
        assert (new.algorithm, new.usages) == (before[label].algorithm, before[label].usages)
        assert new.key_id != before[label].key_id
    assert after["pair v2"].public_key != before["pair"].public_key
    living = {key.label for key in site.facts.holdings.keys_of(PAYMENTS.id)}
    assert living == set(after)


def test_after_a_rotation_of_the_backup_key_nothing_old_opens_them(site, cast, zone):
    """The shares of the retired key, and every backup from before, are in the wrong hands."""
    _, old_shares = split(site, cast.share_backup_key(site.at, zone), zone)
    old = generate(site, cast, zone)
    [said] = site.deliver(carrying(rotate_warrant(site, cast, zone), zone)).said
    receipt = site.read(said)
    new_key = rebuilt(list(open_boxes(site, receipt, said, zone).values())[:2], receipt)
    [said] = site.deliver(carrying(cast.rotate_keys(site.at, zone, *successors(old)))).said
    blobs = blobs_of(said)
    assert len(blobs) == 2
    assert opens(rebuilt_of(old_shares), blobs) == [False, False]
    assert all(aes_key_unwrap_with_padding(new_key, blob) for blob in blobs.values())


def test_they_are_rotated_on_every_node_of_the_zone(make_site, cast, zone):
    trio = Trio(make_site, cast, zone)
    making = trio.generating(*KEYS)
    assert making.carry().outcome == "done"
    old = [
        ((key["id"], label), algorithm, usages)
        for key, (label, algorithm, usages) in zip(making.receipt(0).results["keys"], KEYS, strict=True)
    ]
    rotating = trio.carrier(cast.rotate_keys, *successors(old))
    assert rotating.carry().outcome == "done"
    assert trio.in_step()
    assert len(trio.sites[2].facts.holdings.keys_of(PAYMENTS.id)) == 4


def test_a_node_that_never_had_the_old_key_gets_the_new_one(make_site, cast, zone):
    trio = Trio(make_site, cast, zone)
    making = trio.generating(KEYS[0])
    assert [making.take(step).outcome for step in (0, 2)] == ["done", "done"]  # the second node is away
    [key] = making.receipt(0).results["keys"]
    old = ((key["id"], key["label"]), *KEYS[0][1:])
    assert trio.carrier(cast.rotate_keys, *successors([old])).carry().outcome == "done"
    assert {key.label for key in trio.sites[1].facts.holdings.keys_of(PAYMENTS.id)} == {"pair v2"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (lambda old: [((make_id("none"), "pair"), "pair v2", "ec-p256", ("sign",))], "no-such-key"),
        (lambda old: [((old[0][0], "other"), "pair v2", "ec-p256", ("sign",))], "other-name"),
        (lambda old: [(old[0], "pair v2", "ec-p384", ("sign",))], "other-algorithm"),
        (lambda old: [(old[1], "secret v2", "aes-256", ("decrypt",))], "other-usages"),
        (lambda old: [(old[0], "PAIR", "ec-p256", ("sign",))], "name-in-use"),
        (lambda old: [(old[0], "secret", "ec-p256", ("sign",))], "name-in-use"),
        (lambda old: [(old[0], name, "ec-p256", ("sign",)) for name in ("one", "two")], "key-twice"),
        (
            lambda old: [
                (old[0], "one", "ec-p256", ("sign",)),
                (old[1], "ONE", "aes-256", ("decrypt", "encrypt")),
            ],
            "name-twice",
        ),
    ],
    ids=[
        "unknown",
        "other label",
        "other kind",
        "other usages",
        "its own label",
        "another's label",
        "twice",
        "one label",
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_made(fake, cast, zone, changed, code):
    old = [one for one, *_ in generate(fake, cast, zone)]
    receipt = fake.send(cast.rotate_keys(fake.at, zone, *changed(old)))
    assert (receipt.outcome, receipt.code) == ("refused", code)
    assert set(stored(fake)) == {"pair", "secret"}


def test_a_key_that_could_only_encrypt_gets_no_successor_that_decrypts(fake, cast, zone):
    made = fake.send(cast.generate_keys(fake.at, zone, ("inbox", "aes-256", ("encrypt",))))
    old = (made.results["keys"][0]["id"], "inbox")
    wider = cast.rotate_keys(fake.at, zone, (old, "inbox v2", "aes-256", ("decrypt", "encrypt")))
    fake.start()
    assert fake.send(wider).code == "other-usages"
    same = fake.send(cast.rotate_keys(fake.at, zone, (old, "inbox v2", "aes-256", ("encrypt",))))
    assert same.outcome == "done"
    old = (same.results["keys"][0]["id"], "inbox v2")
    wider = cast.rotate_keys(fake.at, zone, (old, "inbox v3", "aes-256", ("decrypt", "encrypt")))
    assert fake.send(wider).code == "other-usages"


def test_a_node_knows_what_keys_may_do_that_came_to_it(make_site, cast, zone):
    """As copies, with the zone, and out of a backup."""
    trio = Trio(make_site, cast, zone)
    making = trio.generating(*KEYS)
    assert making.carry().outcome == "done"
    usages = {label: usages for label, _, usages in KEYS}
    for site in trio.sites:
        site.start()
        known = {key.label: key.usages for key in site.facts.holdings.keys_of(PAYMENTS.id)}
        assert known == usages
    trio.cluster.beat()
    first = trio.sites[0]
    backup = back_up(first, cast, zone)
    destroy(first, cast, zone, backup, *usages)
    assert (
        give(
            first, restore_backup(cast, first.at, zone, backup, dict.fromkeys(usages, "create")), backup
        ).outcome
        == "done"
    )
    first.start()
    assert {key.label: key.usages for key in first.facts.holdings.keys_of(PAYMENTS.id)} == usages


def test_of_keys_whose_usages_were_not_noted_only_what_people_sign_is_asked(fake, cast, zone):
    """A journal of before has not what its copies may do."""
    [(old, *_), _] = generate(fake, cast, zone)
    fake.facts.holdings.add_key(Key(old[0], old[1], PAYMENTS.id, "ec-p256"))
    receipt = fake.send(cast.rotate_keys(fake.at, zone, (old, "pair v2", "ec-p256", ("sign",))))
    assert receipt.outcome == "done"


def test_a_destroyed_key_and_one_of_another_zone_are_not_replaced(fake, cast, zone):
    [(old, *what), _] = generate(fake, cast, zone)
    assert fake.send(cast.destroy_keys(fake.at, zone, old)).outcome == "done"
    assert fake.send(cast.rotate_keys(fake.at, zone, (old, "pair v2", *what))).code == "no-such-key"


def test_what_breaks_off_is_finished_once(fake, cast, zone):
    old = generate(fake, cast, zone)
    fail_at(fake, "generate_key", DriverDied("it died"), after=1)
    warrant = cast.rotate_keys(fake.at, zone, *successors(old))
    receipt = fake.send(warrant)
    assert receipt.outcome == "done"
    assert set(stored(fake)) == {"pair", "secret", "pair v2", "secret v2"}
    assert fake.send(warrant).results == receipt.results


def test_as_many_as_one_proposal_names_fit_into_it_and_into_the_receipt(fake, cast, zone):
    """With labels that take most room: 80 letters of four bytes each."""
    kind, old = ("ec-p256", ("sign",)), []
    labels = [f"{number:03}{'😀' * 77}" for number in range(MOST_AT_ONCE)]
    for start in range(0, MOST_AT_ONCE, 50):
        wanted = [(label, *kind) for label in labels[start : start + 50]]
        made = fake.send(cast.generate_keys(fake.at, zone, *wanted)).results["keys"]
        old += [((key["id"], key["label"]), f"{key['label'][:-3]} v2", *kind) for key in made]
    receipt = fake.send(cast.rotate_keys(fake.at, zone, *old))
    assert (receipt.outcome, len(receipt.results["keys"])) == ("done", MOST_AT_ONCE)
    receipt = fake.send(cast.destroy_keys(fake.at, zone, *(replaced for replaced, *_ in old)))
    assert (receipt.outcome, len(fake.facts.holdings.keys_of(PAYMENTS.id))) == ("done", MOST_AT_ONCE)
