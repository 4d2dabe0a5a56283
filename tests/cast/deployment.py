"""The whole deployment of the cast: three authorities, and the warrants of the story they live through."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind, Named, NodeAt, Proposal, Warrant, ZoneTerms
from tests.cast import people
from tests.cast.charters import Chain, make_charter
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, LEA, Member, named
from tests.cast.signing import make_proposal, make_warrant

AMSTERDAM, FRANKFURT = named("Amsterdam"), named("Frankfurt")
PAYMENTS, PAYMENTS_SERVICE, PAYMENTS_SLOT = named("Payments"), named("Payments service"), named("Slot 1")


@dataclass(frozen=True)
class NodeOfCast:
    """A node: its id and name, and its identity key's point (65 bytes)."""

    node: Named
    identity: bytes
    data_centre: Named = AMSTERDAM

    @property
    def at(self) -> NodeAt:
        """How a proposal names it."""
        return NodeAt(id=self.node.id, name=self.node.name, identity=canonical.sha256_hex(self.identity))


def _provider(now: int) -> Chain:
    members = people.PROVIDER_PEOPLE
    return Chain.founded(make_charter(AuthorityKind.PROVIDER, people.NORTHGATE, members, now=now), members)


def _customer(customer: Named, members: Sequence[Member], now: int) -> Chain:
    return Chain.founded(make_charter(AuthorityKind.CUSTOMER, customer, members, now=now), members)


@dataclass
class Deployment:
    """Northgate, Meridian Bank and Lumen Health, founded at `now`; its methods make their warrants."""

    now: int = field(default_factory=lambda: int(time.time()))

    def __post_init__(self):
        self.northgate = _provider(self.now)
        self.meridian = _customer(people.MERIDIAN, people.CUSTOMER_PEOPLE, self.now)
        self.lumen = _customer(people.LUMEN, people.LUMEN_PEOPLE, self.now)

    def zone(
        self,
        zone: Named = PAYMENTS,
        *,
        service: Named = PAYMENTS_SERVICE,
        members: Sequence[Member] = people.ZONE_PEOPLE,
        customer: Named = people.MERIDIAN,
        controller: str = "customer",
        **changes: Any,
    ) -> Chain:
        """A zone, founded by its members."""
        terms = ZoneTerms(
            service=service, provider=people.NORTHGATE, customer=customer, controller=controller
        )
        charter = make_charter(AuthorityKind.ZONE, zone, members, now=self.now, zone=terms, **changes)
        return Chain.founded(charter, members)

    def propose(
        self, operation: str, parameters: dict[str, Any], chains: Sequence[Chain], nodes, requester, **changes
    ) -> Proposal:
        """A proposal under the current charters of `chains`."""
        return make_proposal(
            operation,
            parameters,
            authorities=[chain.at for chain in chains],
            nodes=[node.at for node in nodes],
            requester=requester,
            now=self.now,
            **changes,
        )

    def enrol(self, node: NodeOfCast) -> Warrant:
        """Cleo proposes to enrol a node; Ada and Ben approve."""
        parameters = {
            "node": node.node.model_dump(),
            "data_centre": node.data_centre.model_dump(),
            "identity": canonical.b64u(node.identity),
            "module": "SoftHSM2",
        }
        proposal = self.propose("node.enrol/v1", parameters, [self.northgate], [node], CLEO)
        return make_warrant(proposal, CLEO, (ADA, BEN))

    def start_service(
        self,
        node: NodeOfCast,
        *,
        service: Named = PAYMENTS_SERVICE,
        mode: str = "shared",
        customer: Chain | None = None,
        officers: Sequence[Member] = (GUS, LEA),
    ) -> Warrant:
        """Cleo proposes a service; Ada and Ben approve for Northgate, the officers for the customer."""
        chain = customer or self.meridian
        authority = chain.current.authority
        parameters = {
            "service": service.model_dump(),
            "mode": mode,
            "customer": {"id": authority.id, "name": authority.name},
            "customer_founding": chain.anchor,
        }
        proposal = self.propose("service.start/v1", parameters, [self.northgate, chain], [node], CLEO)
        return make_warrant(proposal, CLEO, (ADA, BEN, *officers))

    def found_zone(self, zone: Chain, *, requester: Member = DINA, officers=(GUS, LEA)) -> Warrant:
        """Dina proposes to found a zone; Gus and Lea approve."""
        charter = zone.charters[0]
        customer = self.meridian if charter.zone.customer == people.MERIDIAN else self.lumen
        parameters = {
            "zone": {"id": charter.authority.id, "name": charter.authority.name},
            "service": charter.zone.service.model_dump(),
            "controller": charter.zone.controller,
            "charter": zone.anchor,
        }
        proposal = self.propose("zone.found/v1", parameters, [customer], [], requester)
        return make_warrant(proposal, requester, officers)

    def create_slot(
        self,
        node: NodeOfCast,
        zone: Chain,
        founding: Warrant | None = None,
        *,
        slot: Named = PAYMENTS_SLOT,
        backup_key: str = "TBK",
        managers: Sequence[Member] = (DINA, EMIL),
    ) -> Warrant:
        """Cleo proposes a slot; Ada and Ben approve for Northgate, two key managers for the zone."""
        charter = zone.charters[0]
        parameters = {
            "slot": slot.model_dump(),
            "zone": {"id": charter.authority.id, "name": charter.authority.name},
            "service": charter.zone.service.model_dump(),
            "zone_charter": zone.anchor,
            "backup_key": backup_key,
        }
        evidence = (founding or self.found_zone(zone)).raw
        proposal = self.propose("slot.create/v1", parameters, [self.northgate, zone], [node], CLEO)
        return make_warrant(proposal, CLEO, (ADA, BEN, *managers), evidence=[evidence])

    def generate_keys(
        self,
        node: NodeOfCast,
        zone: Chain,
        *keys: tuple[str, str, Sequence[str]],
        others: Sequence[NodeOfCast] = (),
        **changes: Any,
    ) -> Warrant:
        """Dina proposes keys, each (label, algorithm, usages); Emil and Fay approve. `others` copy them."""
        wanted = keys or (("card-signing", "ec-p256", ("sign",)),)
        parameters = {
            "zone": _named(zone),
            "keys": [
                {"label": label, "algorithm": algorithm, "usages": sorted(usages)}
                for label, algorithm, usages in wanted
            ],
        }
        proposal = self.propose("key.generate/v1", parameters, [zone], [node, *others], DINA, **changes)
        return make_warrant(proposal, DINA, (EMIL, FAY))

    def destroy_keys(
        self, node: NodeOfCast, zone: Chain, *keys: tuple[str, str], others: Sequence[NodeOfCast] = ()
    ) -> Warrant:
        """Dina proposes to destroy keys, each (id, label); Emil and Fay approve."""
        parameters = {"zone": _named(zone), "keys": [{"id": key, "label": label} for key, label in keys]}
        proposal = self.propose("key.destroy/v1", parameters, [zone], [node, *others], DINA)
        return make_warrant(proposal, DINA, (EMIL, FAY))

    def rotate_keys(
        self,
        node: NodeOfCast,
        zone: Chain,
        *keys: tuple[tuple[str, str], str, str, Sequence[str]],
        others: Sequence[NodeOfCast] = (),
    ) -> Warrant:
        """Dina proposes new keys: ((id, label), new label, algorithm, usages) each; Emil and Fay approve."""
        parameters = {
            "zone": _named(zone),
            "keys": [
                {
                    "label": label,
                    "algorithm": algorithm,
                    "usages": sorted(usages),
                    "replaces": {"id": old[0], "name": old[1]},
                }
                for old, label, algorithm, usages in keys
            ],
        }
        proposal = self.propose("key.rotate/v1", parameters, [zone], [node, *others], DINA)
        return make_warrant(proposal, DINA, (EMIL, FAY))

    def share_backup_key(
        self,
        node: NodeOfCast,
        zone: Chain,
        holders: Sequence[Member] = people.CUSTODIANS,
        *,
        threshold: int = 2,
        share_set: int = 1,
        others: Sequence[NodeOfCast] = (),
        **changes: Any,
    ) -> Warrant:
        """Dina proposes to split the backup key (anew, if it is not set 1); Emil and Fay approve."""
        parameters = {
            "zone": _named(zone),
            "epoch": 1,
            "share_set": share_set,
            "threshold": threshold,
            "custodians": [one.holder for one in holders],
        }
        tag = "backup-key.share/v1" if share_set == 1 else "backup-key.reshare/v1"
        proposal = self.propose(tag, parameters | changes, [zone], [node, *others], DINA)
        return make_warrant(proposal, DINA, (EMIL, FAY))

    def rotate_backup_key(
        self,
        node: NodeOfCast,
        zone: Chain,
        holders: Sequence[Member] = people.CUSTODIANS,
        *,
        retired_kcv: str,
        epoch: int = 2,
        threshold: int = 2,
        share_set: int = 2,
        others: Sequence[NodeOfCast] = (),
        **changes: Any,
    ) -> Warrant:
        """Dina proposes to rotate the backup key whose check value is `retired_kcv`; Emil and Fay approve."""
        parameters = {
            "zone": _named(zone),
            "epoch": epoch,
            "share_set": share_set,
            "threshold": threshold,
            "custodians": [one.holder for one in holders],
            "retired_kcv": retired_kcv,
        }
        nodes = [node, *others]
        proposal = self.propose("backup-key.rotate/v1", parameters | changes, [zone], nodes, DINA)
        return make_warrant(proposal, DINA, (EMIL, FAY))

    def hold_drill(
        self, node: NodeOfCast, zone: Chain, *, shares: int = 2, share_set: int = 1, **changes: Any
    ) -> Warrant:
        """Dina proposes a drill; Emil and Fay approve."""
        parameters = {"zone": _named(zone), "epoch": 1, "share_set": share_set, "shares": shares}
        proposal = self.propose("backup-key.drill/v1", parameters | changes, [zone], [node], DINA)
        return make_warrant(proposal, DINA, (EMIL, FAY))

    def export_log(self, node: NodeOfCast, first: int = 1, last: int = 1) -> Warrant:
        """Cleo proposes to export entries of the journal; Ada approves."""
        parameters = {"node": node.node.model_dump(), "from_sequence": first, "to_sequence": last}
        proposal = self.propose("node.export-log/v1", parameters, [self.northgate], [node], CLEO)
        return make_warrant(proposal, CLEO, (ADA,))


def _named(zone: Chain) -> dict[str, str]:
    authority = zone.current.authority
    return {"id": authority.id, "name": authority.name}
