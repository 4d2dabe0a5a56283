"""Who stops a proposal by a rejection or cancellation, and who does not."""

from types import SimpleNamespace

import pytest

from hsmnodes.node.protocol.closing import find_closing
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Role
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, HANA, LEA, NORTHGATE
from tests.cast.signing import cancel, reject
from tests.hsmnodes.node.protocol.amending import alias
from tests.hsmnodes.node.protocol.making import GENERATE, NOW, make_charter, make_proposal, rule

PEOPLE = (DINA, EMIL, FAY, GUS, LEA, HANA)
BANK = make_charter(PEOPLE, rule(GENERATE, (2, "key-manager")))
PROVIDER = make_charter(
    (ADA, BEN, CLEO),
    rule(GENERATE, (2, "hsm-administrator")),
    kind=AuthorityKind.PROVIDER,
    authority=NORTHGATE,
)
PROPOSAL = make_proposal(BANK, PROVIDER, requester=LEA)


def closed_by(signer, *, how=cancel, of: Charter | None = None, requester=LEA, proposal=PROPOSAL):
    """The name of whose statement closes the proposal, or None."""
    charters = [BANK, PROVIDER]
    clauses = [(one, clause) for one in charters for clause in one.rule(GENERATE).clauses]
    statement = how(proposal, signer, at=NOW)
    stops = SimpleNamespace(
        rejections=(statement,) if how is reject else (), cancellations=(statement,) if how is cancel else ()
    )
    person = None if requester is None else requester.person()
    found = find_closing(charters, clauses, PROPOSAL, stops, person, anybody_of=of)
    return None if found is None else (found.kind, found.person)


@pytest.mark.parametrize("how", [cancel, reject])
def test_who_could_sign_for_either_side_stops_it(how):
    kind = "cancelled" if how is cancel else "rejected"
    for signer in (DINA, FAY, ADA, BEN):
        assert closed_by(signer, how=how) == (kind, signer.name)


def test_who_requested_it_stops_it_without_a_seat():
    assert closed_by(LEA) == ("cancelled", "Lea")


@pytest.mark.parametrize("signer", [GUS, HANA, LEA])
def test_who_has_no_seat_does_not_stop_it(signer):
    assert closed_by(signer, requester=None) is None


def test_where_everybody_of_a_charter_may_stop_it_that_is_nobody_of_another():
    assert closed_by(HANA, of=BANK) == ("cancelled", "Hana")
    assert closed_by(HANA, of=PROVIDER) is None


def test_a_seat_is_of_the_charter_in_which_the_signer_has_it():
    """Ada's duty in her own charter is none in another that says the same role of somebody else."""
    auditor = HANA.with_roles(Role.AUDITOR)
    assert closed_by(auditor) is None
    assert closed_by(ADA, requester=None) == ("cancelled", "Ada")


def test_a_statement_in_anothers_name_stops_nothing():
    assert closed_by(alias(GUS, "Dina"), requester=None) is None
    assert closed_by(alias(DINA, "Emil"), requester=None) is None


def test_a_statement_about_another_proposal_stops_nothing():
    assert closed_by(DINA, proposal=make_proposal(BANK, PROVIDER, requester=LEA, reason="Another.")) is None
