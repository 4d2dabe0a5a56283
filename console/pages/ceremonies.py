"""A ceremony: who is asked for a share, who has given it, and what each does next; and its transcript."""

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from console.pages.evidence import download
from console.pages.offers import may_ask_again
from console.pages.shell import is_seen, nothing_new, page, version_of
from console.sessions import person_required
from hsmnodes import ceremonies
from hsmnodes.access import visible_ceremonies
from hsmnodes.models import Ceremony, Contribution, ContributionOutcome, Receipt
from hsmnodes.node.protocol import canonical, documents
from hsmnodes.node.protocol.documents.ceremonies import Holder
from hsmnodes.transcripts import transcript_of
from tenants import access
from tenants.models import Person, Token

ACCEPTED, REFUSED, SENT = ContributionOutcome.ACCEPTED, ContributionOutcome.REFUSED, ContributionOutcome.SENT


@dataclass(frozen=True)
class Seat:
    """One custodian's share in a ceremony: `kind` is how the seat is drawn, `given` what they gave last."""

    holder: Holder
    kind: str
    token: str
    mine: bool
    given: Contribution | None


class CeremonyView:
    """A ceremony as `viewer` sees it."""

    def __init__(self, ceremony: Ceremony, viewer: Person) -> None:
        self.ceremony, self.viewer, self.proposal = ceremony, viewer, ceremony.proposal

    @cached_property
    def document(self) -> documents.Ceremony:
        return self.ceremony.document()

    @cached_property
    def contributions(self) -> list[Contribution]:
        return list(self.ceremony.contributions.select_related("person"))

    @cached_property
    def is_open(self) -> bool:
        return ceremonies.is_open(self.ceremony)

    @cached_property
    def mine(self) -> Holder | None:
        """The share that the viewer can give now."""
        return ceremonies.may_contribute(self.ceremony, self.viewer)

    @cached_property
    def refused(self) -> list[Contribution]:
        return [one for one in self.contributions if one.outcome == REFUSED]

    @property
    def accepted(self) -> int:
        return sum(one.outcome == ACCEPTED for one in self.contributions)

    @property
    def missing(self) -> int:
        """How many shares are still to be given."""
        return max(self.document.asked - sum(one.outcome != REFUSED for one in self.contributions), 0)

    @cached_property
    def seats(self) -> list[Seat]:
        credentials = [one.credential_id for one in self.document.holders]
        labels = dict(
            Token.objects.filter(credential_id__in=credentials).values_list("credential_id", "label")
        )
        return [self._seat(one, labels.get(one.credential_id, "")) for one in self.document.holders]

    @cached_property
    def receipt(self) -> Receipt | None:
        return self.proposal.receipts.select_related("node").order_by("-id").first()

    @cached_property
    def is_live(self) -> bool:
        return self.proposal.is_running

    @cached_property
    def may_ask_again(self) -> bool:
        return may_ask_again(self.proposal, self.viewer)

    @property
    def version(self) -> str:
        """The mark of what is shown now."""
        return version_of(
            self.proposal.state,
            [(one.hash, one.outcome) for one in self.contributions],
            self.is_open,
            self.receipt and self.receipt.hash,
        )

    def _seat(self, holder: Holder, label: str) -> Seat:
        mine = self.viewer.id == holder.custodian.id and self.mine is not None
        given = [one for one in self.contributions if one.index == holder.index]
        last = given[-1] if given else None
        if last is not None and last.outcome == ACCEPTED:
            kind = "taken"
        elif (self.is_open and self.missing) or (last is not None and last.outcome == SENT):
            kind = "firm"
        else:
            kind = "light"
        return Seat(holder, kind, label or _("a token that is not known here"), mine, last)


def find(request: HttpRequest, key: str) -> Ceremony:
    """The ceremony for a proposal, if the person may see it."""
    found = visible_ceremonies(request.person).select_related("proposal__requester", "node", "zone")
    return access.get_visible(found, key)


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The whole page."""
    view = CeremonyView(find(request, key), request.person)
    return page(request, "console/ceremonies/ceremony.html", "zones", view=view)


@require_GET
@person_required
def live(request: HttpRequest, key: str) -> HttpResponse:
    """The parts that move while somebody looks."""
    view = CeremonyView(find(request, key), request.person)
    if is_seen(request, view.version):
        return nothing_new()
    return render(request, "console/ceremonies/live.html", {"view": view})


@require_GET
@person_required
def transcript(request: HttpRequest, key: str) -> HttpResponse:
    """Everything that was signed, to be verified without Quorate's servers."""
    ceremony = find(request, key)
    return download(canonical.encode(transcript_of(ceremony)), f"ceremony-{ceremony.pk}.json")


@require_GET
@person_required
def printable(request: HttpRequest, key: str) -> HttpResponse:
    """The transcript on paper."""
    view = CeremonyView(find(request, key), request.person)
    return page(request, "console/ceremonies/transcript.html", "zones", view=view)
