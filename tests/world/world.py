"""The cast's deployment in the console's database: everything made and signed over the real functions."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from hsmnodes import ceremonies
from hsmnodes.models import Attachment, Ceremony, Contribution, HeldShare, Node
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.contributions import contributed_context
from hsmnodes.node.protocol.documents import CancellationStatement, RejectionStatement, Role
from hsmnodes.node.protocol.documents.signatures import Signer
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.sealing import seal
from tenants import charter_drafts, charters, drafting, tokens, workflow
from tenants.charter_drafts import Duty
from tenants.identifiers import new_id
from tenants.models import (
    CharterVersion,
    Deployment,
    Organisation,
    Person,
    Proposal,
    Service,
    TrustZone,
)
from tests.cast import people
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, LEA, Member, make_id
from tests.world.custody import Custody, open_share
from tests.world.nodes import NodeOfWorld

MEMBERS = {member.id: member for member in (*people.EVERYONE, *people.MANAGERS_FOR_OTHERS)}


class World:
    """Northgate with its customers Meridian Bank and Lumen Health, founded; and what the cast does in it."""

    def __init__(self) -> None:
        Deployment.objects.create(id=make_id("deployment"), demo=True)
        self._custody: dict[str, Custody] = {}
        self.northgate = self._organisation(people.NORTHGATE, people.PROVIDER_PEOPLE)
        self.meridian = self._organisation(people.MERIDIAN, people.CUSTOMER_PEOPLE, self.northgate)
        self.lumen = self._organisation(people.LUMEN, people.LUMEN_PEOPLE, self.northgate)

    # -------------------------------------------------------------- people

    def _organisation(
        self, named: Any, members: Sequence[Member], provider: Organisation | None = None
    ) -> Organisation:
        organisation = Organisation.objects.create(
            id=named.id, name=named.name, kind="customer" if provider else "provider", provider=provider
        )
        for member in members:
            person = Person.objects.create(id=member.id, organisation=organisation, name=member.name)
            tokens.enrol_token(person=person, token=member.key.token(), invitation=None)
        duties = [Duty(self.person(member), member.roles) for member in members]
        charter = charter_drafts.draft_founding(organisation=organisation, duties=duties, by=duties[0].person)
        self.sign_charter(charter)
        return organisation

    def person(self, member: Member) -> Person:
        """The member's row."""
        return Person.objects.select_related("organisation__provider").get(pk=member.id)

    def sign_charter(self, charter: CharterVersion) -> None:
        """Everyone whose token the charter still waits for signs it."""
        for one in charters.unsigned(charter):
            member = MEMBERS[one.person]
            key = member.key if member.key.credential_id == one.token.credential_id else member.second_key
            charters.sign_charter(
                charter=charter,
                person=self.person(member),
                assertion=key.sign(Purpose.FOUND, bytes(charter.raw)),
            )

    # -------------------------------------------------------------- proposals

    def draft(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        by: Member,
        nodes: Sequence[NodeOfWorld] = (),
        **more: Any,
    ) -> Proposal:
        """A draft for `by` to propose."""
        document = drafting.build_proposal(
            operation=operation,
            parameters=parameters,
            requester=self.person(by),
            reason="As agreed in the meeting of Monday.",
            nodes=[node.row.at() for node in nodes],
            **more,
        )
        return workflow.save_draft(document=document, requester=self.person(by))

    def propose(self, operation: str, parameters: Mapping[str, Any], *, by: Member, **more: Any) -> Proposal:
        """A proposal by `by`."""
        return self.sign_draft(self.draft(operation, parameters, by=by, **more), by)

    def sign_draft(self, draft: Proposal, by: Member) -> Proposal:
        """The proposal that a draft becomes when `by` signs it."""
        signed = by.key.sign(Purpose.PROPOSE, bytes(draft.raw))
        return workflow.propose(proposal=draft, person=self.person(by), assertion=signed)

    def approve(self, proposal: Proposal, *members: Member) -> Proposal:
        """The members approve, one after the other."""
        for member in members:
            proposal = workflow.approve(
                proposal=proposal,
                person=self.person(member),
                assertion=member.key.sign(Purpose.APPROVE, bytes(proposal.raw)),
            )
        return proposal

    def reject(self, proposal: Proposal, member: Member) -> Proposal:
        """The member rejects."""
        statement = RejectionStatement(**self._statement(proposal, member)).raw
        return workflow.reject(
            proposal=proposal,
            person=self.person(member),
            statement=statement,
            assertion=member.key.sign(Purpose.REJECT, statement),
        )

    def cancel(self, proposal: Proposal, member: Member) -> Proposal:
        """The member cancels."""
        statement = CancellationStatement(**self._statement(proposal, member)).raw
        return workflow.cancel(
            proposal=proposal,
            person=self.person(member),
            statement=statement,
            assertion=member.key.sign(Purpose.CANCEL, statement),
        )

    def _statement(self, proposal: Proposal, member: Member) -> dict[str, Any]:
        return {
            "deployment": make_id("deployment"),
            "proposal": proposal.id,
            "proposal_hash": proposal.hash,
            "person": Signer(id=member.id, name=member.name),
            "reason": "It is not what we agreed.",
            "at": int(time.time()),
        }

    # -------------------------------------------------------------- the story

    def node(self, name: str = "ams-1", *, enrolled: bool = True) -> NodeOfWorld:
        """A node of Northgate with a software identity key and an endpoint; Cleo, Ada and Ben enrol it."""
        node = NodeOfWorld.register(name, by=self.person(CLEO))
        Node.objects.filter(pk=node.id).update(serves_applications=True)
        if enrolled:
            proposal = self.approve(self.propose_enrolment(node), ADA, BEN)
            node.answer(proposal, results={"identity": node.row.identity_hash})
        return node

    def propose_enrolment(self, node: NodeOfWorld) -> Proposal:
        """Cleo proposes to enrol a node."""
        return self.propose("node.enrol/v1", node.enrolment, by=CLEO, nodes=[node])

    def propose_service(
        self, node: NodeOfWorld, *, name: str = "Payments service", mode: str = "shared"
    ) -> Proposal:
        """Cleo proposes to start a service for Meridian Bank."""
        return self._start(node, {"id": new_id(), "name": name}, mode)

    def _start(self, node: NodeOfWorld, service: dict[str, str], mode: str) -> Proposal:
        parameters = {
            "service": service,
            "mode": mode,
            "customer": {"id": self.meridian.id, "name": self.meridian.name},
            "customer_founding": charters.anchor_of(self.meridian.id),
        }
        return self.propose("service.start/v1", parameters, by=CLEO, nodes=[node])

    def service(self, node: NodeOfWorld, **more: Any) -> Service:
        """The service, started on `node`."""
        proposal = self.approve(self.propose_service(node, **more), ADA, BEN, GUS, LEA)
        node.answer(proposal)
        return Service.objects.get(pk=proposal.document.parameters["service"]["id"])

    def place(self, service: Service, node: NodeOfWorld) -> None:
        """The service, started on a further node."""
        proposal = self._start(node, service.named().model_dump(), service.mode)
        node.answer(self.approve(proposal, ADA, BEN, GUS, LEA))

    def make_share_key(self, member: Member, *, kept: str = "token") -> None:
        """The member makes a share key with the first token."""
        made = member.key.share_key(member, deployment=make_id("deployment"), kept=kept)
        tokens.keep_share_key(person=self.person(member), share_key=made)

    def draft_zone(
        self,
        service: Service,
        *,
        name: str = "Payments",
        roles: tuple[Role, ...] = (Role.KEY_MANAGER,),
        members: Sequence[Member] = (),
        **more: Any,
    ) -> CharterVersion:
        """A zone whose founders are Dina, Emil and Fay, each with `roles`, or `members`; not signed yet."""
        founders = members or [one.with_roles(*roles) for one in people.ZONE_PEOPLE]
        return charter_drafts.draft_zone(
            service=service,
            name=name,
            controller=more.pop("controller", "customer"),
            duties=[Duty(self.person(member), member.roles) for member in founders],
            by=self.person(founders[0]),
            **more,
        )

    def propose_zone(self, charter: CharterVersion) -> Proposal:
        """Dina proposes to found the zone of a charter."""
        zone = charter.zone
        parameters = {
            "zone": {"id": zone.id, "name": zone.name},
            "service": {"id": zone.service.id, "name": zone.service.name},
            "controller": zone.controller,
            "charter": charter.hash,
        }
        return self.propose("zone.found/v1", parameters, by=DINA)

    def zone(self, service: Service, *, name: str = "Payments", **more: Any) -> TrustZone:
        """The zone, founded."""
        charter = self.draft_zone(service, name=name, **more)
        self.sign_charter(charter)
        self.approve(self.propose_zone(charter), GUS, LEA)
        return TrustZone.objects.get(pk=charter.zone_id)

    def propose_slot(self, zone: TrustZone, node: NodeOfWorld, *, name: str = "Slot 1") -> Proposal:
        """Cleo proposes a slot for the zone."""
        parameters = {
            "slot": {"id": new_id(), "name": name},
            "zone": {"id": zone.id, "name": zone.name},
            "service": {"id": zone.service.id, "name": zone.service.name},
            "zone_charter": charters.anchor_of(zone.id),
            "backup_key": zone.kind_of_backup_key,
        }
        return self.propose("slot.create/v1", parameters, by=CLEO, nodes=[node])

    def slot(
        self,
        zone: TrustZone,
        node: NodeOfWorld,
        *,
        name: str = "Slot 1",
        for_zone: Sequence[Member] = (DINA, EMIL),
    ) -> Proposal:
        """The slot, made; returns the proposal it was made by."""
        proposal = self.approve(self.propose_slot(zone, node, name=name), ADA, BEN, *for_zone)
        node.answer(
            proposal, results={"backup_key": {"kind": zone.kind_of_backup_key, "epoch": 1, "kcv": "a1b2c3"}}
        )
        return Proposal.objects.get(pk=proposal.pk)

    def ready_zone(self, node: NodeOfWorld) -> TrustZone:
        """A founded zone with its slot on `node`."""
        zone = self.zone(self.service(node))
        self.slot(zone, node)
        return zone

    def zone_of_custodians(
        self,
        service: Service,
        *,
        name: str = "Payments",
        kept: tuple[str, str, str] = ("token", "token", "token"),
    ) -> TrustZone:
        """A zone whose key managers are its custodians, too; their share keys are kept so."""
        for member, how in zip(people.ZONE_PEOPLE, kept, strict=True):
            self.make_share_key(member, kept=how)
        return self.zone(service, name=name, roles=(Role.CUSTODIAN, Role.KEY_MANAGER))

    def propose_shares(
        self, zone: TrustZone, node: NodeOfWorld, *holders: Member, share_set: int = 1, threshold: int = 2
    ) -> Proposal:
        """Dina proposes to split the zone's backup key among `holders` (or all three key managers)."""
        people_of_zone = holders or people.ZONE_PEOPLE
        parameters = {
            "zone": {"id": zone.id, "name": zone.name},
            "epoch": 1,
            "share_set": share_set,
            "threshold": threshold,
            "custodians": [one.holder for one in people_of_zone],
        }
        tag = "backup-key.share/v1" if share_set == 1 else "backup-key.reshare/v1"
        return self.propose(tag, parameters, by=DINA, nodes=[node])

    def shares(self, zone: TrustZone, node: NodeOfWorld, *holders: Member, **more: Any) -> Proposal:
        """The shares, made; returns the proposal they were made by."""
        proposal = self.approve(self.propose_shares(zone, node, *holders, **more), EMIL, FAY)
        results, boxes = self.custody(node).split(proposal)
        node.answer(proposal, results=results, attachments=boxes)
        return Proposal.objects.get(pk=proposal.pk)

    def propose_rotation(
        self, zone: TrustZone, node: NodeOfWorld, *, epoch: int = 2, share_set: int = 2
    ) -> Proposal:
        """Dina proposes to rotate the zone's backup key, and to split the new one among all key managers."""
        parameters = {
            "zone": {"id": zone.id, "name": zone.name},
            "epoch": epoch,
            "share_set": share_set,
            "threshold": 2,
            "custodians": [one.holder for one in people.ZONE_PEOPLE],
            "retired_kcv": "a1b2c3",
        }
        return self.propose("backup-key.rotate/v1", parameters, by=DINA, nodes=[node])

    def rotation(self, zone: TrustZone, node: NodeOfWorld, **more: Any) -> Proposal:
        """The backup key, rotated; returns the proposal it was rotated by."""
        proposal = self.approve(self.propose_rotation(zone, node, **more), EMIL, FAY)
        results, beside = self.custody(node).rotate(proposal)
        node.answer(proposal, results=results, attachments=beside)
        return Proposal.objects.get(pk=proposal.pk)

    def custody(self, node: NodeOfWorld) -> Custody:
        """The backup keys of a node."""
        return self._custody.setdefault(node.id, Custody(node))

    def propose_drill(
        self, zone: TrustZone, node: NodeOfWorld, *, shares: int = 2, share_set: int = 1
    ) -> Proposal:
        """Dina proposes a drill."""
        parameters = {
            "zone": {"id": zone.id, "name": zone.name},
            "epoch": 1,
            "share_set": share_set,
            "shares": shares,
        }
        return self.propose("backup-key.drill/v1", parameters, by=DINA, nodes=[node])

    def drill(self, zone: TrustZone, node: NodeOfWorld, **more: Any) -> Proposal:
        """The drill, authorised, and the node's question for shares."""
        proposal = self.approve(self.propose_drill(zone, node, **more), EMIL, FAY)
        self.custody(node).ask(proposal)
        return Proposal.objects.get(pk=proposal.pk)

    def give_share(self, drill: Proposal, member: Member, **changes: Any) -> Contribution:
        """The member gives their share to the ceremony, as the desk does; `changes` are to what is sealed."""
        ceremony = Ceremony.objects.get(pk=drill.pk)
        given = ceremonies.draft_contribution(ceremony=ceremony, person=self.person(member))
        held = HeldShare.objects.get(
            share_set__zone=drill.zone, share_set__number=given.share_set, index=given.index
        )
        box = Attachment.objects.get(sha256=held.sealed_sha256)
        share = open_share(member, bytes(box.data), held.share_set, given.index)
        return ceremonies.contribute(
            ceremony=ceremony,
            person=self.person(member),
            document=given.raw,
            assertion=member.key.sign(Purpose.CONTRIBUTE, given.raw),
            sealed=seal(
                share.model_copy(update=changes).raw,
                canonical.b64u_decode(ceremony.document().public_key),
                contributed_context(given),
            ),
        )

    def propose_key(
        self, zone: TrustZone, node: NodeOfWorld, *, label: str = "card-signing", by: Member = DINA
    ) -> Proposal:
        """Dina (or `by`) proposes a P-256 key."""
        parameters = {
            "zone": {"id": zone.id, "name": zone.name},
            "keys": [{"label": label, "algorithm": "ec-p256", "usages": ["sign"]}],
        }
        return self.propose("key.generate/v1", parameters, by=by, nodes=[node])

    def key(self, zone: TrustZone, node: NodeOfWorld, *, label: str = "card-signing") -> Proposal:
        """The key, made; returns the proposal it was made by."""
        proposal = self.approve(self.propose_key(zone, node, label=label), EMIL, FAY)
        node.answer(proposal, results=node.key_results(proposal))
        return Proposal.objects.get(pk=proposal.pk)
