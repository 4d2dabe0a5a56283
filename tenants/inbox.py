"""The inbox: whom an open proposal still waits for. Kept by the workflow, so that lists need not count."""

from tenants.models import Person, Proposal, Waiting
from tenants.notices import kinds, occasions
from tenants.verdicts import Standing


def refresh(proposal: Proposal, standing: Standing) -> None:
    """Let the proposal wait for just those whose signature it can still use."""
    signed = set(proposal.approvals.values_list("person_id", flat=True))
    wanted = standing.wanted - signed - {proposal.requester_id}
    Waiting.objects.filter(proposal=proposal).exclude(person__in=wanted).delete()
    asked = proposal.waiting.values("person")
    new = list(Person.objects.filter(pk__in=wanted).exclude(pk__in=asked))
    if not new:
        return
    Waiting.objects.bulk_create(
        [Waiting(proposal=proposal, person=person, since=proposal.proposed_at) for person in new],
        ignore_conflicts=True,
    )
    _tell(proposal)


def _tell(proposal: Proposal) -> None:
    """Have those told for whom it waits now, and who have not been."""
    occasions.note(
        key=kinds.waiting_key(proposal.pk),
        event=kinds.PROPOSAL_WAITING,
        summary=proposal.sentence,
        subject=("proposal", proposal.pk),
        provider=proposal.provider_id,
        customer=proposal.customer_id or "",
        again=True,
    )


def clear(proposal: Proposal) -> None:
    """Let the proposal wait for nobody."""
    Waiting.objects.filter(proposal=proposal).delete()


def waiting_ids(person: Person) -> list[str]:
    """The ids of the proposals that wait for a person's signature.

    A list, not a query within one: a database that orders by age would else walk all proposals to find them.
    """
    return list(person.inbox.values_list("proposal_id", flat=True))
