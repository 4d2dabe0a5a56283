"""At most once: a warrant's proposal and step are carried out once, whatever is delivered how often."""

from tests.cast.people import DINA, EMIL, FAY
from tests.cast.signing import DAY, changed, make_warrant
from tests.hsmnodes.node.agent.making import carrying
from tests.hsmnodes.node.agent.test_refusals import proposed


def test_a_repeated_warrant_gets_the_very_same_receipt_and_does_nothing(site, cast, zone):
    message = carrying(cast.generate_keys(site.at, zone))
    first = site.deliver(message).said
    acts, voice, head = site.pool.acts, site.pool.calls["sign_identity"], site.head
    for _ in range(5):
        assert site.deliver(message).said == first
    assert (site.pool.acts, site.pool.calls["sign_identity"], site.head) == (acts, voice, head)


def test_so_it_is_after_a_start_and_after_it_has_expired(site, cast, zone):
    message = carrying(cast.generate_keys(site.at, zone))
    first = site.deliver(message).said
    site.start()
    assert site.deliver(message).said == first
    site.clock.now += 10 * DAY
    assert site.deliver(message).said == first


def test_so_it_is_with_other_signatures_on_the_same_proposal(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    first = site.deliver(carrying(good)).said
    assert site.deliver(carrying(make_warrant(proposed(good), DINA, (FAY, EMIL)))).said == first
    assert site.deliver(carrying(make_warrant(proposed(good), DINA, ()))).said == first


def test_the_same_id_with_other_bytes_is_refused(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    site.send(good)
    other = make_warrant(changed(proposed(good), reason="Once more."), DINA, (EMIL, FAY))
    receipt = site.send(other)
    assert (receipt.outcome, receipt.code) == ("refused", "other-bytes")
    assert len(site.facts.holdings.keys) == 1


def test_the_clock_does_not_go_back_so_what_has_expired_stays_expired(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    site.clock.now += 3 * DAY
    assert site.send(good).code == "expired"
    site.node.heartbeat()
    site.clock.now -= 3 * DAY
    site.start()
    assert site.send(good).code == "expired"
