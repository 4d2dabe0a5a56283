"""A warrant is all or nothing: with any one bit of it flipped it authorises nothing."""

import pytest

from hsmnodes.node.protocol.documents import Proposal, Warrant
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.quorum import Consent, Signatures, evaluate
from tests.cast.people import DINA, EMIL, FAY, ZONE_PEOPLE
from tests.cast.signing import make_warrant
from tests.hsmnodes.node.protocol.making import GENERATE, NOW, make_charter, make_proposal, rule

CHARTER = make_charter(ZONE_PEOPLE, rule(GENERATE, (2, "key-manager")))
CONSENT = Consent((CHARTER.authority.kind,))


def authorises(data: bytes) -> bool:
    """Whether a node would act on these bytes: parse, then count."""
    try:
        warrant = Warrant.from_bytes(data)
        proposal = Proposal.from_bytes(warrant.proposal_bytes)
    except Refused:
        return False
    return evaluate((CHARTER,), proposal, Signatures.of(warrant), consent=CONSENT, now=NOW).authorised


@pytest.fixture(scope="module")
def good() -> bytes:
    """A warrant with three signatures, by ES256 and EdDSA: one requests, two approve, none to spare."""
    return make_warrant(make_proposal(CHARTER, requester=DINA), DINA, [EMIL, FAY]).raw


@pytest.mark.parametrize("bit", range(8))
def test_no_bit_of_a_warrant_can_be_flipped(good, bit):
    assert authorises(good)
    for place in range(len(good)):
        flipped = bytearray(good)
        flipped[place] ^= 1 << bit
        assert not authorises(bytes(flipped)), place


def test_no_byte_of_a_warrant_can_be_left_out_doubled_or_added(good):
    for place in range(len(good)):
        rest = good[place:]
        assert not authorises(good[:place] + rest[1:]), place
        assert not authorises(good[:place] + rest[:1] + rest), place
    assert not authorises(good + b" ")


def test_a_warrant_cannot_be_cut_short(good):
    assert not any(authorises(good[:length]) for length in range(len(good)))
