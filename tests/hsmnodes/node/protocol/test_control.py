"""A zone is controlled by the side that its charter names, and control changes hands by both."""

import pytest

from hsmnodes.node.protocol.charters import verify_amendment, verify_chain
from hsmnodes.node.protocol.errors import Refused
from tests.cast.charters import DEPLOYMENT
from tests.hsmnodes.node.protocol.controlling import (
    CONTROLLED,
    HANDED_OVER,
    NOT_HANDED_OVER,
    OUT_OF_CONTROL,
)


def walk(chain, *more):
    return verify_chain([*chain.links, *more], anchor=chain.anchor, deployment=DEPLOYMENT, demo=True)


@pytest.mark.parametrize("make", CONTROLLED.values(), ids=CONTROLLED.keys())
def test_a_zone_is_founded_when(make):
    chain = make()
    assert walk(chain) == (chain.current,)


@pytest.mark.parametrize(("make", "code"), OUT_OF_CONTROL.values(), ids=OUT_OF_CONTROL.keys())
def test_a_zone_is_not_founded_when(make, code):
    with pytest.raises(Refused) as refusal:
        walk(make())
    assert (refusal.value.code, bool(refusal.value.message)) == (code, True)


@pytest.mark.parametrize("make", HANDED_OVER.values(), ids=HANDED_OVER.keys())
def test_control_changes_hands(make):
    chain, link = make()
    before, after = walk(chain, link)
    assert (before.zone.controller, after.zone.controller) in {
        ("customer", "provider"),
        ("provider", "customer"),
    }


@pytest.mark.parametrize(("make", "code"), NOT_HANDED_OVER.values(), ids=NOT_HANDED_OVER.keys())
def test_control_stays_where_it_is_when(make, code):
    chain, link = make()
    with pytest.raises(Refused) as refusal:
        verify_amendment(chain.current, link)
    assert (refusal.value.code, bool(refusal.value.message)) == (code, True)
    assert walk(chain)[-1].zone == chain.current.zone
