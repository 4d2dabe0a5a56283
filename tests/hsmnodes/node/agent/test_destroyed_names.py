"""A label is given once in a zone, on every node of it: a further node is told what was destroyed before."""

import pytest

from hsmnodes.node.operations.holdings import Key
from hsmnodes.node.operations.zone import arriving
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.deployment import PAYMENTS
from tests.cast.people import CUSTODIANS, make_id
from tests.hsmnodes.node.agent.moving import Pair, has_zone
from tests.hsmnodes.node.agent.rotating import stated_key


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture
def pair(make_site, cast, zone):
    """ams-1 has the zone, and of three keys has destroyed the first, cards."""
    pair = Pair(make_site, cast, zone)
    pair.gone = {"id": pair.made[0]["id"], "label": "cards"}
    doomed = cast.destroy_keys(pair.first.at, zone, (pair.gone["id"], "cards"))
    assert pair.first.send(doomed).outcome == "done"
    return pair


def lie(pair, extending, destroyed):
    """What ams-1 sends, with something else said of what was destroyed."""
    sent = extending.receipt(1)
    results = {name: value for name, value in sent.results.items() if name != "destroyed"}
    if destroyed is not None:
        results["destroyed"] = destroyed
    signed = pair.first.node.parts.identity.sign(
        Purpose.RECEIPT, sent.model_copy(update={"results": results})
    )
    return extending.take(2, receipts=(extending.said[0].envelope, signed))


def test_a_label_that_was_destroyed_before_is_not_given_on_a_further_node(pair, cast, zone):
    assert pair.extending().carry().outcome == "done"
    pair.second.start()
    pair.cluster.beat()
    warrant = cast.generate_keys(pair.second.at, zone, ("CARDS", "ec-p256", ("sign",)))
    assert pair.second.send(warrant).code == "name-in-use"
    assert pair.second.facts.holdings.destroyed_keys_of(PAYMENTS.id) == [
        Key(pair.gone["id"], "cards", PAYMENTS.id, algorithm="", destroyed=True)
    ]
    assert pair.second.facts.holdings.living_keys == 2


def test_nor_on_one_that_it_goes_to_from_there(pair, cast, zone):
    """It is withdrawn from the node where the key was, which is told again when it comes back."""
    assert pair.extending().carry().outcome == "done"
    assert pair.withdrawing().carry().outcome == "done"
    known = pair.first.facts.holdings
    assert [key.label for key in known.destroyed_keys_of(PAYMENTS.id)] == ["cards"]
    assert known.living_keys == 0
    pair.first, pair.second = pair.second, pair.first
    changes = {"slot": {"id": make_id("Slot 9"), "name": "Slot 9"}, **stated_key(pair.first, zone)}
    back = pair.extending(**changes)
    assert back.carry().outcome == "done"
    assert back.receipt(2).results["destroyed"] == [pair.gone]


@pytest.mark.parametrize(
    ("destroyed", "code"),
    [
        (lambda pair: None, "missing-field"),
        (lambda pair: [{"id": pair.made[1]["id"], "label": "other"}], "other-key"),
        (lambda pair: [{"id": make_id("other"), "label": "Archive"}], "other-key"),
        (lambda pair: [{"id": make_id("foreign"), "label": "other"}], "other-zone"),
    ],
    ids=["nothing said", "a key that arrives", "a label that arrives", "a key of another zone"],
)
def test_a_sender_that_contradicts_itself_is_refused(pair, zone, destroyed, code):
    pair.second.facts.holdings.add_key(
        Key(make_id("foreign"), "theirs", make_id("zone of others"), "ec-p256")
    )
    extending = pair.extending()
    assert [extending.take(step).outcome for step in (0, 1)] == ["done", "done"]
    receipt = lie(pair, extending, destroyed(pair))
    assert (receipt.outcome, receipt.code) == ("refused", code)
    assert not has_zone(pair.second, zone)
    assert extending.take(2).outcome == "done"


def test_more_than_a_receipt_has_room_for_is_refused(pair, monkeypatch):
    """And so there is no further node that does not know of all of them."""
    told = len("cards") + arriving.TOLD_OF_DESTROYED
    room = sum(len(key["label"]) + arriving.TOLD_BESIDE_LABEL for key in pair.made[1:])
    monkeypatch.setattr(arriving, "LONGEST_TOLD", room + told - 1)
    extending = pair.extending()
    assert [extending.take(step).code for step in (0, 1)] == [None, "too-many"]
    monkeypatch.setattr(arriving, "LONGEST_TOLD", room + told)
    monkeypatch.setattr(arriving, "MOST_DESTROYED", 0)
    assert extending.take(1).code == "too-many"
    monkeypatch.setattr(arriving, "MOST_DESTROYED", 1)
    assert extending.take(1).outcome == "done"


def test_what_is_told_of_a_key_takes_no_more_than_it_is_counted_for():
    longest = {
        "id": "0" * 32,
        "label": "",
        "algorithm": "rsa-4096",
        "kcv": "000000",
        "proposal": "0" * 32,
        "usages": ["decrypt", "encrypt", "sign"],
    }
    gone = arriving.described_destroyed([Key("0" * 32, "", "", "")])[0]
    assert len(canonical.encode(longest)) + 1 <= arriving.TOLD_BESIDE_LABEL
    assert len(canonical.encode(gone)) + 1 <= arriving.TOLD_OF_DESTROYED
