"""Proposals: exact bytes, and what lists need of them in columns."""

from functools import cached_property

from django.db import models
from django.db.models import Q

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion
from hsmnodes.node.protocol.documents import Proposal as ProposalDocument
from tenants import clock
from tenants.models.fields import NAME_MAX, HashField, IdField
from tenants.models.organisation import Organisation
from tenants.models.person import Person
from tenants.models.program import Program
from tenants.models.zone import TrustZone


class State(models.TextChoices):
    """The life of a proposal; only tenants/workflow.py and tenants/execution.py move it on."""

    DRAFT = "draft", "Draft"
    PROPOSED = "proposed", "Waiting for signatures"
    AUTHORISED = "authorised", "Authorised"
    SENT = "sent", "Sent"
    DELAYED = "delayed", "Waiting out its delay"
    EXECUTING = "executing", "Executing"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused by the node"
    FAILED = "failed", "Failed"
    INDETERMINATE = "indeterminate", "Indeterminate"
    REJECTED = "rejected", "Rejected"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


OPEN_STATES = (State.DRAFT, State.PROPOSED)
RUNNING_STATES = (State.AUTHORISED, State.SENT, State.DELAYED, State.EXECUTING)
NOT_AGREED = "not-agreed"
FINAL_STATES = tuple(state for state in State if state not in (*OPEN_STATES, *RUNNING_STATES))


class Proposal(models.Model):
    """A proposal. `raw` is what is signed; every other column only repeats or describes it.

    `provider` and `customer` are the organisations it concerns, by which it is seen. `due_at` is when a delay
    that it waits for is over, as nodes say, or the console where no node acts.
    """

    id = IdField()
    raw = models.BinaryField()
    hash = HashField(unique=True)
    request = models.BinaryField(default=b"")  # the requester's assertion, in canonical JSON
    warrant = models.BinaryField(default=b"")  # the warrant as it was when the last signature came
    state = models.CharField(max_length=13, choices=State, default=State.DRAFT)
    operation = models.CharField(max_length=80)
    sentence = models.TextField()
    reason = models.CharField(max_length=500)
    requester = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="proposals")
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, null=True, blank=True, related_name="drafts"
    )
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    zone = models.ForeignKey(
        TrustZone, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals"
    )
    node = models.CharField(max_length=32, blank=True)
    node_name = models.CharField(max_length=NAME_MAX, blank=True)
    seats = models.PositiveSmallIntegerField(default=0)
    seats_filled = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    proposed_at = models.DateTimeField(null=True, blank=True)
    authorised_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    code = models.CharField(max_length=80, blank=True)
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["provider", "-created_at", "-id"], name="proposals_of_provider"),
            models.Index(fields=["customer", "-created_at", "-id"], name="proposals_of_customer"),
            models.Index(fields=["provider", "state", "-created_at", "-id"], name="provider_by_state"),
            models.Index(fields=["customer", "state", "-created_at", "-id"], name="customer_by_state"),
            models.Index(fields=["provider", "operation", "-created_at", "-id"], name="provider_by_op"),
            models.Index(fields=["customer", "operation", "-created_at", "-id"], name="customer_by_op"),
            models.Index(fields=["requester", "-created_at", "-id"], name="proposals_of_requester"),
            models.Index(fields=["zone", "-created_at", "-id"], name="proposals_of_zone"),
            models.Index(fields=["node", "-created_at", "-id"], name="proposals_of_node"),
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=["draft", "proposed"]),
                name="proposals_that_can_expire",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft") | Q(proposed_at__isnull=False) | Q(state="expired"),
                name="what_is_proposed_says_when",
            ),
        ]

    def __str__(self) -> str:
        return self.sentence

    @cached_property
    def document(self) -> ProposalDocument:
        """The proposal itself."""
        return ProposalDocument.from_bytes(bytes(self.raw))

    @property
    def request_assertion(self) -> Assertion | None:
        """The requester's signature, or None while it is a draft."""
        if not self.request:
            return None
        return Assertion.model_validate(canonical.decode(bytes(self.request)))

    @property
    def is_open(self) -> bool:
        """Whether it can still be signed."""
        return self.state == State.PROPOSED

    @property
    def is_running(self) -> bool:
        """Whether it is authorised and its outcome is not known yet."""
        return self.state in RUNNING_STATES

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL_STATES

    @property
    def waits_for_agreement(self) -> bool:
        """Whether an HSM refused it until a zone has agreed; in its time it is asked again when that has."""
        return self.state == State.REFUSED and self.code == NOT_AGREED and clock.now() < self.expires_at


class Waiting(models.Model):
    """A person whose signature an open proposal can still use: the inbox, kept by the workflow."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="waiting")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="inbox")
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["person", "-since", "-id"], name="inbox_of_person")]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "person"], name="a_person_is_asked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.proposal}"
