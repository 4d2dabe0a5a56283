"""The picture of M of N for one proposal: who sits, which seats are empty, who could take one."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from console.pages import wording
from hsmnodes.node.protocol.documents import Person as CharterPerson
from hsmnodes.node.protocol.quorum import ClauseVerdict
from tenants import charters, tags
from tenants.models import Person, Proposal
from tenants.verdicts import Standing


@dataclass(frozen=True)
class Seat:
    """One seat. `kind` is taken, firm (must be taken), light (others could sign) or apart (requester)."""

    kind: str
    name: str = ""
    token: str = ""
    simulated: bool = False
    at: datetime | None = None
    mine: bool = False
    may: str = ""


@dataclass(frozen=True)
class SeatRow:
    """The seats of one clause."""

    authority: str
    asks: str
    m: int
    seats: tuple[Seat, ...]

    @property
    def taken(self) -> int:
        """How many seats are taken."""
        return sum(seat.kind == "taken" for seat in self.seats)

    @property
    def spare(self) -> int:
        """How many more people could sign than have to."""
        return sum(seat.kind == "light" for seat in self.seats)


@dataclass(frozen=True)
class Few:
    """The seats of a proposal in a list: how many are taken of how many."""

    taken: int
    m: int
    spare: int = 0


def few(proposal: Proposal) -> list[Few]:
    """The small picture for a list, from the columns alone."""
    return [Few(min(proposal.seats_filled, proposal.seats), proposal.seats)]


def seat_rows(proposal: Proposal, standing: Standing, viewer: Person) -> list[SeatRow]:
    """A row of seats for every clause of a proposal, as `viewer` is to see it.

    Where there are alternatives, of the one that lacks least.
    """
    when = _when(proposal)
    people = _people(proposal)
    mine = viewer.id in standing.wanted and proposal.is_open
    signed = set(proposal.approvals.values_list("person_id", flat=True))
    rows = []
    for clause in standing.clauses:
        offered = mine and viewer.id in clause.eligible and viewer.id not in signed
        row = _row(clause, people, when, viewer if offered else None, closed=proposal.is_final)
        rows.append(_with_requester(_of_version(row, clause, proposal), clause, proposal))
        mine = mine and not (offered and clause.missing)
    return rows


def _of_version(row: SeatRow, clause: ClauseVerdict, proposal: Proposal) -> SeatRow:
    """The row; where the next version of a charter asks too, it says so."""
    if proposal.operation not in tags.CHANGE_CHARTERS:
        return row
    if clause.charter.sha256 != proposal.document.parameters["charter"]:
        return row
    said = _("%(name)s, as its version %(n)d asks") % {"name": row.authority, "n": clause.charter.version}
    return replace(row, authority=said)


def other_rows(proposal: Proposal, standing: Standing) -> list[list[SeatRow]]:
    """The rows of seats of the other alternatives."""
    when, people = _when(proposal), _people(proposal)
    return [[_row(clause, people, when, None, closed=True) for clause in way] for way in standing.others]


def _when(proposal: Proposal) -> dict[str, datetime]:
    """When each token approved, by its credential id."""
    return {one.token.credential_id: one.at for one in proposal.approvals.select_related("token")}


def _row(
    clause: ClauseVerdict,
    people: dict[str, CharterPerson],
    when: dict[str, datetime],
    viewer: Person | None,
    *,
    closed: bool,
) -> SeatRow:
    seated = {signer.person.id for signer in clause.seated}
    could = [people[one].name for one in clause.eligible if one in people and one not in seated]
    taken = [
        Seat(
            "taken",
            signer.person.name,
            signer.token.label,
            signer.token.simulated,
            when.get(signer.token.credential_id),
        )
        for signer in clause.seated
    ]
    may = wording.names(could)
    firm = [
        Seat("firm", mine=viewer is not None and place == 0, may="" if closed else may)
        for place in range(clause.missing)
    ]
    light = [Seat("light", may=may)] * max(0, len(could) - clause.missing)
    return SeatRow(
        _("for %(name)s") % {"name": clause.authority.name},
        _asks(clause, len(clause.eligible)),
        clause.clause.m,
        (*taken, *firm, *light),
    )


def _asks(clause: ClauseVerdict, holders: int) -> str:
    return _("%(m)d of %(n)d %(who)s") % {
        "m": clause.clause.m,
        "n": holders,
        "who": wording.clause_holders(clause.clause, holders),
    }


def _with_requester(row: SeatRow, clause: ClauseVerdict, proposal: Proposal) -> SeatRow:
    """The row with the requester's seat set apart, if the clause asks for people like the requester."""
    hashes = [one.hash for one in proposal.document.authorities if one.id == clause.authority.id]
    requester = proposal.requester_id
    if not any(requester in charter.eligible(clause.clause) for charter in charters.by_hash(hashes)):
        return row
    apart = Seat("apart", proposal.document.requester.name)
    return replace(row, asks=_asks(clause, len(clause.eligible) + 1), seats=(*row.seats, apart))


def _people(proposal: Proposal) -> dict[str, CharterPerson]:
    known = charters.by_hash(authority.hash for authority in proposal.document.authorities)
    return {one.id: one for charter in known for one in charter.people}
