"""A recovery whose other side this node does not pin: its charters are walked as they come along."""

from contextlib import nullcontext

import pytest

from hsmnodes.node.agent.chains import candidate, walk
from hsmnodes.node.agent.links import Chain as Pinned
from hsmnodes.node.agent.links import OfferedLink
from hsmnodes.node.agent.sides import check_sides
from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.protocol.documents import AuthorityKind, Role
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.recovery import replaced_before
from tests.cast.charters import Chain, make_charter
from tests.cast.people import (
    ADA,
    IVO,
    JON,
    KIM,
    LUMEN,
    LUMEN_PEOPLE,
    NORTHGATE,
    OLGA,
    PROVIDER_PEOPLE,
    Member,
)
from tests.cast.signing import DAY
from tests.hsmnodes.node.agent.test_recovering import WEEK, shown
from tests.hsmnodes.node.protocol.amending import in_order
from tests.hsmnodes.node.protocol.recovering import recover, recovery_with

PROVIDER = (AuthorityKind.PROVIDER, NORTHGATE.id)
LARS = Member("Lars", NORTHGATE, (Role.SECURITY_OFFICER,))
QUIN = Member("Quin", LUMEN, (Role.AUDITOR,))
MARA = Member("Mara", LUMEN, (Role.SECURITY_OFFICER,))


def slow_rules() -> tuple:
    """Lumen Health's amendments wait for three days."""
    rules = default_rules(AuthorityKind.CUSTOMER)
    return tuple(
        one.model_copy(update={"delay": 3 * DAY}) if one.operation == "charter.amend/v1" else one
        for one in rules
    )


@pytest.fixture
def lumen(cast) -> Chain:
    people = (*LUMEN_PEOPLE, QUIN)
    charter = make_charter(AuthorityKind.CUSTOMER, LUMEN, people, now=cast.now, rules=slow_rules())
    return Chain.founded(charter, people)


@pytest.fixture
def site(make_site, cast, lumen):
    """A node of Northgate, whose recovery takes Lumen Health; Lumen Health has no service on it."""
    clause = recovery_with(lumen.current)
    charter = make_charter(AuthorityKind.PROVIDER, NORTHGATE, PROVIDER_PEOPLE, now=cast.now, recovery=clause)
    cast.northgate = Chain.founded(charter, PROVIDER_PEOPLE)
    return make_site(cast=cast).enrolled()


def recovered(cast, lumen: Chain, approvers=(JON, IVO, OLGA, LARS), **changes) -> Chain:
    """Kim has lost his token, and Lars comes."""
    provider = cast.northgate
    staying = [one.person() for one in PROVIDER_PEOPLE if one != KIM]
    new = provider.next_version(people=in_order([*staying, LARS.person()]))
    link = recover(
        new,
        chain=provider,
        others=(lumen,),
        requester=ADA,
        approvers=approvers,
        newcomers=(LARS,),
        now=cast.now,
        **changes,
    )
    return Chain(provider.members, [*provider.charters, new], [*provider.links, link])


def replace_olga(lumen: Chain, now: int) -> None:
    people = [one for one in lumen.current.people if one.id != OLGA.id]
    lumen.amend(
        requester=QUIN,
        approvers=(IVO, OLGA, MARA),
        newcomers=(MARA,),
        now=now,
        people=in_order([*people, MARA.person()]),
    )


def version(site) -> int:
    return site.facts.chains[PROVIDER].current.version


def test_it_is_announced_and_taken(site, cast, lumen):
    chain = recovered(cast, lumen)
    assert shown(site, chain) == "delayed"
    site.clock.now += WEEK
    assert (shown(site, chain), version(site)) == (None, 2)


def test_by_an_amendment_whose_delay_is_over_it_is_too(site, cast, lumen):
    replace_olga(lumen, cast.now - 3 * DAY)
    chain = recovered(cast, lumen, (JON, IVO, MARA, LARS))
    assert shown(site, chain) == "delayed"
    assert len(site.facts.announced) == 1


def test_not_by_an_amendment_whose_delay_is_not_over(site, cast, lumen):
    replace_olga(lumen, cast.now - 2 * DAY)
    chain = recovered(cast, lumen, (JON, IVO, MARA, LARS))
    assert shown(site, chain) == "delayed"
    assert site.facts.announced == {}


def test_nor_by_one_that_is_not_to_be_in_force_yet(site, cast, lumen):
    replace_olga(lumen, cast.now + DAY)
    chain = recovered(cast, lumen, (JON, IVO, MARA, LARS))
    assert shown(site, chain) == "too-early"
    assert site.facts.announced == {}


def test_nor_by_a_charter_that_has_expired(site, cast, lumen):
    lumen.amend(
        requester=QUIN,
        approvers=(IVO, OLGA),
        now=cast.now - 3 * DAY,
        valid_until=cast.now + DAY,
    )
    chain = recovered(cast, lumen, not_before=cast.now, expires_at=cast.now + 3 * DAY)
    site.clock.now += DAY
    assert shown(site, chain) == "side-expired"
    assert site.facts.announced == {}


@pytest.mark.parametrize(
    ("what", "code"), [("closed", "closed"), ("suspended", "not-authorised-old"), ("", None)]
)
def test_nor_by_one_that_was_cancelled_or_signed_with_a_suspended_token(cast, lumen, site, what, code):
    replace_olga(lumen, cast.now - 3 * DAY)
    one = OfferedLink.read(recovered(cast, lumen, (JON, IVO, MARA, LARS)).links[-1].raw)
    amendment = OfferedLink.read(lumen.links[-1].raw).amendment()
    found = check(
        one,
        cast.now,
        closed={amendment.sha256} if what == "closed" else (),
        suspended={OLGA.key.credential_id} if what == "suspended" else (),
    )
    assert found == code


@pytest.mark.parametrize(
    ("what", "code"), [("closed", "closed"), ("suspended", "not-authorised-old"), ("", None)]
)
def test_nor_is_a_chain_with_such_a_one_pinned(cast, lumen, site, what, code):
    replace_olga(lumen, cast.now - 3 * DAY)
    provider = recovered(cast, lumen, (JON, IVO, MARA, LARS))
    amendment = OfferedLink.read(lumen.links[-1].raw).amendment()
    founding = provider.charters[0]
    with nullcontext() if code is None else pytest.raises(Refused, check=lambda one: one.code == code):
        chain = candidate(
            [OfferedLink.read(link.raw) for link in provider.links],
            PROVIDER,
            anchor=founding.sha256,
            deployment=founding.deployment,
            demo=founding.demo,
            now=cast.now + WEEK,
            known={},
            closed={amendment.sha256} if what == "closed" else (),
            suspended=lambda _charter: {OLGA.key.credential_id} if what == "suspended" else (),
        )
        assert chain.charters == tuple(provider.charters)


def test_whom_the_other_side_has_suspended_does_not_consent_for_it(cast, lumen, site):
    links = [OfferedLink.read(link.raw) for link in recovered(cast, lumen).links]
    pinned = {PROVIDER: Pinned((cast.northgate.current,), (links[0].raw,))}

    def judged(suspended) -> list[str]:
        return [one.code for one in walk(pinned, links[1:], (), now=cast.now, suspended=suspended).refused]

    assert judged(lambda _charter: ()) == ["delayed"]
    of_lumen = {IVO.key.credential_id}
    assert judged(lambda charter: of_lumen if charter.authority.id == LUMEN.id else ()) == [
        "not-authorised-old"
    ]


@pytest.mark.parametrize(("seconds", "is_replaced"), [(-1, False), (0, True)])
@pytest.mark.parametrize("delay", [0, 3 * DAY])
def test_a_side_is_replaced_once_its_amendment_is_too_late_to_sign_and_has_waited(
    cast, lumen, delay, seconds, is_replaced
):
    replace_olga(lumen, cast.now)
    rules = slow_rules() if delay else default_rules(AuthorityKind.CUSTOMER)
    before = lumen.charters[0].model_copy(update={"rules": rules})
    following = OfferedLink.read(lumen.links[-1].raw).amendment()
    proposal = OfferedLink.read(recovered(cast, lumen).links[-1].raw).amendment()
    begins = following.expires_at + delay + seconds
    later = proposal.model_copy(update={"not_before": begins, "expires_at": begins + DAY})
    assert replaced_before(before, following, later) is is_replaced


def check(one: OfferedLink, now: int, *, closed, suspended) -> str | None:
    """The code of what speaks against the other side of a recovery."""
    try:
        check_sides({}, one, closed=closed, now=now, suspended=lambda _charter: suspended)
    except Refused as refused:
        return refused.code
    return None
